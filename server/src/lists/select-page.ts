import { sql, type RawBuilder, type SqlBool } from 'kysely'
import { dialectOf, rawRows, type DialectName, type Queryable } from '../db/db.ts'
import { drivingSearch } from '../filter/driving-search.ts'
import type { CheckedNode } from '../filter/field.ts'
import { filterToSql } from '../filter/filter-sql.ts'
import type { ListQuery } from './list-query.ts'
import { orderOf, type ListShape } from './list-shape.ts'
import { matchText } from './match-text.ts'
import { readFilter } from './read-filter.ts'

interface PageRequest {
  readonly shape: ListShape
  /** The table whose rows are listed. */
  readonly table: string
  readonly columns: readonly string[]
  /** Joined tables, with their conditions. */
  readonly joins?: string
  /** A table that bounds the list, to be read first; the rows listed are looked up from it. */
  readonly startFrom?: { readonly table: string; readonly on: string }
  /** The tenant, and whatever else bounds the list before the client's filter; values as `(select ?)`, see rawRows. */
  readonly scope: { readonly text: string; readonly values: readonly unknown[] }
  readonly query: Pick<ListQuery, 'limit' | 'offset' | 'sort' | 'withTotals' | 'filter'>
  /** How many rows the scope has; asked only when totals are wanted. */
  readonly total: () => Promise<number>
}

export interface RowPage<Row> {
  readonly rows: readonly Row[]
  readonly total: number
  readonly filtered: number
}

/**
 * One page of a list: one statement for the rows, one for each total that is wanted.
 *
 * @throws invalid_filter
 */
export async function selectPage<Row>(db: Queryable, request: PageRequest): Promise<RowPage<Row>> {
  const { query, shape } = request
  const filter = readFilter(query.filter, shape.fields)
  const rows = filter === null ? await plainRows<Row>(db, request) : await filteredRows<Row>(db, request, filter)
  if (!query.withTotals) return { rows, total: 0, filtered: 0 }
  const total = await request.total()
  return { rows, total, filtered: filter === null ? total : await countFiltered(db, request, filter) }
}

/** Without a filter the text is one of few, so that it is prepared once. */
async function plainRows<Row>(db: Queryable, request: PageRequest): Promise<Row[]> {
  const { columns, scope, query } = request
  const text = `select ${columns.join(', ')} from ${tablesText(dialectOf(db), request)} where ${scope.text} ${orderText(request)} limit ${query.limit} offset cast(? as bigint)`
  return rawRows<Row>(db, text, [...scope.values, query.offset])
}

async function filteredRows<Row>(db: Queryable, request: PageRequest, filter: CheckedNode): Promise<Row[]> {
  const source = sourceOf(db, request, filter)
  const { limit, offset } = request.query
  // Limit and offset are checked whole numbers; as parameters they would hide from SQLite's planner how few rows are wanted.
  const tail = sql.raw(`${orderText(request)} limit ${limit} offset ${offset}`)
  const { rows } =
    await sql<Row>`${source.with} select ${sql.raw(request.columns.join(', '))} ${source.body} ${tail}`.execute(db)
  return rows
}

/** SQLite reads the tables of a cross join in the order written; left alone it walks the whole sort index for a few members. */
function tablesText(dialect: DialectName, { table, startFrom, joins = '' }: PageRequest): string {
  if (startFrom === undefined) return `${table} ${joins}`
  return `${startFrom.table} ${dialect === 'sqlite' ? 'cross join' : 'join'} ${table} on ${startFrom.on} ${joins}`
}

function orderText({ shape, table, query }: PageRequest): string {
  const terms = orderOf(shape, table, query.sort)
  return `order by ${terms.map(({ column, descending }) => `${column} ${descending ? 'desc' : 'asc'}`).join(', ')}`
}

interface Source {
  readonly with: RawBuilder<unknown>
  readonly body: RawBuilder<unknown>
}

function sourceOf(db: Queryable, request: PageRequest, filter: CheckedNode): Source {
  const { table, joins = '', startFrom, scope, shape } = request
  const dialect = dialectOf(db)
  const condition = sql<SqlBool>`${fragment(scope.text, scope.values)} and ${filterToSql(filter, dialect)}`
  const search =
    dialect === 'postgres' || shape.search === undefined || startFrom !== undefined ? undefined : drivingSearch(filter)
  if (search === undefined || shape.search === undefined) {
    return { with: sql``, body: sql`from ${sql.raw(tablesText(dialect, request))} where ${condition}` }
  }
  const index = sql.table(shape.search.table)
  // Written as a list made first and walked by a cross join: SQLite would otherwise probe the index once per row.
  return {
    with: sql`with hits as materialized (select rowid as seq from ${index} where ${index} match ${matchText(search)})`,
    body: sql`from hits cross join ${sql.raw(`${table} on ${shape.search.rows} = hits.seq ${joins}`)} where ${condition}`,
  }
}

/** Text with `?` as part of a statement that Kysely builds. */
function fragment(text: string, values: readonly unknown[]): RawBuilder<unknown> {
  const parts = text.split('?').map((part) => sql.raw(part))
  return sql.join(
    parts.flatMap((part, index) => (index === 0 ? [part] : [sql`${values[index - 1]}`, part])),
    sql``,
  )
}

async function countFiltered(db: Queryable, request: PageRequest, filter: CheckedNode): Promise<number> {
  const source = sourceOf(db, request, filter)
  const { rows } = await sql<{ count: number }>`${source.with} select count(*) as count ${source.body}`.execute(db)
  return rows[0]?.count ?? 0
}
