import { sql, type Expression, type RawBuilder, type SqlBool } from 'kysely'
import { dialectOf, type Queryable } from '../db/db.ts'
import { drivingSearch, type DrivingSearch } from '../filter/driving-search.ts'
import type { CheckedNode } from '../filter/field.ts'
import { filterToSql } from '../filter/filter-sql.ts'
import type { ListQuery } from './list-query.ts'
import { orderOf, type ListShape } from './list-shape.ts'
import { readFilter } from './read-filter.ts'

interface PageRequest {
  readonly shape: ListShape
  /** The table whose rows are listed. */
  readonly table: string
  readonly columns: readonly string[]
  /** Joined tables, with their conditions. */
  readonly joins?: RawBuilder<unknown>
  /** The tenant, and whatever else bounds the list before the client's filter. */
  readonly scope: RawBuilder<SqlBool>
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
  const source = sourceOf(db, request, filter)
  const order = orderOf(shape, request.table, query.sort).map(
    ({ column, descending }) => sql`${sql.ref(column)} ${descending ? sql`desc` : sql`asc`}`,
  )
  const columns = sql.join(request.columns.map((column) => sql.ref(column)))
  // Limit and offset are checked whole numbers; as parameters they would hide from SQLite's planner how few rows are wanted.
  const window = sql.raw(`limit ${query.limit} offset ${query.offset}`)
  const { rows } = await sql<Row>`${source.with} select ${columns} ${source.body} order by ${sql.join(order)} ${window}`.execute(db)
  if (!query.withTotals) return { rows, total: 0, filtered: 0 }
  const total = await request.total()
  return { rows, total, filtered: filter === null ? total : await countRows(db, source) }
}

interface Source {
  readonly with: RawBuilder<unknown>
  readonly body: RawBuilder<unknown>
}

function sourceOf(db: Queryable, request: PageRequest, filter: CheckedNode | null): Source {
  const { table, joins = sql``, scope, shape } = request
  const dialect = dialectOf(db)
  const condition: Expression<SqlBool> = filter === null ? scope : sql<SqlBool>`${scope} and ${filterToSql(filter, dialect)}`
  const search = filter === null || dialect === 'postgres' || shape.search === undefined ? undefined : drivingSearch(filter)
  if (search === undefined || shape.search === undefined) {
    return { with: sql``, body: sql`from ${sql.table(table)} ${joins} where ${condition}` }
  }
  const index = sql.table(shape.search.table)
  // Written as a list made first and walked by a cross join: SQLite would otherwise probe the index once per row.
  return {
    with: sql`with hits as materialized (select rowid as seq from ${index} where ${index} match ${matchText(search)})`,
    body: sql`from hits cross join ${sql.table(table)} on ${sql.ref(shape.search.rows)} = hits.seq ${joins} where ${condition}`,
  }
}

/** A phrase of FTS5, bound to its column: inside double quotes everything is literal but the quote itself. */
function matchText({ column, piece }: DrivingSearch): string {
  return `${column.slice(column.indexOf('.') + 1)} : "${piece.replaceAll('"', '""')}"`
}

async function countRows(db: Queryable, source: Source): Promise<number> {
  const { rows } = await sql<{ count: number }>`${source.with} select count(*) as count ${source.body}`.execute(db)
  return rows[0]?.count ?? 0
}
