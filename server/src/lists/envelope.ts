import Type, { type TSchema } from 'typebox'

/** One page of a list and what is known about the whole. */
export interface Page<T> {
  readonly items: readonly T[]
  /** Before the filter; 0 when totals were not asked for. */
  readonly total: number
  /** After the filter; 0 when totals were not asked for. */
  readonly filtered: number
}

export interface Envelope {
  readonly totalRecord: number
  readonly filterRecord: number
  readonly count: number
  readonly records: readonly unknown[]
}

/** The object every list answers; all four keys always (contract/rest-api.md, rule 3). */
export function toEnvelope<T>(page: Page<T>, toRecord: (item: T) => unknown): Envelope {
  return {
    totalRecord: page.total,
    filterRecord: page.filtered,
    count: page.items.length,
    records: page.items.map(toRecord),
  }
}

/** The same from records that are JSON text already. */
export function envelopeText(page: Page<string>): string {
  const { total, filtered, items } = page
  return `{"totalRecord":${total},"filterRecord":${filtered},"count":${items.length},"records":[${items.join(',')}]}`
}

/** Keeps the columns asked for, in the record's own order. */
export function project(
  record: Readonly<Record<string, unknown>>,
  columns: ReadonlySet<string> | null,
): Readonly<Record<string, unknown>> {
  if (columns === null) return record
  return Object.fromEntries(Object.entries(record).filter(([name]) => columns.has(name)))
}

export function envelopeSchema(record: TSchema) {
  return Type.Object({
    totalRecord: Type.Integer({ description: 'Rows before the filter; 0 with count=false.' }),
    filterRecord: Type.Integer({ description: 'Rows after the filter; 0 with count=false.' }),
    count: Type.Integer({ description: 'Rows in this page.' }),
    records: Type.Array(record),
  })
}
