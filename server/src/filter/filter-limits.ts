import { defaultLimits, type Limits } from '../limits/limits.ts'
import { FilterError } from './filter-error.ts'

export interface TextLimits {
  readonly sizeMaxBytes: number
  /** RQL: levels of `$and` and `$or`. SCIM: levels of parentheses and brackets. */
  readonly depthMax: number
  /** Comparisons; an `$in` counts once, and so does an empty group. */
  readonly termsMax: number
}

export interface RqlLimits extends TextLimits {
  /** In one `$in`. */
  readonly inValuesMax: number
}

export interface FilterLimits {
  readonly rql: RqlLimits
  readonly scim: TextLimits
}

export function filterLimits(limits: Limits): FilterLimits {
  return {
    rql: {
      sizeMaxBytes: limits.filterMaxBytes,
      depthMax: limits.filterDepthMax,
      termsMax: limits.filterTermsMax,
      inValuesMax: limits.filterValuesMax,
    },
    scim: {
      sizeMaxBytes: limits.textFilterMaxBytes,
      depthMax: limits.textFilterDepthMax,
      termsMax: limits.textFilterTermsMax,
    },
  }
}

/** What holds when nothing is set. */
export const defaultFilterLimits: FilterLimits = filterLimits(defaultLimits)
export const { rql: rqlLimits, scim: scimLimits } = defaultFilterLimits

export function requireSize(text: string, { sizeMaxBytes }: TextLimits): void {
  const sizeBytes = Buffer.byteLength(text)
  if (sizeBytes > sizeMaxBytes)
    throw new FilterError('', `the filter has ${sizeBytes} bytes; the limit is ${sizeMaxBytes}`)
}

export class TermCounter {
  readonly #termsMax: number
  #terms = 0

  constructor({ termsMax }: TextLimits) {
    this.#termsMax = termsMax
  }

  count(at: string): void {
    this.#terms += 1
    if (this.#terms > this.#termsMax) throw new FilterError(at, `too many terms; the limit is ${this.#termsMax}`)
  }
}
