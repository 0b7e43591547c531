import { sql } from 'kysely'
import { withMigrationHandle } from '../src/db/open.ts'
import { hashSecret, newSecret } from '../src/secrets/secrets.ts'
import { newText } from './authz-world.ts'
import { readTables, type TableFacts } from './schema-facts.ts'
import type { TestApp, TestTenant } from './start-test-app.ts'

type Row = Record<string, unknown>

/** Columns that are unique over all tenants: in the twin they lead nowhere, but for the token given here. */
const globalColumns = ['token_hash'] as const

/**
 * Makes a tenant with the rows of acme, every id, name and address the same: what it is asked must be answered from its
 * own rows, and what happens to acme must not happen to it. Its token is a copy of acme's, with a secret of its own.
 */
export async function makeTwin(t: TestApp): Promise<TestTenant> {
  const twin: TestTenant = { id: newText(), host: '', token: newSecret('mst_') }
  const slug = twin.id
  const tables = await tablesInOrder(t)
  await t.db.engine.transact(async (trx) => {
    for (const { name } of tables) {
      const owner = name === 'tenants' ? 'id' : 'tenant_id'
      const { rows } = await sql<Row>`select * from ${sql.table(name)} where ${sql.ref(owner)} = ${t.acme.id}`.execute(
        trx,
      )
      for (const row of rows) {
        const { seq: _numbered, ...copy } = row
        copy[owner] = twin.id
        if (name === 'tenants') copy['slug'] = slug
        for (const column of globalColumns) if (column in copy) copy[column] = hashFor(t, twin, String(copy[column]))
        // Rows of any table, as the database gave them.
        await trx
          .insertInto(name as 'users')
          .values(copy as never)
          .execute()
      }
    }
  })
  return { ...twin, host: `${slug}.localhost` }
}

function hashFor(t: TestApp, twin: TestTenant, hash: string): string {
  return hash === hashSecret(t.acme.token) ? hashSecret(twin.token) : `${twin.id} ${hash}`
}

let ordered: Promise<readonly TableFacts[]> | undefined

/** Every table after those it refers to. */
function tablesInOrder(t: TestApp): Promise<readonly TableFacts[]> {
  ordered ??= withMigrationHandle(t.location, readTables).then(sortByReference)
  return ordered
}

function sortByReference(tables: readonly TableFacts[]): TableFacts[] {
  const sorted: TableFacts[] = []
  const left = new Set(tables)
  while (left.size > 0) {
    const next = [...left].find((table) =>
      table.foreignKeys.every((key) => sorted.some(({ name }) => name === key.table)),
    )
    if (next === undefined) throw new Error('tables refer to each other in a ring')
    left.delete(next)
    sorted.push(next)
  }
  return sorted
}
