import type { CopiedRow, CopiedTable } from '../db/copy/copy.ts'

/** The number rises when older programs could not read the file any more. */
export const backupFormat = 1

/**
 * A backup is a gzip file of lines of JSON. The first is this; then for each table one of `TableStart` and its rows, one
 * array each, in the order of its columns; the last is `BackupEnd`. Nothing in it belongs to one of the two databases.
 */
export interface BackupHeader {
  readonly muster: 'backup'
  readonly format: typeof backupFormat
  /** Of the program that made it. */
  readonly version: string
  readonly database: 'sqlite' | 'postgres'
  /** RFC 3339; the rows are those of this moment. */
  readonly createdAt: string
  readonly migrations: readonly string[]
}

export interface TableStart {
  readonly table: string
  readonly columns: CopiedTable['columns']
}

export interface BackupEnd {
  readonly end: true
  /** By table: how many rows, and the SHA-256 of their lines. */
  readonly tables: Readonly<Record<string, TableSum>>
}

export interface TableSum {
  readonly rows: number
  readonly sha256: string
}

/** The file is no backup, or not the one that was made. */
export class BackupError extends Error {}

/** What a reader meets, in this order. */
export type BackupPart =
  | { readonly kind: 'header'; readonly header: BackupHeader }
  | { readonly kind: 'rows'; readonly table: CopiedTable; readonly rows: readonly CopiedRow[] }
  | { readonly kind: 'end'; readonly end: BackupEnd }
