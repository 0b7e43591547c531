import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import path from 'node:path'
import { test } from 'node:test'
import { sql, type Kysely } from 'kysely'
import { Migrator, type Migration } from 'kysely/migration'
import { forever } from '../src/bounds/bounds.ts'
import { listMigrations, MigrationError } from '../src/db/migrate.ts'
import * as timeBounds from '../src/db/migrations/0014_time_bounds.ts'
import * as rolesAndPersonas from '../src/db/migrations/0015_roles_and_personas.ts'
import { migrateDatabase, withMigrationHandle, type DatabaseLocation } from '../src/db/open.ts'
import { hashDatabase } from './database-hash.ts'
import { rows } from './schema-facts.ts'
import { schemaPage } from './schema-page.ts'
import { openTestDatabase, type TestDatabase } from './test-database.ts'

const slow = path.join(import.meta.dirname, 'testdata/slow-migration.ts')

/** Everything one can see of a database: its schema, its rows, and which migrations it says were done. */
async function picture({ location, db }: TestDatabase): Promise<unknown[]> {
  return withMigrationHandle(location, async (handle) => [
    await schemaPage(handle),
    await hashDatabase(db),
    await listMigrations(handle),
  ])
}

test('migrating a second time does nothing', async () => {
  await using database = await openTestDatabase()
  const before = await picture(database)
  assert.deepEqual(await migrateDatabase(database.location), [])
  assert.deepEqual(await picture(database), before)
})

test('a migration that fails in the middle leaves nothing of itself, nor of those before it in the same run', async () => {
  await using database = await openTestDatabase()
  const before = await picture(database)
  const failing: Migration = {
    up: async (db) => {
      await sql`create table half_done (id text)`.execute(db)
      await sql`alter table tenants add column half_done text`.execute(db)
      await sql`update tenants set name = 'half done'`.execute(db)
      throw new Error('the middle')
    },
  }
  const first: Migration = { up: async (db) => void (await sql`create table first_step (id text)`.execute(db)) }
  const { error } = await withMigrationHandle(database.location, (db) =>
    migrateFurther(db, { '9998_first': first, '9999_failing': failing }),
  )
  assert.match(String(error), /the middle/)
  assert.deepEqual(await picture(database), before)
  assert.deepEqual(await migrateDatabase(database.location), [])
})

test('a process killed in the middle of a migration leaves nothing of it, and the next one is not held up', async () => {
  await using database = await openTestDatabase()
  const before = await picture(database)
  await killInTheMiddle(database.location)
  assert.deepEqual(await picture(database), before)
  assert.deepEqual(await migrateDatabase(database.location), [])
})

test('a database of a newer Muster is refused and left as it is', async () => {
  await using database = await openTestDatabase()
  await withMigrationHandle(database.location, (db) =>
    rows(
      db,
      `insert into kysely_migration (name, timestamp) values ('9999_of_the_future', '2030-01-01T00:00:00.000Z')`,
    ),
  )
  const readNames = () =>
    withMigrationHandle(database.location, (db) => rows(db, 'select name from kysely_migration order by name'))
  const before = [await hashDatabase(database.all), await readNames()]
  await assert.rejects(
    migrateDatabase(database.location),
    (error) => error instanceof MigrationError && /9999_of_the_future/.test(error.message),
  )
  assert.deepEqual([await hashDatabase(database.all), await readNames()], before)
})

/** Kysely's migrator on our handle, with further steps after those that were done. */
async function migrateFurther(db: Kysely<unknown>, further: Readonly<Record<string, Migration>>) {
  const done = Object.fromEntries((await listMigrations(db)).map(({ name }) => [name, { up: async () => {} }]))
  return new Migrator({ db, provider: { getMigrations: async () => ({ ...done, ...further }) } }).migrateToLatest()
}

/** Starts a migration in a process of its own, which says when it is half done and then waits for its end. */
function killInTheMiddle(location: DatabaseLocation): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', slow, JSON.stringify(location)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    child.stdout.on('data', () => child.kill('SIGKILL'))
    child.on('error', reject)
    child.on('exit', (code, signal) =>
      signal === 'SIGKILL' ? resolve() : reject(new Error(`ended by itself with ${code}`)),
    )
  })
}

test('what was there before bounds and sub-roles: memberships are for good and counted, every tenant has the sub-roles', async () => {
  await using database = await openTestDatabase()
  await withMigrationHandle(database.location, async (db) => {
    for (const statement of beforeBounds) await rows(db, statement)
    await timeBounds.up(db)
    await rolesAndPersonas.up(db)
    const ofTenants = await rows<Record<string, unknown>>(
      db,
      `select tenant_id, name, description, member_count from roles where level = 'admin-subrole' order by tenant_id, name`,
    )
    assert.deepEqual(
      ofTenants.map((row) => Object.values(row).join(' ')),
      ['one', 'two'].flatMap((tenant) => [
        `${tenant} $governance-admin Governance Admin 0`,
        `${tenant} $workflow-admin Workflow Admin 0`,
      ]),
    )
    const [member] = await rows<Record<string, unknown>>(
      db,
      'select valid_from, expires_at, is_timed from group_members',
    )
    assert.deepEqual({ ...member }, { valid_from: 0, expires_at: forever, is_timed: 0 })
    const [group] = await rows<Record<string, unknown>>(db, 'select member_count, timed_members from groups')
    assert.deepEqual({ ...group }, { member_count: 1, timed_members: 0 })
  })
})

/** Takes the two steps back, and leaves what a database of before may hold. */
const beforeBounds: readonly string[] = [
  'drop view if exists searched_users',
  'drop view if exists searched_groups',
  'drop table decentralized_roles',
  'drop table user_sub_roles',
  'drop table role_grants',
  'drop index roles_description_unique',
  'alter table users drop column has_more_roles',
  'alter table personas drop column resources',
  'alter table personas drop column attributes',
  'alter table users drop column has_time_bounds',
  'drop index groups_timed',
  'alter table groups drop column timed_members',
  'drop index group_members_timed',
  'drop index group_members_by_user',
  ...['is_timed', 'expires_at', 'valid_from'].map((column) => `alter table group_members drop column ${column}`),
  'create index group_members_by_user on group_members (tenant_id, user_id, group_id)',
  ...['one', 'two'].map(
    (id) => `insert into tenants (id, slug, name, plan, state, settings, catalogue_version, created_at)
      values ('${id}', '${id}', '${id}', 'standard', 'active', '{}', 1, 0)`,
  ),
  `insert into roles (tenant_id, id, name, description, level, rank) values ('one', 'r', '$member', 'Member', 'workspace', 1)`,
  `insert into users (tenant_id, id, username, username_key, email, email_key, first_name, first_name_key, last_name,
    last_name_key, enabled, email_verified, source, workspace_role_id, attributes, created_at)
    values ('one', 'u', 'u', 'u', 'e', 'e', '', '', '', '', 1, 1, 'local', 'r', '{}', 0)`,
  `insert into groups (tenant_id, id, name, name_key, alias, alias_key, attributes, is_default, source, member_count,
    created_at, created_by) values ('one', 'g', 'g', 'g', 'g', 'g', '{}', 0, 'local', 1, 0, 'somebody')`,
  `insert into group_members (tenant_id, group_id, user_id, source, added_at) values ('one', 'g', 'u', 'local', 0)`,
]
