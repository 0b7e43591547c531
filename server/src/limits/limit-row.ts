/** One bound of the server: the variable that sets it, what it may be set to, and what is over it. */
export interface LimitRow {
  /** How code calls it. */
  readonly name: string
  readonly variable: string
  readonly fallback: number
  readonly min: number
  readonly max: number
  readonly unit: string
  readonly about: string
  /** What somebody who goes over it gets. */
  readonly over: string
  /** 0 switches it off, whatever the range says. */
  readonly canBeOff?: true
  /** Where the default comes from, when it is not section 6 of the security contract. */
  readonly source?: string
}
