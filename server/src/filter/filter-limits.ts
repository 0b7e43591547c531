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

/** @source contract/security-and-reliability.md, section 6 */
export const rqlLimits: RqlLimits = { sizeMaxBytes: 32 * 1024, depthMax: 16, termsMax: 100, inValuesMax: 500 }
export const scimLimits: TextLimits = { sizeMaxBytes: 8 * 1024, depthMax: 40, termsMax: 100 }

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
