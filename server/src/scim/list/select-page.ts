import { sql, type RawBuilder, type SqlBool } from 'kysely'
import { dialectOf, type DialectName, type Queryable } from '../../db/db.ts'
import { searchedTable } from '../../db/searched-table.ts'
import { checkFilter } from '../../filter/check-filter.ts'
import { drivingSearch } from '../../filter/driving-search.ts'
import type { FieldMap } from '../../filter/field.ts'
import { filterToSql } from '../../filter/filter-sql.ts'
import type { FilterNode } from '../../filter/filter-tree.ts'
import { matchText } from '../../lists/match-text.ts'
import type { Position } from './cursor.ts'
import { looksUp } from './looks-up.ts'

/** What a page is sorted by: an expression, and whether some rows have no value. */
export interface SortKey {
  readonly expression: RawBuilder<unknown>
  readonly mayMiss: boolean
}

/** One kind of resource as lists see it. */
export interface ListedKind {
  /** Which comes first where several kinds are listed together. */
  readonly kind: number
  readonly table: 'users' | 'groups'
  readonly joins: RawBuilder<unknown>
  /** The tenant, and what of it SCIM may see. */
  readonly scope: RawBuilder<SqlBool>
  readonly fields: FieldMap
  /** Undefined: this kind lacks the attribute, so that every row misses it. */
  readonly sortKey: SortKey | undefined
}

export interface PageRequest {
  readonly kinds: readonly ListedKind[]
  readonly filter: FilterNode | undefined
  /** Undefined: in order of creation. */
  readonly isSorted: boolean
  readonly descending: boolean
  readonly limit: number
  readonly offset: number
  /** Keyset: only rows behind this one, in the order walked. */
  readonly after: Position | undefined
  readonly isBackward: boolean
}

export type PageRow = Position & { readonly id: string }

/** The ids of one page, in order; rows are loaded afterwards, so that skipping reads an index alone. */
export async function selectPageRows(db: Queryable, request: PageRequest): Promise<PageRow[]> {
  const dialect = dialectOf(db)
  const direction = sql.raw(request.descending !== request.isBackward ? 'desc' : 'asc')
  const { limit, offset } = request
  const parts = request.kinds.map((kind) => kindSql(kind, request, dialect))
  const [only] = parts
  const source = parts.length === 1 && only !== undefined ? only : sql.join(parts, sql` union all `)
  // A plus hides a column from SQLite's choice of an index for the order.
  const plus = sql.raw(dialect === 'sqlite' && request.kinds.every((kind) => findsFew(kind, request)) ? '+' : '')
  const order = sql.join(
    orderColumns(request).map((column) => sql`${plus}${sql.raw(column)} ${direction}`),
    sql`, `,
  )
  // Checked whole numbers; as parameters they would hide from SQLite's planner how few rows are wanted.
  const { rows } = await sql<PageRow>`select kind, id, seq, missing, value from (${source}) page
    order by ${order} limit ${sql.lit(limit)} offset ${sql.lit(offset)}`.execute(db)
  return request.isBackward ? rows.toReversed() : rows
}

/** As few as tell rows apart: an index holds no more of them. */
function orderColumns({ kinds, isSorted }: PageRequest): string[] {
  if (kinds.length > 1) return ['missing', 'value', 'kind', 'seq']
  if (!isSorted) return ['seq']
  return isNeverMissing(kinds) ? ['value', 'seq'] : ['missing', 'value', 'seq']
}

function isNeverMissing([only, ...others]: readonly ListedKind[]): boolean {
  return only?.sortKey?.mayMiss === false && others.length === 0
}

function findsFew({ fields }: ListedKind, { filter }: PageRequest): boolean {
  return filter !== undefined && looksUp(checkFilter(filter, fields))
}

