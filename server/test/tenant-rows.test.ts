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

test('a row without a tenant, or of one that does not exist, is refused by the database itself (V-T5)', async () => {
  let tried = 0
  for (const { name } of tables) {
    const { rows } = await sql<Row>`select * from ${sql.table(name)} limit 1`.execute(t.db)
    const [row] = rows
    if (row === undefined) continue
    tried += 1
    const { tenant_id: _left, seq: _numbered, ...others } = row
    await assert.rejects(insert(name, others), /tenant_id/, `${name} takes a row of no tenant`)
    await assert.rejects(insert(name, { ...others, tenant_id: null }), /tenant_id/, `${name} takes a tenant of null`)
  }
  console.log(`tenants: ${tried} of ${tables.length} tables were asked to take a row of no tenant`)
  assert.ok(tried > 8)
})

function insert(table: string, row: Row): Promise<unknown> {
  const columns = sql.join(Object.keys(row).map((column) => sql.ref(column)))
  const values = sql.join(Object.values(row).map((value) => sql`${value}`))
  return t.db.engine.transact((trx) =>
    sql`insert into ${sql.table(table)} (${columns}) values (${values})`.execute(trx),
  )
}
