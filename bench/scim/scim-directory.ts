import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { operatorCtx } from '../../server/src/commands/operator.ts'
import { rawRows, type Db } from '../../server/src/db/db.ts'
import { toKey } from '../../server/src/db/normal-key.ts'
import type { PostgresLocation } from '../../server/src/db/location.ts'
import { atDatabase } from '../postgres-place.ts'
import { migrateDatabase, openDatabase, type DatabaseLocation } from '../../server/src/db/open.ts'
import { profiles } from '../../server/src/scim-tokens/scim-rules.schema.ts'
import { createToken } from '../../server/src/scim-tokens/scim-tokens.service.ts'
import { resourceTypes } from '../../server/src/scim/schemas/registry.ts'
import { toValueRows } from '../../server/src/scim/users/user-record.ts'
import { createConnection } from '../../server/src/sso-connections/sso-connections.service.ts'
import { certificates } from '../../server/src/sso-connections/testdata/certificates.ts'
import { findTenantBySlug } from '../../server/src/tenants/tenants.service.ts'
import { generateDirectory, tenantSlug } from '../generate.ts'
import type { Person } from '../requests.ts'
import { insertRows } from './insert-rows.ts'

/** A directory that an identity provider keeps, of its own database. */
export interface ScimDirectory {
  readonly users: number
  readonly folder: string
  readonly location: DatabaseLocation
  /** A SCIM token. */
  readonly token: string
  readonly people: readonly Person[]
  /** Everybody is in it but those below, up to 100,000. */
  readonly largeGroup: string
  /** Nobody is in it. */
  readonly emptyGroup: string
  /** Ids of people who are in neither. */
  readonly outsiders: readonly string[]
  remove(): Promise<void>
}

const groupMax = 100_000
const batch = 5_000
/** A PATCH adds 256 of them at a time. */
const outsidersShare = 0.3
const outsidersMax = 3_000

export async function makeScimDirectory(users: number, postgres: PostgresLocation | null): Promise<ScimDirectory> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-bench-scim-'))
  const place = postgres === null ? inFolder(folder) : await inDatabase(postgres, users)
  await migrateDatabase(place.location)
  await generateDirectory(place.location, users)
  const root = openDatabase(place.location)
  try {
    const tenant = await findTenantBySlug(root, tenantSlug)
    if (tenant === undefined) throw new Error('the generated tenant is not there')
    const db = root.forTenant(tenant.id)
    const people = await rawRows<Person>(db, 'select id, email from users where tenant_id = ? order by id', [tenant.id])
    const ctx = operatorCtx(db, tenant.id)
    await createConnection(ctx, {
      alias: 'bench',
      idp: {
        entityId: 'https://idp.example.com',
        signOnUrl: 'https://idp.example.com/sso',
        certificates: [certificates.rsa],
      },
    })
    const { secret } = await createToken(ctx, { label: 'bench', access: 'all', profile: 'okta', lifetimeSeconds: null })
    await addDocuments(db, tenant.id, people)
    const [largeGroup, emptyGroup, outsiders] = await addGroups(db, tenant.id, people)
    if (place.location.kind === 'postgres') await runSql(place.location.ownerUrl ?? '', 'vacuum (analyze)')
    return {
      users,
      folder,
      location: place.location,
      token: secret,
      people,
      largeGroup,
      emptyGroup,
      outsiders,
      remove: async () => {
        await place.remove()
        rmSync(folder, { recursive: true, force: true })
      },
    }
  } finally {
    await root.engine.close()
  }
}

interface Place {
  readonly location: DatabaseLocation
  remove(): Promise<void>
}

function inFolder(folder: string): Place {
  return { location: { kind: 'sqlite', file: join(folder, 'muster.db') }, remove: async () => {} }
}

async function inDatabase(postgres: PostgresLocation, users: number): Promise<Place> {
  const name = `muster_bench_scim_${process.pid}_${users}`
  const url = postgres.ownerUrl ?? postgres.url
  await runSql(url, `create database ${name}`)
  return {
    location: atDatabase(postgres, name),
    remove: () => runSql(url, `drop database if exists ${name} with (force)`),
  }
}

/** Database names are made here, from our own words and numbers. */
async function runSql(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}

/** What SCIM keeps beside the users: an external id and a work address each, as after a sync. */
async function addDocuments(db: Db, tenantId: string, people: readonly Person[]): Promise<void> {
  const { user } = resourceTypes(profiles.okta)
  for (let start = 0; start < people.length; start += batch) {
    const part = people.slice(start, start + batch)
    const documents = part.map(({ email }) => ({ emails: [{ value: email, type: 'work', primary: true }] }))
    await db.engine.transact(async (trx) => {
      await insertRows(
        trx,
        'scim_users',
        part.map(({ id, email }, at) => ({
          tenant_id: tenantId,
          user_id: id,
          external_id: `ext-${id}`,
          display_name: email,
          display_key: toKey(email),
          has_emails: 1,
          is_active_unset: 0,
          document: JSON.stringify(documents[at]),
        })),
      )
      await insertRows(
        trx,
        'scim_values',
        part.flatMap(({ id }, at) =>
          toValueRows(documents[at] ?? {}, user).map((row) => ({
            tenant_id: tenantId,
            user_id: id,
            attribute: row.attribute,
            ordinal: row.ordinal,
            value_key: row.valueKey,
            type_key: row.typeKey,
            is_primary: row.isPrimary ? 1 : 0,
            keys: row.keys,
          })),
        ),
      )
    })
  }
}

async function addGroups(
  db: Db,
  tenantId: string,
  people: readonly Person[],
): Promise<readonly [string, string, readonly string[]]> {
  const outside = Math.min(outsidersMax, Math.floor(people.length * outsidersShare))
  const members = people.slice(outside, outside + groupMax)
  const now = Date.now()
  const row = (id: string, count: number) => ({
    tenant_id: tenantId,
    id,
    name: id,
    name_key: id,
    alias: id,
    alias_key: id,
    attributes: '{}',
    is_default: 0,
    source: 'scim',
    member_count: count,
    created_at: now,
    created_by: 'bench',
    updated_at: 0,
    updated_by: '',
    modified_at: now,
    version: 1,
    links_version: 1,
  })
  await db.engine.transact((trx) => insertRows(trx, 'groups', [row('everybody', members.length), row('nobody', 0)]))
  for (let start = 0; start < members.length; start += batch) {
    const rows = members.slice(start, start + batch).map(({ id }) => ({
      tenant_id: tenantId,
      group_id: 'everybody',
      user_id: id,
      source: 'scim',
      added_at: now,
    }))
    await db.engine.transact((trx) => insertRows(trx, 'group_members', rows))
  }
  await db.engine.transact((trx) =>
    rawRows(trx, `update counters set value = value + 2 where tenant_id = ? and name = 'groups'`, [tenantId]),
  )
  return ['everybody', 'nobody', people.slice(0, outside).map(({ id }) => id)]
}
