import { existsSync } from 'node:fs'
import Connection from 'better-sqlite3'
import { ConfigError } from '../../config.ts'
import {
  columnType,
  quoted,
  rowsPerBatch,
  type ColumnType,
  type CopiedRow,
  type CopiedTable,
  type Snapshot,
} from './copy.ts'

const columnTypes: Readonly<Record<string, ColumnType>> = { TEXT: 'text', INTEGER: 'integer', REAL: 'real' }

/** Reads within one transaction on a connection of its own: the server goes on writing, its log grows meanwhile. */
export function openSqliteSnapshot(file: string): Snapshot {
  if (!existsSync(file)) throw new ConfigError(`there is no database at ${file}; MUSTER_DATA_DIR names its folder.`)
  const raw = new Connection(file)
  raw.pragma('query_only = on')
  raw.pragma('busy_timeout = 10000')
  raw.exec('begin')
  const tables = listSqliteTables(raw)
  if (tables.length === 0) throw new ConfigError(`the database at ${file} has no tables yet; start the server once.`)
  return {
    dialectName: 'sqlite',
    migrations: raw.prepare<[], string>('select name from kysely_migration order by name').pluck().all(),
    tables,
    rows: (table, endings = ['']) => readRows(raw, table, endings),
    close: async () => {
      raw.exec('rollback')
      raw.close()
    },
  }
}

/** Without search indexes, which follow from the tables, and what SQLite and Kysely keep for themselves. */
export function listSqliteTables(raw: Connection.Database): CopiedTable[] {
  const names = raw
    .prepare<[], string>(
      `select name from pragma_table_list where schema = 'main' and type = 'table'
        and name not like 'sqlite#_%' escape '#' and name not like 'kysely#_%' escape '#' order by name`,
    )
    .pluck()
    .all()
  const columnsOf = raw.prepare<[string], { name: string; type: string }>('select name, type from pragma_table_info(?)')
  return names.map((name) => ({
    name,
    columns: columnsOf.all(name).map((column) => ({
      name: column.name,
      type: columnType(name, column.name, columnTypes[column.type.toUpperCase()]),
    })),
  }))
}

async function* readRows(
  raw: Connection.Database,
  table: CopiedTable,
  endings: readonly string[],
): AsyncGenerator<readonly CopiedRow[]> {
  const columns = table.columns.map(({ name }) => quoted(name)).join(', ')
  for (const ending of endings) {
    let batch: CopiedRow[] = []
    const statement = raw.prepare<[], CopiedRow>(`select ${columns} from ${quoted(table.name)} ${ending}`).raw()
    for (const row of statement.iterate()) {
      batch.push(row)
      if (batch.length < rowsPerBatch) continue
      yield batch
      batch = []
    }
    if (batch.length > 0) yield batch
  }
}
