import { ApiError } from '../errors/api-error.ts'
import { parseInstant } from '../filter/instant.ts'
import type { ExportRange } from './export.service.ts'

const dayMs = 86_400_000

/** A range as people write it; what is absent leaves an end open. */
export interface RangeTexts {
  readonly from: string | null
  readonly to: string | null
  readonly fromSeq: number | null
  readonly toSeq: number | null
}

/** @throws invalid_request */
export function readRange({ from, to, fromSeq, toSeq }: RangeTexts): ExportRange {
  const range = {
    from: from === null ? null : readMoment('from', from).start,
    to: to === null ? null : readMoment('to', to).end,
    fromSeq,
    toSeq,
  }
  if (range.from !== null && range.to !== null && range.from >= range.to)
    throw new ApiError('invalid_request', { detail: 'from must be before to.' })
  if (fromSeq === 0 || toSeq === 0)
    throw new ApiError('invalid_request', { detail: 'Places in the chain are counted from 1.' })
  if (fromSeq !== null && toSeq !== null && fromSeq > toSeq)
    throw new ApiError('invalid_request', { detail: 'fromSeq is after toSeq.' })
  return range
}

/** A day reaches from its first moment to that of the next one; an instant has no length. */
function readMoment(name: string, text: string): { readonly start: number; readonly end: number } {
  const isDay = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text)
  const start = parseInstant(isDay ? `${text}T00:00:00Z` : text)
  if (start === undefined) {
    throw new ApiError('invalid_request', {
      detail: `${name} must be a day such as 2026-01-31, or an instant such as 2026-01-31T12:00:00Z.`,
    })
  }
  return { start, end: isDay ? start + dayMs : start }
}
