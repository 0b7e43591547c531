import type { DialectName } from '../db.ts'

/** What both databases can hold, and so what a backup can. */
export type ColumnType = 'text' | 'integer' | 'real'

export interface CopiedTable {
  readonly name: string
  readonly columns: readonly { readonly name: string; readonly type: ColumnType }[]
}

/** Values in the order of the table's columns. */
export type CopiedRow = readonly (string | number | null)[]

/** One state of the whole database, however long it is read and whatever is written meanwhile. */
export interface Snapshot {
  readonly dialectName: DialectName
  /** Names of the migrations that were done. */
  readonly migrations: readonly string[]
  readonly tables: readonly CopiedTable[]
  /**
   * The rows of a table, some at a time.
   *
   * @param endings what follows the table's name in SQL, for one statement each; constants of the program
   */
  rows(table: CopiedTable, endings?: readonly string[]): AsyncIterable<readonly CopiedRow[]>
  close(): Promise<void>
}

/** A new database while it is filled: nothing of it can be seen before `finish`. */
export interface Filling {
  insert(table: CopiedTable, rows: readonly CopiedRow[]): Promise<void>
  /** Builds what speeds reading up, checks references, and makes all of it durable. */
  finish(): Promise<void>
  abort(): Promise<void>
}

/** There are rows already; nothing is overwritten. */
export class TargetNotEmpty extends Error {}

export const rowsPerBatch = 1_000

/** Columns of the formats that only one database knows must not come into being; a test looks at every table. */
export function columnType(table: string, column: string, known: ColumnType | undefined): ColumnType {
  if (known === undefined) throw new Error(`${table}.${column} has a type that a backup cannot hold`)
  return known
}

/** A name of our own schema or of a backup's, as SQL; what is in quotes can do no harm. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