export async function countRows(db: Queryable, request: Pick<PageRequest, 'kinds' | 'filter'>): Promise<number> {
  const dialect = dialectOf(db)
  let total = 0
  for (const kind of request.kinds) {
    const { rows } = await sql<{
      count: number
    }>`select count(*) as count from ${sourceOf(kind, request.filter, dialect)}
      where ${conditionOf(kind, request.filter, dialect)}`.execute(db)
    total += rows[0]?.count ?? 0
  }
  return total
}

/**
 * The table, or on SQLite what a part of a name finds in the search index, and the rows of it:
 * a cross join is read in the order written, where the index would otherwise be asked once per row.
 */
function sourceOf({ table, fields }: ListedKind, filter: FilterNode | undefined, dialect: DialectName) {
  if (filter !== undefined && dialect === 'postgres') return sql.raw(searchedTable(dialect, table))
  const rows = sql.table(table)
  const search = filter === undefined ? undefined : drivingSearch(checkFilter(filter, fields))
  if (search?.kind !== 'piece') return rows
  const index = sql.table(`${table}_search`)
  return sql`(select rowid as seq from ${index} where ${index} match ${matchText(search)}) hits
    cross join ${rows} on ${sql.ref(`${table}.seq`)} = hits.seq`
}

function conditionOf(
  { scope, fields }: ListedKind,
  filter: FilterNode | undefined,
  dialect: DialectName,
): RawBuilder<SqlBool> {
  return filter === undefined
    ? scope
    : sql<SqlBool>`${scope} and (${filterToSql(checkFilter(filter, fields), dialect)})`
}

function kindSql(kind: ListedKind, request: PageRequest, dialect: DialectName): RawBuilder<unknown> {
  const { table, sortKey } = kind
  const seq = sql.ref(`${table}.seq`)
  const several = request.kinds.length > 1
  const plain = sortKey?.expression ?? sql`''`
  // Values of several kinds meet in one column.
  const value = !request.isSorted ? sql`''` : several ? sql`cast(${plain} as ${sql.raw('text')})` : plain
  const missing = !request.isSorted
    ? sql`0`
    : sortKey === undefined
      ? sql`1`
      : sortKey.mayMiss
        ? sql`case when ${plain} = '' then 1 else 0 end`
        : sql`0`
  return sql`select ${sql.lit(kind.kind)} as kind, ${sql.ref(`${table}.id`)} as id, ${seq} as seq, ${missing} as missing, ${value} as value
    from ${sourceOf(kind, request.filter, dialect)} ${kind.joins}
    where ${conditionOf(kind, request.filter, dialect)} ${keyset(kind, request, { seq, missing, value })}`
}

interface Operands {
  readonly seq: RawBuilder<unknown>
  readonly missing: RawBuilder<unknown>
  readonly value: RawBuilder<unknown>
}

/** Rows behind a position, compared as one tuple, so that none is lost and none comes twice. */
function keyset(
  kind: ListedKind,
  { after, isSorted, descending, isBackward, kinds }: PageRequest,
  { seq, missing, value }: Operands,
): RawBuilder<unknown> {
  if (after === undefined) return sql``
  const beyond = sql.raw(descending !== isBackward ? '<' : '>')
  if (!isSorted && kinds.length === 1) return sql`and ${seq} ${beyond} ${after.seq}`
  if (isNeverMissing(kinds)) return sql`and (${value}, ${seq}) ${beyond} (${typed(after.value)}, ${after.seq})`
  const mine = sql`(${missing}, ${value}, ${sql.lit(kind.kind)}, ${seq})`
  const theirs = sql`(${after.missing}, ${typed(after.value)}, ${after.kind}, ${after.seq})`
  return sql`and ${mine} ${beyond} ${theirs}`
}

/** PostgreSQL must know what a parameter is where nothing else tells. */
function typed(value: string | number): RawBuilder<unknown> {
  return typeof value === 'number' ? sql`cast(${value} as bigint)` : sql`cast(${value} as text)`
}
