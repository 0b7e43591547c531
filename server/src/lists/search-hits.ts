import { sql, type RawBuilder } from 'kysely'
import type { Queryable } from '../db/db.ts'
import type { DrivingSearch } from '../filter/driving-search.ts'
import { prefixToSql } from '../filter/filter-sql.ts'
import type { ListSource } from './list-source.ts'
import { matchText } from './match-text.ts'

interface Searchable {
  readonly source: ListSource
  readonly search: DrivingSearch
}

/** SQLite only: numbers of the rows that a search may find, all or the first `max`, in no particular order. */
export async function selectHits(db: Queryable, { source, search }: Searchable, max: number): Promise<number[]> {
  const { rows } = await sql<{
    seq: number
  }>`select seq from (${hitsSql({ source, search })}) limit ${sql.lit(max)}`.execute(db)
  return rows.map(({ seq }) => seq)
}

/** The same as a select of `seq`, to be read first and joined to the rows. */
export function hitsSql({ source, search }: Searchable): RawBuilder<unknown> {
  const { table, scope, shape } = source
  if (search.kind === 'prefix') {
    return sql`select ${sql.ref(`${table}.seq`)} as seq from ${sql.table(table)} where ${withValues(scope)} and ${prefixToSql(search.text, sql.ref(search.column))}`
  }
  const index = sql.table(shape.search?.table ?? '')
  return sql`select rowid as seq from ${index} where ${index} match ${matchText(search)}`
}

/** Text with `?` as part of a statement that Kysely builds. */
export function withValues({ text, values }: ListSource['scope']): RawBuilder<unknown> {
  const parts = text.split('?').map((part) => sql.raw(part))
  return sql.join(
    parts.flatMap((part, index) => (index === 0 ? [part] : [sql`${values[index - 1]}`, part])),
    sql``,
  )
}
