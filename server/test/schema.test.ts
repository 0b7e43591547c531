import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { schemaFiles } from '../../scripts/schema.ts'
import { withMigrationHandle } from '../src/db/open.ts'
import { readTables, rows, type TableFacts } from './schema-facts.ts'
import { schemaPage } from './schema-page.ts'
import { openTestDatabase, type TestDatabase } from './test-database.ts'

/** Rows of these are found without knowing the tenant: it is what one finds out. */
const globalByDesign: readonly string[] = [
  'api_tokens_token_hash_unique',
  'invitations_token_hash_unique',
  'scim_tokens_token_hash_unique',
]
/** SQLite's search indexes name rows by number, and a log is read in its order, so these tables have one as their key there. */
const numbered: Readonly<Record<string, string>> = {
  users: 'tenant_id,id',
  groups: 'tenant_id,id',
  scim_log: 'tenant_id,seq',
}
/** One row for each tenant. */
const singular: readonly string[] = ['scim_settings']
/** Ids that are no reference: of anything at all, of what may be gone, or of nothing here. */
const freeIds: readonly string[] = [
  'api_tokens.client_id',
  'decentralized_roles.object_id',
  'events.actor_id',
  'events.actor_user_id',
  'events.credential_id',
  'events.object_id',
  'events.request_id',
  'events.subject_id',
  'external_identities.name_id',
  'invitations.inviter_id',
  'oauth_clients.client_id',
  'outbox.subject_id',
  'pending_sign_ins.user_id',
  'persona_subjects.subject_id',
  'purpose_subjects.subject_id',
  // Empty where nobody in particular asked.
  'saml_consumed.assertion_id',
  'saml_requests.session_id',
  'saml_requests.test_id',
  'saml_requests.user_id',
  'scim_groups.external_id',
  'scim_log.request_id',
  'scim_log.token_id',
  'scim_log_steps.external_id',
  'scim_log_steps.subject_id',
  'scim_tokens.creator_id',
  'scim_users.external_id',
  'sessions.connection_id',
  'sessions.name_id',
  'sso_connections.entity_id',
  'sso_tests.user_id',
]

let database: TestDatabase
let all: readonly TableFacts[]
let owned: readonly TableFacts[]

before(async () => {
  database = await openTestDatabase()
  all = await withMigrationHandle(database.location, readTables)
  owned = all.filter((table) => table.name !== 'tenants')
  console.log(`schema: ${all.length} tables, ${all.flatMap((table) => table.indexes).length} indexes`)
})

after(() => database[Symbol.asyncDispose]())

test('a freshly migrated database is what the schema page shows', async () => {
  const page = await withMigrationHandle(database.location, schemaPage)
  assert.equal(page, readFileSync(schemaFiles[database.location.kind], 'utf8'), 'the page is stale: run npm run schema')
})

test('every row of every table has a tenant, which exists', () => {
  for (const table of owned) {
    const tenant = table.columns.find((column) => column.name === 'tenant_id')
    assert.equal(tenant?.isNullable, false, table.name)
    // Directly, or through the row it belongs to.
    assert.ok(table.foreignKeys.length > 0, `${table.name} refers to no tenant`)
  }
})

test('every primary key begins with the tenant', () => {
  for (const table of owned) {
    const ownKey = numbered[table.name]
    if (database.location.kind === 'sqlite' && ownKey !== undefined) {
      assert.deepEqual(table.primaryKey, ['seq'])
      assert.ok(
        table.indexes.some((index) => index.isUnique && index.columns.join() === ownKey),
        `${table.name} (${ownKey}) is not unique`,
      )
    } else {
      assert.equal(table.primaryKey[0], 'tenant_id', table.name)
      assert.equal(table.primaryKey.length > 1, !singular.includes(table.name), table.name)
    }
  }
})

test('every index begins with the tenant, but those by which a tenant is found', () => {
  const leaders = owned.flatMap((table) =>
    table.indexes.map((index) => ({ name: index.name, first: index.columns[0] })),
  )
  assert.ok(leaders.length > 0)
  assert.deepEqual(
    leaders
      .filter((index) => index.first !== 'tenant_id')
      .map((index) => index.name)
      .toSorted(),
    globalByDesign,
  )
})

test('every foreign key carries the tenant, so that no row can belong to another tenant’s', () => {
  const names = new Set(all.map((table) => table.name))
  for (const { name, foreignKeys } of owned) {
    for (const key of foreignKeys) {
      assert.ok(names.has(key.table), `${name} refers to ${key.table}`)
      assert.equal(key.columns[0], 'tenant_id', `${name} → ${key.table}`)
      const wanted = key.table === 'tenants' ? 'id' : (numbered[key.table] ?? 'tenant_id,id')
      assert.equal(key.references.join(), wanted, `${name} → ${key.table}`)
    }
  }
})

test('every id of something else is a foreign key, but those that are named here', () => {
  const loose = owned.flatMap(({ name, columns, foreignKeys }) => {
    const bound = new Set(foreignKeys.flatMap((key) => key.columns))
    return columns
      .filter((column) => column.name.endsWith('_id') && !bound.has(column.name))
      .map((column) => `${name}.${column.name}`)
  })
  assert.deepEqual(loose.toSorted(), freeIds)
})

test('the database refuses a row without tenant, of an unknown tenant, and of another tenant’s parent', async () => {
  const insert = (values: Record<string, unknown>) =>
    database.all.engine.transact((trx) =>
      trx
        .insertInto('counters')
        .values({ name: 'x', value: 0, ...values } as never)
        .execute(),
    )
  await assert.rejects(insert({}), /null|NOT NULL/i)
  await assert.rejects(insert({ tenant_id: 'nobody' }), /foreign key/i)
  await database.all.engine.transact(async (trx) => {
    for (const id of ['one', 'two']) {
      const tenant = {
        id,
        slug: id,
        name: id,
        plan: 'standard',
        state: 'active',
        settings: '{}',
        catalogue_version: 1,
        created_at: 0,
      }
      await trx.insertInto('tenants').values(tenant).execute()
    }
    const role = {
      tenant_id: 'one',
      id: 'role',
      name: '$x',
      description: 'x',
      level: 'workspace',
      rank: 0,
      member_count: 0,
    }
    await trx.insertInto('roles').values(role).execute()
  })
  const user = {
    id: 'user',
    username: 'u',
    username_key: 'u',
    email: 'e',
    email_key: 'e',
    first_name: '',
    first_name_key: '',
    last_name: '',
    last_name_key: '',
  }
  const rest = {
    enabled: 1,
    email_verified: 0,
    source: 'local',
    workspace_role_id: 'role',
    attributes: '{}',
    created_at: 0,
  }
  const add = (tenantId: string) =>
    database.all.engine.transact((trx) =>
      trx
        .insertInto('users')
        .values({ ...user, ...rest, tenant_id: tenantId } as never)
        .execute(),
    )
  await assert.rejects(add('two'), /foreign key/i)
  await add('one')
})

test('SQLite checks types as PostgreSQL does, and text is compared by code point on both', async () => {
  await withMigrationHandle(database.location, async (db) => {
    if (database.location.kind === 'sqlite') {
      const loose = await rows(
        db,
        `select name from pragma_table_list where type = 'table' and strict = 0 and name not like 'sqlite%' and name not like 'kysely%'`,
      )
      assert.deepEqual(loose, [])
      return
    }
    const collated = await rows(
      db,
      `select table_name, column_name from information_schema.columns
        where table_schema = 'public' and table_name not like 'kysely%' and data_type = 'text' and collation_name is distinct from 'C'`,
    )
    assert.deepEqual(collated, [])
  })
})
