import type { Queryable } from '../db/db.ts'
import { openCursor, sealCursor, type CursorSeal } from './cursor.ts'
import { countFiltered, selectFilteredRun } from './filtered-page.ts'
import { planFilter, planLimits } from './filter-plan.ts'
import type { ListQuery } from './list-query.ts'
import { orderOf, type OrderTerm } from './list-shape.ts'
import type { Key, ListSource } from './list-source.ts'
import { selectPlainPage, type Run } from './plain-page.ts'
import { readFilter } from './read-filter.ts'

export interface PageRequest extends ListSource {
  readonly query: Pick<ListQuery, 'limit' | 'offset' | 'sort' | 'withTotals' | 'filter' | 'cursor' | 'limits'>
  /** How many rows the scope has; asked only when totals are wanted, or to choose the way through the list. */
  readonly total: () => Promise<number>
  /** Of lists that are walked by cursor. */
  readonly seal?: CursorSeal
}

export interface RowPage<Row> {
  readonly rows: readonly Row[]
  readonly total: number
  readonly filtered: number
  /** Null after the last page, and in lists that are not walked. */
  readonly nextCursor: string | null
}

/**
 * One page of a list: a statement for the rows, one for each total that is wanted, and few more in long lists.
 * Both totals are exact, whatever it costs: clients show them and stop by them.
 *
 * @throws invalid_filter · invalid_cursor
 */
export async function selectPage<Row>(db: Queryable, request: PageRequest, limits = planLimits): Promise<RowPage<Row>> {
  const { query, shape, table, seal } = request
  const filter = readFilter(query.filter, shape.fields, query.limits)
  const order = orderOf(shape, table, query.sort)
  const source = seal === undefined ? request : withPlaces(request, order)
  const run = runOf(request, order)
  const total = once(request.total)
  if (filter === null) {
    const rows = await selectPlainPage<Row>(db, source, run, total)
    const size = query.withTotals ? await total() : 0
    return { ...cutOff(rows, request, order), total: size, filtered: size }
  }
  const filtered = { source, filter, plan: await planFilter(db, { source, filter, total }, limits) }
  const page = cutOff(await selectFilteredRun<Row>(db, filtered, run, limits), request, order)
  if (!query.withTotals) return { ...page, total: 0, filtered: 0 }
  return { ...page, total: await total(), filtered: await countFiltered(db, filtered) }
}

/**
 * One page of a walk, without totals. Unless sorted otherwise it goes by id, which never changes:
 * whoever is there from the first page to the last is met exactly once.
 */
export function selectWalk<Row>(db: Queryable, request: PageRequest): Promise<RowPage<Row>> {
  return selectPage<Row>(db, { ...request, shape: { ...request.shape, defaultSort: [] } })
}

function runOf({ query, seal }: PageRequest, order: readonly OrderTerm[]): Run {
  const { limit, offset, cursor } = query
  if (seal === undefined) return { order, limit, offset }
  // One more than shown tells whether there is a next page.
  const run = { order, limit: limit + 1, offset }
  return cursor === null ? run : { ...run, behind: openCursor(cursor, seal, query) }
}

/** Rows tell where they stand. */
function withPlaces(source: PageRequest, order: readonly OrderTerm[]): PageRequest {
  return { ...source, columns: [...source.columns, ...order.map(({ column }, index) => `${column} as place${index}`)] }
}

function cutOff<Row>(
  rows: readonly Row[],
  { query, seal }: PageRequest,
  order: readonly OrderTerm[],
): Pick<RowPage<Row>, 'rows' | 'nextCursor'> {
  const shown = rows.slice(0, query.limit)
  const last = shown.at(-1)
  if (seal === undefined || last === undefined || rows.length === shown.length) return { rows: shown, nextCursor: null }
  return { rows: shown, nextCursor: sealCursor(placeOf(last, order), seal, query) }
}

function placeOf(row: unknown, order: readonly OrderTerm[]): Key {
  const places = row as Record<string, string | number> // withPlaces asked for them
  return order.map((_, index) => places[`place${index}`] ?? '')
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined
  return () => (answer ??= ask())
}
