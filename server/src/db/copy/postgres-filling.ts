import pg from 'pg'
import type { PostgresLocation } from '../location.ts'
import { migrateThrough } from '../migrate.ts'
import { migrateDatabase, requireOwner, withMigrationHandle } from '../open.ts'
import { quoted, TargetNotEmpty, type ColumnType, type CopiedRow, type CopiedTable, type Filling } from './copy.ts'
import { listPostgresTables } from './postgres-snapshot.ts'

const arrayTypes: Readonly<Record<ColumnType, string>> = {
  text: 'text[]',
  integer: 'bigint[]',
  real: 'double precision[]',
}

/** Fills an empty database within one transaction, under a lock that keeps a server which starts meanwhile waiting. */
export async function openPostgresFilling(location: PostgresLocation, migrations: readonly string[]): Promise<Filling> {
  const url = requireOwner(location, 'only who owns the tables can fill them for all tenants')
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await refuseRows(client)
    await withMigrationHandle(location, (db) => migrateThrough(db, migrations))
    await client.query('begin')
    const tables = await listPostgresTables(client)
    await client.query(`lock table ${tables.map(({ name }) => quoted(name)).join(', ')} in access exclusive mode`)
    await refuseRows(client)
    const later = await dropForLater(client)
    return {
      insert: (table, rows) => insertRows(client, table, rows),
      finish: async () => {
        await continueIdentities(client)
        for (const statement of later) await client.query(statement)
        await client.query('commit')
        await client.query('analyze')
        await client.end()
        await migrateDatabase(location)
      },
      // The server rolls back what was not committed.
      abort: () => client.end(),
    }
  } catch (error) {
    await client.end()
    throw error
  }
}

async function refuseRows(client: pg.Client): Promise<void> {
  for (const { name } of await listPostgresTables(client)) {
    const { rowCount } = await client.query(`select 1 from ${quoted(name)} limit 1`)
    if (rowCount !== 0) throw new TargetNotEmpty(`the database of DATABASE_URL has rows in ${name} already`)
  }
}

/** Indexes and references are made at the end, all rows at once; answers the statements that do. */
async function dropForLater(client: pg.Client): Promise<string[]> {
  const schema = 'current_schema()::regnamespace'
  const references = await client.query<{ drop: string; create: string }>(
    `select format('alter table %s drop constraint %I', conrelid::regclass, conname) as drop,
        format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) as create
      from pg_constraint where contype = 'f' and connamespace = ${schema}`,
  )
  const indexes = await client.query<{ drop: string; create: string }>(
    `select format('drop index %s', indexrelid::regclass) as drop, pg_get_indexdef(indexrelid) as create
      from pg_index i join pg_class c on c.oid = i.indrelid
      where c.relnamespace = ${schema} and c.relname not like 'kysely%'
        and not exists (select 1 from pg_constraint where conindid = i.indexrelid and contype in ('p', 'u', 'x'))`,
  )
  const dropped = [...references.rows, ...indexes.rows]
  for (const { drop } of dropped) await client.query(drop)
  return [...indexes.rows, ...references.rows].map(({ create }) => create)
}

async function insertRows(client: pg.Client, table: CopiedTable, rows: readonly CopiedRow[]): Promise<void> {
  const columns = table.columns.map(({ name }) => quoted(name)).join(', ')
  const arrays = table.columns.map(({ type }, index) => `$${index + 1}::${arrayTypes[type]}`).join(', ')
  await client.query({
    text: `insert into ${quoted(table.name)} (${columns}) overriding system value select * from unnest(${arrays})`,
    values: table.columns.map((_, index) => rows.map((row) => row[index])),
  })
}

/** Numbers that the database gives go on behind those that were copied. */
async function continueIdentities(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ table: string; column: string }>(
    `select c.relname as table, a.attname as column from pg_attribute a join pg_class c on c.oid = a.attrelid
      where a.attidentity <> '' and c.relnamespace = current_schema()::regnamespace`,
  )
  for (const { table, column } of rows) {
    await client.query(
      `select setval(pg_get_serial_sequence($1, $2), coalesce((select max(${quoted(column)}) from ${quoted(table)}), 0) + 1, false)`,
      [quoted(table), column],
    )
  }
}
