import { ApiError } from '../errors/api-error.ts'
import { checkFilter } from '../filter/check-filter.ts'
import type { CheckedNode, FieldMap } from '../filter/field.ts'
import { FilterError } from '../filter/filter-error.ts'
import { parseFilter } from '../filter/parse-filter.ts'

/** @throws invalid_filter, with the place of the mistake */
export function readFilter(text: string | null, fields: FieldMap): CheckedNode | null {
  if (text === null) return null
  try {
    return checkFilter(parseFilter(text), fields)
  } catch (error) {
    if (!(error instanceof FilterError)) throw error
    throw new ApiError('invalid_filter', { detail: `The filter cannot be used: ${error.message}.`, cause: error })
  }
}
