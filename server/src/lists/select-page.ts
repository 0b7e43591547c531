import type { Queryable } from '../db/db.ts'
import { countFiltered, selectFilteredRun } from './filtered-page.ts'
import { planFilter, planLimits } from './filter-plan.ts'
import type { ListQuery } from './list-query.ts'
import { orderOf } from './list-shape.ts'
import type { ListSource } from './list-source.ts'
import { selectPlainPage } from './plain-page.ts'
import { readFilter } from './read-filter.ts'

interface PageRequest extends ListSource {
  readonly query: Pick<ListQuery, 'limit' | 'offset' | 'sort' | 'withTotals' | 'filter'>
  /** How many rows the scope has; asked only when totals are wanted, or to choose the way through the list. */
  readonly total: () => Promise<number>
}

export interface RowPage<Row> {
  readonly rows: readonly Row[]
  readonly total: number
  readonly filtered: number
}

/**
 * One page of a list: a statement for the rows, one for each total that is wanted, and few more in long lists.
 * Both totals are exact, whatever it costs: clients show them and stop by them.
 *
 * @throws invalid_filter
 */
export async function selectPage<Row>(db: Queryable, request: PageRequest, limits = planLimits): Promise<RowPage<Row>> {
  const { query, shape, table } = request
  const filter = readFilter(query.filter, shape.fields)
  const run = { order: orderOf(shape, table, query.sort), limit: query.limit, offset: query.offset }
  const total = once(request.total)
  if (filter === null) {
    const rows = await selectPlainPage<Row>(db, request, run, total)
    const size = query.withTotals ? await total() : 0
    return { rows, total: size, filtered: size }
  }
  const filtered = { source: request, filter, plan: await planFilter(db, { source: request, filter, total }, limits) }
  const rows = await selectFilteredRun<Row>(db, filtered, run, limits)
  if (!query.withTotals) return { rows, total: 0, filtered: 0 }
  return { rows, total: await total(), filtered: await countFiltered(db, filtered) }
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined
  return () => (answer ??= ask())
}
