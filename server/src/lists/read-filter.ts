import { ApiError } from '../errors/api-error.ts'
import { checkFilter } from '../filter/check-filter.ts'
import type { CheckedNode, FieldMap } from '../filter/field.ts'
import { FilterError } from '../filter/filter-error.ts'
import { filterLimits } from '../filter/filter-limits.ts'
import { parseFilter } from '../filter/parse-filter.ts'
import type { Limits } from '../limits/limits.ts'

/** @throws invalid_filter, with the place of the mistake */
export function readFilter(text: string | null, fields: FieldMap, limits: Limits): CheckedNode | null {
  if (text === null) return null
  try {
    return checkFilter(parseFilter(text, filterLimits(limits)), fields)
  } catch (error) {
    if (!(error instanceof FilterError)) throw error
    throw new ApiError('invalid_filter', { detail: `The filter cannot be used: ${error.message}.`, cause: error })
  }
}
