import { dialectOf, type Queryable } from '../db/db.ts'
import { drivingSearch, type DrivingSearch } from '../filter/driving-search.ts'
import type { CheckedNode } from '../filter/field.ts'
import type { ListSource } from './list-source.ts'
import { selectHits } from './search-hits.ts'

/** From where on a list is read in another way; parameters only so that tests reach them with few rows. */
export interface PlanLimits {
  /** A list of so many rows is read through in a few milliseconds, whatever the filter. */
  readonly smallMax: number
  /** So many hits are read and sorted faster than a page is found by walking past strangers. */
  readonly hitsMax: number
  /** So many rows may be walked on the event loop in search of a page. */
  readonly walkMax: number
}

export const planLimits: PlanLimits = { smallMax: 10_000, hitsMax: 2_000, walkMax: 5_000 }

/** How the rows that a filter finds are best read. */
export type FilterPlan =
  /** An index finds the few rows by one of their values. */
  | { readonly kind: 'pointed' }
  /** As the database thinks best: there are few rows to read, or it knows how many. */
  | { readonly kind: 'planned' }
  /** A search index has found them, but for what else the filter says. */
  | { readonly kind: 'hits'; readonly hits: readonly number[] }
  /** Many hits, or nobody knows: walk in order for a while, then ask the thread that may take long. */
  | { readonly kind: 'long'; readonly search: DrivingSearch | undefined }

/**
 * SQLite has no statistics to plan by, and a statement that reads a million rows holds everybody up.
 *
 * @param total how many rows the list has without the filter
 * @source design/stack.md, "Substring search"
 */
export async function planFilter(
  db: Queryable,
  {
    source,
    filter,
    total,
  }: { readonly source: ListSource; readonly filter: CheckedNode; readonly total: () => Promise<number> },
  limits: PlanLimits,
): Promise<FilterPlan> {
  if (isPointed(filter)) return { kind: 'pointed' }
  // The members of a group that are looked up from it are few.
  if (dialectOf(db) === 'postgres' || source.startFrom !== undefined) return { kind: 'planned' }
  const isWhole = source.shape.search !== undefined && source.joins === undefined
  const search = isWhole ? drivingSearch(filter) : undefined
  if (search !== undefined) {
    const hits = await selectHits(db, { source, search }, limits.hitsMax + 1)
    if (hits.length <= limits.hitsMax) return { kind: 'hits', hits }
  }
  return (await total()) <= limits.smallMax ? { kind: 'planned' } : { kind: 'long', search }
}

/** Whether every row of the answer has one of a few values that an index finds. */
function isPointed(node: CheckedNode): boolean {
  if (node.kind === 'and') return node.of.some(isPointed)
  const isOne = (node.kind === 'compare' && node.op === 'eq') || node.kind === 'in'
  return isOne && 'unique' in node.field && node.field.unique
}
