import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import type { Db } from '../src/db/db.ts'

/** What every request may leave behind: when, from where and by what a token was last used. */
const restless = new Set(['last_used_at', 'last_used_address', 'last_used_agent'])
/** What tells of requests, those that change nothing too. */
const records = new Set(['events', 'scim_log', 'scim_log_steps'])
/** SQLite keeps its search indexes in tables of their own; triggers fill them from the tables that are looked at. */
const derived = /_search($|_)/

/** One text for everything the database holds but events and the log of SCIM: equal before and after means that nothing changed. */
export async function hashDatabase(db: Db): Promise<string> {
  const lineOf = (row: Row) => JSON.stringify(row, (key, value) => (restless.has(key) ? undefined : value))
  return hashTables(db, (table, rows) => (records.has(table) ? [] : rows.map(lineOf)))
}

/** One text for everything a tenant has, events and uses of tokens included. */
export async function hashTenant(db: Db, tenantId: string): Promise<string> {
  return hashTables(db, (table, rows) =>
    rows.filter((row) => row[table === 'tenants' ? 'id' : 'tenant_id'] === tenantId).map((row) => JSON.stringify(row)),
  )
}

type Row = Readonly<Record<string, unknown>>

async function hashTables(db: Db, linesOf: (table: string, rows: readonly Row[]) => string[]): Promise<string> {
  const hash = createHash('sha256')
  for (const table of await tableNames(db)) {
    const { rows } = await sql<Row>`select * from ${sql.table(table)}`.execute(db)
    hash.update(`${table}\n${linesOf(table, rows).toSorted().join('\n')}\n`)
  }
  return hash.digest('hex')
}

const tablesOf = new WeakMap<Db, readonly string[]>()

/** Every table of the schema, whatever feature it belongs to. */
async function tableNames(db: Db): Promise<readonly string[]> {
  let names = tablesOf.get(db)
  if (names === undefined) {
    const tables = await db.introspection.getTables()
    names = tables
      .filter((table) => !table.isView && !derived.test(table.name))
      .map((table) => table.name)
      .toSorted()
    if (names.length < 10) throw new Error(`only ${names.length} tables found`)
    tablesOf.set(db, names)
  }
  return names
}
