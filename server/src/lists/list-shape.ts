import type { FieldMap } from '../filter/field.ts'
import type { ListRules, Sort } from './list-query.ts'

/** What a feature's list can be asked: which fields, in which orders, over which tables. */
export interface ListShape {
  /** For messages and the contract page. */
  readonly rules: ListRules
  readonly fields: FieldMap
  /** Sort key → column, with its table. */
  readonly sorts: Readonly<Record<string, string>>
  /** Columns with an optional - before them, used when the client names none. */
  readonly defaultSort: readonly string[]
  /** The table's trigram index on SQLite; PostgreSQL finds its own by itself. */
  readonly search?: { readonly table: string; readonly rows: string }
}

export interface OrderTerm {
  readonly column: string
  readonly descending: boolean
}

/** Every order ends with the id, so that pages neither skip nor repeat (contract/rest-api.md, rule 15). */
export function orderOf(shape: ListShape, table: string, sort: Sort | null): OrderTerm[] {
  const terms =
    sort === null
      ? shape.defaultSort.map(toTerm)
      : [{ column: shape.sorts[sort.key] ?? '', descending: sort.descending }]
  return [...terms, { column: `${table}.id`, descending: terms.at(-1)?.descending ?? false }]
}

function toTerm(text: string): OrderTerm {
  return text.startsWith('-') ? { column: text.slice(1), descending: true } : { column: text, descending: false }
}
