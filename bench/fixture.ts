import { createHash } from 'node:crypto'
import {
  constants,
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import type { PostgresLocation } from '../server/src/db/location.ts'
import { migrateDatabase, type DatabaseLocation } from '../server/src/db/open.ts'
import { atDatabase } from './postgres-place.ts'
import { generateDirectory, shape, type Generated } from './generate.ts'
import { fillLimitStore } from './fill-limit-store.ts'
import type { LimitLocation } from './limit-store.ts'

/** What is remembered of a generated directory. */
interface Kept extends Generated {
  /** Null without a limit server. */
  readonly pendingDocument: string | null
}

export interface FixtureWish {
  readonly users: number
  /** Null means SQLite. */
  readonly postgres: PostgresLocation | null
  /** Whether the limit server's documents are wanted, too. */
  readonly withLimit: boolean
}

/** A directory for one run: changed as it pleases, removed afterwards. */
export interface Fixture extends Kept {
  readonly folder: string
  readonly location: DatabaseLocation
  readonly limit: LimitLocation
  readonly wasReused: boolean
  remove(): Promise<void>
}

type Say = (sentence: string) => void

const root = fileURLToPath(new URL('..', import.meta.url))
const home = join(tmpdir(), 'muster-bench')

/** What the generated data are made by: when one of these changes, a directory kept from an earlier run is stale. */
const makers = [
  'bench/{generate,directory-rows,names,random,bulk-sqlite,bulk-postgres,fill-limit-store,limit-store}.ts',
  'server/src/db/migrations/*.ts',
  'server/src/db/dialects/sqlite.ts',
  'server/src/audit-chain/*-rules.ts',
  'server/src/users/{users.wire,user-documents.wire,users.queries}.ts',
]

/** Generates a directory, or takes the one an earlier run with the same parameters left, and copies it for this run. */
export async function openFixture(wish: FixtureWish, say: Say): Promise<Fixture> {
  const key = fixtureKey(wish)
  const folder = join(home, `run-${wish.users}-${process.pid}`)
  removeLeftovers()
  return wish.postgres === null
    ? openSqliteFixture(wish, { key, folder, say })
    : openPostgresFixture(wish.postgres, wish, { key, folder, say })
}

/** Of runs that were killed. */
function removeLeftovers(): void {
  for (const folder of globSync(['run-*', '*-making-*'], { cwd: home })) {
    if (!isAlive(Number(folder.slice(folder.lastIndexOf('-') + 1))))
      rmSync(join(home, folder), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false
    throw error
  }
}

interface Place {
  readonly key: string
  readonly folder: string
  readonly say: Say
}

function fixtureKey({ users, postgres, withLimit }: FixtureWish): string {
  const hash = createHash('sha256').update(JSON.stringify({ users, shape, postgres }))
  for (const file of globSync(makers, { cwd: root }).toSorted()) hash.update(readFileSync(join(root, file)))
  return `${postgres === null ? 'sqlite' : 'postgres'}${withLimit ? '' : '_alone'}_${users}_${hash.digest('hex').slice(0, 12)}`
}

async function openSqliteFixture(wish: FixtureWish, { key, folder, say }: Place): Promise<Fixture> {
  const kept = join(home, key)
  const wasReused = existsSync(join(kept, 'generated.json'))
  if (!wasReused) {
    rmSync(kept, { recursive: true, force: true })
    const making = `${kept}-making-${process.pid}`
    mkdirSync(making, { recursive: true, mode: 0o700 })
    const location = { kind: 'sqlite', file: join(making, 'muster.db') } as const
    try {
      await make({ wish, location, limit: { kind: 'sqlite', file: join(making, 'limit.db') }, folder: making, say })
      removeStale(key)
      renameSync(making, kept)
    } finally {
      rmSync(making, { recursive: true, force: true })
    }
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const file of wish.withLimit ? ['muster.db', 'limit.db'] : ['muster.db'])
    copyFileSync(join(kept, file), join(folder, file), constants.COPYFILE_FICLONE)
  return {
    ...readKept(kept),
    folder,
    location: { kind: 'sqlite', file: join(folder, 'muster.db') },
    limit: { kind: 'sqlite', file: join(folder, 'limit.db') },
    wasReused,
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** The directory is kept as a database of its own and cloned; what belongs to it is kept in the temporary folder. */
async function openPostgresFixture(
  postgres: PostgresLocation,
  wish: FixtureWish,
  { key, folder, say }: Place,
): Promise<Fixture> {
  const url = postgres.ownerUrl ?? postgres.url
  const kept = join(home, key)
  const keptName = `muster_bench_${key}`
  const runName = `muster_bench_run_${wish.users}_${process.pid}`
  const wasReused = existsSync(join(kept, 'generated.json')) && (await databaseExists(url, keptName))
  if (!wasReused) {
    for (const name of removeStale(key)) await runSql(url, `drop database if exists muster_bench_${name}`)
    rmSync(kept, { recursive: true, force: true })
    mkdirSync(kept, { recursive: true, mode: 0o700 })
    await runSql(url, `drop database if exists ${keptName}`)
    await runSql(url, `create database ${keptName}`)
    const location = atDatabase(postgres, keptName)
    await make({ wish, location, limit: limitOf(location), folder: kept, say })
    // What autovacuum does within minutes: without it the first plans are guesses.
    await runSql(location.ownerUrl, 'vacuum (analyze)')
  }
  await runSql(url, `drop database if exists ${runName} with (force)`)
  await runSql(url, `create database ${runName} template ${keptName}`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const location = atDatabase(postgres, runName)
  return {
    ...readKept(kept),
    folder,
    location,
    limit: limitOf(location),
    wasReused,
    remove: async () => {
      rmSync(folder, { recursive: true, force: true })
      await runSql(url, `drop database if exists ${runName} with (force)`)
    },
  }
}

interface Making {
  readonly wish: FixtureWish
  readonly location: DatabaseLocation
  readonly limit: LimitLocation
  readonly folder: string
  readonly say: Say
}

/** One directory is kept for each database and number of users: a new one replaces what older code made. */
function removeStale(key: string): string[] {
  const stale = globSync(`${key.slice(0, key.lastIndexOf('_'))}_????????????`, { cwd: home }).filter(
    (name) => name !== key,
  )
  for (const name of stale) rmSync(join(home, name), { recursive: true, force: true })
  return stale
}

/** `generated.json` is written last: a directory without it is not finished. */
async function make({ wish, location, limit, folder, say }: Making): Promise<void> {
  say(`generating ${wish.users} users …`)
  const started = performance.now()
  await migrateDatabase(location)
  const generated = await generateDirectory(location, wish.users)
  say(`generated in ${seconds(started)} s.`)
  const pendingDocument = wish.withLimit
    ? await fillLimitStore({ location, limit, folder, token: generated.token, users: wish.users })
    : null
  if (wish.withLimit) say(`and read through the API for the limit server: ${seconds(started)} s in all.`)
  writeFileSync(join(folder, 'generated.json'), JSON.stringify({ ...generated, pendingDocument } satisfies Kept), {
    mode: 0o600,
  })
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1)
}

function readKept(folder: string): Kept {
  return JSON.parse(readFileSync(join(folder, 'generated.json'), 'utf8'))
}

/** The limit server's tables are nobody's but the owner's. */
function limitOf({ ownerUrl }: ReturnType<typeof atDatabase>): LimitLocation {
  return { kind: 'postgres', url: ownerUrl }
}

async function databaseExists(url: string, name: string): Promise<boolean> {
  return (await runSql(url, 'select 1 from pg_database where datname = $1', [name])).length > 0
}

/** Database names are made here, from our own words, digits and a hash. */
async function runSql(url: string, text: string, values: unknown[] = []): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(text, values)).rows
  } finally {
    await client.end()
  }
}
