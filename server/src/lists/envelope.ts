import Type, { type TSchema } from 'typebox'

/** One page of a list and what is known about the whole. */
export interface Page<T> {
  readonly items: readonly T[]
  /** Before the filter; 0 when totals were not asked for. */
  readonly total: number
  /** After the filter; 0 when totals were not asked for. */
  readonly filtered: number
}

/** One page of a list that is walked by cursor. */
export interface WalkedPage<T> extends Page<T> {
  /** Where the next page begins; null after the last one. */
  readonly nextCursor: string | null
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

/** A page of a walk in our own words. */
export function toWalked<T>({ items, nextCursor }: WalkedPage<T>, toRecord: (item: T) => unknown) {
  return { items: items.map(toRecord), nextCursor }
}

/** The same from records that are JSON text already. */
export function walkedText({ items, nextCursor }: WalkedPage<string>): string {
  return `{"items":[${items.join(',')}],"nextCursor":${JSON.stringify(nextCursor)}}`
}

const NextCursor = Type.Union([Type.String(), Type.Null()], {
  description: 'Goes into cursor for the next page; null after the last one.',
})

export function walkedSchema(record: TSchema) {
  return Type.Object({ items: Type.Array(record), nextCursor: NextCursor })
}

export function envelopeSchema(record: TSchema) {
  return Type.Object({
    totalRecord: Type.Integer({ description: 'Rows before the filter; 0 with count=false.' }),
    filterRecord: Type.Integer({ description: 'Rows after the filter; 0 with count=false.' }),
    count: Type.Integer({ description: 'Rows in this page.' }),
    records: Type.Array(record),
  })
}

/** An envelope that can be walked on from. */
export function walkableEnvelopeSchema(record: TSchema) {
  return Type.Object({ ...envelopeSchema(record).properties, nextCursor: NextCursor })
}
