import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql } from 'kysely'
import { withMigrationHandle } from '../src/db/open.ts'
import { makeIds } from './foreign-ids.ts'
import { readTables, type TableFacts } from './schema-facts.ts'
import { startTestApp, type TestApp } from './start-test-app.ts'

type Row = Record<string, unknown>

/** The list of tenants, and what belongs to the whole installation. */
const ofNoTenant = new Set(['tenants'])

let t: TestApp
let tables: readonly TableFacts[]

before(async () => {
  t = await startTestApp()
  await makeIds(t, t.acme)
  await t.addUser('somebody')
  tables = (await withMigrationHandle(t.location, readTables)).filter(({ name }) => !ofNoTenant.has(name))
})

after(() => t[Symbol.asyncDispose]())

test('every table has a column for the tenant that cannot be left empty (V-T5)', () => {
  assert.ok(tables.length > 10)
  for (const { name, columns } of tables) {
    const column = columns.find((candidate) => candidate.name === 'tenant_id')
    assert.equal(column?.isNullable, false, name)
  }
})

test('every table leads to the list of tenants by its foreign keys, so that no row is of a tenant that does not exist (V-T5)', () => {
  for (const { name, foreignKeys } of tables) {
    const isBound = foreignKeys.some(({ columns }) => columns.includes('tenant_id'))
    assert.ok(isBound, `${name} takes rows of any tenant`)
  }
})

test('a row without a tenant, or of one that does not exist, is refused by the database itself, in every table (V-T5)', async () => {
  let filled = 0
  for (const { name, columns } of tables) {
    const { rows } = await sql<Row>`select * from ${sql.table(name)} limit 1`.execute(t.db)
    if (rows.length > 0) filled += 1
    // Of an empty table: what any column takes. That the tenant is missing is looked at before anything else.
    const row = rows[0] ?? Object.fromEntries(columns.map((column) => [column.name, 0]))
    const { tenant_id: _left, seq: _numbered, ...others } = row
    await assert.rejects(insert(name, others), /tenant_id/, `${name} takes a row of no tenant`)
    await assert.rejects(insert(name, { ...others, tenant_id: null }), /tenant_id/, `${name} takes a tenant of null`)
    await assert.rejects(insert(name, { ...others, tenant_id: 'nobody' }), `${name} takes a tenant of nobody`)
  }
  console.log(
    `tenants: ${tables.length} tables were asked to take a row of no tenant, ${filled} with a row of their own`,
  )
  assert.ok(filled > 12)
})

function insert(table: string, row: Row): Promise<unknown> {
  const columns = sql.join(Object.keys(row).map((column) => sql.ref(column)))
  const values = sql.join(Object.values(row).map((value) => sql`${value}`))
  return t.db.engine.transact((trx) =>
    sql`insert into ${sql.table(table)} (${columns}) values (${values})`.execute(trx),
  )
}
