import Connection, { type Statement } from 'better-sqlite3'
import type { BulkWriter } from './bulk-writer.ts'

interface Definition {
  readonly type: 'index' | 'trigger'
  readonly name: string
  readonly sql: string
}

export async function openSqliteBulkWriter(file: string): Promise<BulkWriter> {
  const raw = new Connection(file)
  // Nothing is lost that could not be generated again. A spare thread helps to sort.
  for (const pragma of [
    'synchronous = off',
    'foreign_keys = off',
    'cache_size = -512000',
    'temp_store = memory',
    'threads = 2',
  ])
    raw.pragma(pragma)
  const leftOut = raw
    .prepare<[], Definition>(
      `select type, name, sql from sqlite_master where type in ('index', 'trigger') and sql is not null and tbl_name not like 'kysely%' order by name`,
    )
    .all()
  for (const { type, name } of leftOut) raw.exec(`drop ${type} ${name}`)
  const searches = raw
    .prepare<[], string>(`select name from sqlite_master where sql like 'create virtual table%' order by name`)
    .pluck()
    .all()
  const statements = new Map<string, Statement>()
  return {
    insert: async (table, rows) => {
      const columns = Object.keys(rows[0] ?? {})
      if (columns.length === 0) return
      const text = `insert into ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`
      const insert = statements.get(text) ?? raw.prepare(text)
      statements.set(text, insert)
      raw.exec('begin')
      for (const row of rows) insert.run(...Object.values(row))
      raw.exec('commit')
    },
    setNumber: async ({ table, tenantId, id }, column, value) =>
      void raw.prepare(`update ${table} set ${column} = ? where tenant_id = ? and id = ?`).run(value, tenantId, id),
    finish: async () => {
      for (const search of searches) fillSearch(raw, search)
      for (const { sql } of leftOut) raw.exec(sql)
      raw.close()
    },
  }
}

/** The index of `users` is `users_search`, and its columns are columns of the table. */
function fillSearch(raw: Connection.Database, search: string): void {
  const columns = raw.prepare<[], string>(`select name from pragma_table_info('${search}')`).pluck().all().join(', ')
  raw.exec(
    `insert into ${search} (rowid, ${columns}) select seq, ${columns} from ${search.replace(/_search$/, '')} order by seq`,
  )
}
