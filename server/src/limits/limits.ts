import type { LimitRow } from './limit-row.ts'
import { listLimits } from './list-limits.ts'
import { loadLimits, sqlLimits } from './load-limits.ts'
import { rateLimits } from './rate-limits.ts'
import { requestLimits } from './request-limits.ts'

const rows = [...requestLimits, ...listLimits, ...loadLimits, ...sqlLimits, ...rateLimits] as const

/** Every limit by its name, in the unit of its row; 0 is off where a row allows it. */
export type Limits = Readonly<Record<(typeof rows)[number]['name'], number>>

/** Every limit of the server: the reference page, the refusals at start and the values in force come from here. */
export const limitRows: readonly LimitRow[] = rows

/** What holds when nothing is set. */
export const defaultLimits: Limits = Object.freeze(limitsFrom((row) => row.fallback))

/** All limits, each from its row. */
export function limitsFrom(read: (row: LimitRow) => number): Limits {
  // One entry for each row, and rows are where the type has its names from.
  return Object.fromEntries(limitRows.map((row) => [row.name, read(row)])) as Limits
}
