import pg from 'pg'
import { ConfigError } from '../../config.ts'
import { refuseBlindOwner } from '../dialects/postgres-roles.ts'
import {
  columnType,
  quoted,
  rowsPerBatch,
  type ColumnType,
  type CopiedRow,
  type CopiedTable,
  type Snapshot,
} from './copy.ts'

const columnTypes: Readonly<Record<string, ColumnType>> = {
  text: 'text',
  smallint: 'integer',
  integer: 'integer',
  bigint: 'integer',
  'double precision': 'real',
}

/** Reads within one repeatable-read transaction: one state, and no lock that a writer would wait for. */
export async function openPostgresSnapshot(url: string): Promise<Snapshot> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('begin isolation level repeatable read read only')
    const tables = await listPostgresTables(client)
    await refuseBlindOwner(client)
    if (tables.length === 0) throw new ConfigError('DATABASE_URL leads to a database without tables of Muster.')
    const migrations = await client.query<{ name: string }>('select name from kysely_migration order by name')
    return {
      dialectName: 'postgres',
      migrations: migrations.rows.map(({ name }) => name),
      tables,
      rows: (table, endings = ['']) => readRows(client, table, endings),
      close: () => client.end(),
    }
  } catch (error) {
    await client.end()
    throw error
  }
}

export async function listPostgresTables(client: pg.Client): Promise<CopiedTable[]> {
  const { rows } = await client.query<{ table: string; name: string; type: string }>(
    `select c.relname as table, a.attname as name, format_type(a.atttypid, null) as type
      from pg_attribute a join pg_class c on c.oid = a.attrelid
      where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' and c.relname not like 'kysely%'
        and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
      order by c.relname collate "C", a.attnum`,
  )
  const byTable = Map.groupBy(rows, ({ table }) => table)
  return [...byTable].map(([name, columns]) => ({
    name,
    columns: columns.map((column) => ({
      name: column.name,
      type: columnType(name, column.name, columnTypes[column.type]),
    })),
  }))
}

async function* readRows(
  client: pg.Client,
  table: CopiedTable,
  endings: readonly string[],
): AsyncGenerator<readonly CopiedRow[]> {
  const columns = table.columns.map(({ name }) => quoted(name)).join(', ')
  for (const ending of endings) {
    await client.query(`declare copied no scroll cursor for select ${columns} from ${quoted(table.name)} ${ending}`)
    for (;;) {
      const { rows } = await client.query<(string | number | null)[]>({
        text: `fetch ${rowsPerBatch} from copied`,
        rowMode: 'array',
      })
      if (rows.length > 0) yield rows
      if (rows.length < rowsPerBatch) break
    }
    await client.query('close copied')
  }
}
