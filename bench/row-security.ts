/**
 * What row level security costs a read, as ratios within one process: `node bench/row-security.ts --users 100000`, with
 * DATABASE_URL and DATABASE_OWNER_URL (it may create databases). The same statements, one at a time on one connection: by the
 * owner, whom no policy binds; by the server's role for one tenant; and by that role for two tenants in turns.
 */
import { parseArgs } from 'node:util'
import { sql } from 'kysely'
import { openDatabase } from '../server/src/db/open.ts'
import { rawRows, unnamed, type Db } from '../server/src/db/db.ts'
import { defaultLimits } from '../server/src/limits/limits.ts'
import { openFixture } from './fixture.ts'
import { readPostgres } from './postgres-place.ts'

const rounds = 9
const warmUp = 200
const otherTenant = '00000000-0000-7000-8000-000000000000'

type Read = (db: Db, tenantId: string, turn: number) => Promise<unknown>

const byId = 'select id, username, email, enabled from users where tenant_id = (select ?) and id = (select ?)'
const page =
  'select id, username, email, enabled from users where tenant_id = (select ?) order by created_at desc, id desc limit 20'

const { values } = parseArgs({ options: { users: { type: 'string', default: '100000' } } })
const postgres = readPostgres(process.env)
if (postgres === null) throw new Error('DATABASE_URL and DATABASE_OWNER_URL name the PostgreSQL to measure on')
const fixture = await openFixture({ users: Number(values.users), postgres, withLimit: false }, console.error)
const place = fixture.location
if (place.kind !== 'postgres') throw new Error('the directory is not on PostgreSQL')
const limits = { ...defaultLimits, sqlConnectionsMax: 1 }
const owner = openDatabase({ ...place, url: place.ownerUrl ?? '' }, limits)
const server = openDatabase(place, limits)
try {
  console.log(JSON.stringify({ users: fixture.people.length, ...(await measure()) }))
} finally {
  await owner.engine.close()
  await server.engine.close()
  await fixture.remove()
}

async function measure(): Promise<object> {
  const { id } = await server.selectFrom('every_tenant').select('id').executeTakeFirstOrThrow()
  const personAt = (turn: number) => fixture.people[(turn * 7_919) % fixture.people.length] ?? { id: '', email: '' }
  const search = (table: string) => (db: Db, tenantId: string, turn: number) =>
    sql`select id from ${sql.raw(table)} where users.tenant_id = ${tenantId}
      and users.email_key like ${`%${personAt(turn).email.slice(2, 14)}%`} order by users.id limit 20 ${sql.raw(unnamed)}`.execute(
      db,
    )
  const reads: Readonly<Record<string, readonly [read: Read, times: number]>> = {
    byId: [(db, tenantId, turn) => rawRows(db, byId, [tenantId, personAt(turn).id]), 2_000],
    page: [(db, tenantId) => rawRows(db, page, [tenantId]), 1_000],
    searchInTable: [search('users'), 20],
    searchInView: [search('searched_users users'), 100],
  }
  const results: Record<string, object> = {}
  for (const [name, [read, times]] of Object.entries(reads)) results[name] = await compare(read, times, id)
  return results
}

/** Medians over rounds in which each way comes once; microseconds a read. */
async function compare(read: Read, times: number, id: string): Promise<object> {
  const ways: Readonly<Record<string, (turn: number) => Promise<unknown>>> = {
    owner: (turn) => read(owner.forTenant(id), id, turn),
    oneTenant: (turn) => read(server.forTenant(id), id, turn),
    inTurns: (turn) =>
      turn % 2 === 0 ? read(server.forTenant(id), id, turn) : read(server.forTenant(otherTenant), id, turn),
  }
  const found = new Map(Object.keys(ways).map((name) => [name, [] as number[]])) // as: an empty list has no type yet
  for (const way of Object.values(ways)) for (let turn = 0; turn < Math.min(warmUp, times); turn += 1) await way(turn)
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, way] of Object.entries(ways)) {
      const from = performance.now()
      for (let turn = 0; turn < times; turn += 1) await way(turn + round)
      found.get(name)?.push(((performance.now() - from) / times) * 1000)
    }
  }
  return Object.fromEntries([...found].map(([name, all]) => [name, Math.round(median(all))]))
}

function median(all: readonly number[]): number {
  return all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0
}
