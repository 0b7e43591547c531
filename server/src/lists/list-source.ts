import { instantSql, withInstant } from '../bounds/bounds-sql.ts'
import type { DialectName } from '../db/db.ts'
import { searchedTable } from '../db/searched-table.ts'
import type { ListShape, OrderTerm } from './list-shape.ts'

/** Which rows a list has before the client's filter, and what it reads of them. */
export interface ListSource {
  readonly shape: ListShape
  /** The table whose rows are listed. */
  readonly table: string
  /** Of that table, or computed from its rows. */
  readonly columns: readonly string[]
  /** Tables that bound the list, with their conditions. */
  readonly joins?: string
  /** A table that bounds the list, to be read first; the rows listed are looked up from it. */
  readonly startFrom?: { readonly table: string; readonly on: string }
  /** Columns and orders are also those of that table: rows are then read at once, never by their ids afterwards. */
  readonly readsStart?: true
  /** The tenant, and whatever else bounds the list before the client's filter; values as `(select ?)`, see rawRows. */
  readonly scope: { readonly text: string; readonly values: readonly unknown[] }
  /** Epoch ms; given when scope, fields or sorts may compare with the instant of the request (bounds/bounds-sql.ts). */
  readonly instant?: number
}

/** Hand-written SQL with `?` for its values. */
interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
}

/** What a row's place in an order is decided by: one value for each term of the order. */
export type Key = readonly (string | number)[]

/** SQLite reads the tables of a cross join in the order written; left alone it walks the whole sort index for a few members. */
export function tablesText(dialect: DialectName, source: ListSource): string {
  return tablesWith(dialect, source, source.table)
}

/** The same, for a statement with a client's filter in it. */
export function filteredTablesText(dialect: DialectName, source: ListSource): string {
  return tablesWith(dialect, source, searchedTable(dialect, source.table))
}

function tablesWith(dialect: DialectName, { startFrom, joins = '' }: ListSource, table: string): string {
  if (startFrom === undefined) return `${table} ${joins}`
  return `${startFrom.table} ${joinWord(dialect)} ${table} on ${startFrom.on} ${joins}`
}

export function joinWord(dialect: DialectName): string {
  return dialect === 'sqlite' ? 'cross join' : 'join'
}

export function orderText(order: readonly OrderTerm[]): string {
  return `order by ${order.map(({ column, descending }) => `${column} ${descending ? 'desc' : 'asc'}`).join(', ')}`
}

export function reversed(order: readonly OrderTerm[]): OrderTerm[] {
  return order.map(({ column, descending }) => ({ column, descending: !descending }))
}

function columnsOf(order: readonly OrderTerm[]): string {
  return order.map(({ column }) => column).join(', ')
}

/** The rows behind a key, as one range of the index that the order comes from. All terms run the same way. */
export function behindText(order: readonly OrderTerm[], key: Key): string {
  return compareText(order, key, order[0]?.descending === true ? '<' : '>')
}

/** The rows up to a key, itself included. */
export function upToText(order: readonly OrderTerm[], key: Key): string {
  return compareText(order, key, order[0]?.descending === true ? '>=' : '<=')
}

function compareText(order: readonly OrderTerm[], key: Key, operator: string): string {
  if (new Set(order.map(({ descending }) => descending)).size > 1) throw new Error('this order has no single direction')
  const values = key.map((value) => (typeof value === 'number' ? 'cast((select ?) as bigint)' : '(select ?)'))
  return `(${columnsOf(order)}) ${operator} (${values.join(', ')})`
}

/**
 * Rows chosen by their ids first, then read: what is skipped or sorted is as narrow as the index.
 *
 * @param inner a select of tenant_id and id
 */
export function joinBackTexts(dialect: DialectName, source: ListSource, order: readonly OrderTerm[]): [string, string] {
  const { table, columns } = source
  return [
    `select ${columns.join(', ')} from (`,
    `) page ${joinWord(dialect)} ${table} on ${table}.tenant_id = page.tenant_id and ${table}.id = page.id ${orderText(order)}`,
  ]
}

/** A statement that asks the clock begins with the instant; the others are the same text at any time. */
export function timed(source: ListSource, statement: Statement): Statement {
  const { instant } = source
  if (instant === undefined || !statement.text.includes(instantSql)) return statement
  return { text: `${withInstant} ${statement.text}`, values: [instant, ...statement.values] }
}

/** What the inner select of `joinBackTexts` reads. */
export function innerColumns(table: string): string {
  return `${table}.tenant_id, ${table}.id`
}
