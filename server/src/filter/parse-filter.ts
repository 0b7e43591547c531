import { rqlLimits, scimLimits, type RqlLimits, type TextLimits } from './filter-limits.ts'
import type { FilterNode } from './filter-tree.ts'
import { parseRql } from './parse-rql.ts'
import { parseScimFilter } from './parse-scim-filter.ts'

export interface FilterLimits {
  readonly rql: RqlLimits
  readonly scim: TextLimits
}

const filterLimits: FilterLimits = { rql: rqlLimits, scim: scimLimits }

/**
 * Reads the `filter` of a list: RQL when its first character that is not blank is `{`, else SCIM text.
 *
 * @throws FilterError
 * @source contract/rest-api.md 4.1
 */
export function parseFilter(text: string, limits: FilterLimits = filterLimits): FilterNode {
  return /^[ \t\r\n]*\{/.test(text) ? parseRql(text, limits.rql) : parseScimFilter(text, { limits: limits.scim })
}
