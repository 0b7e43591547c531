import { defaultFilterLimits, type FilterLimits } from './filter-limits.ts'
import type { FilterNode } from './filter-tree.ts'
import { parseRql } from './parse-rql.ts'
import { parseScimFilter } from './parse-scim-filter.ts'

/**
 * Reads the `filter` of a list: RQL when its first character that is not blank is `{`, else SCIM text.
 *
 * @throws FilterError
 * @source contract/rest-api.md 4.1
 */
export function parseFilter(text: string, limits: FilterLimits = defaultFilterLimits): FilterNode {
  return /^[ \t\r\n]*\{/.test(text) ? parseRql(text, limits.rql) : parseScimFilter(text, { limits: limits.scim })
}
