import { PostgresAdapter, sql, type Kysely } from 'kysely'

/** What the two databases spell differently in DDL. Migrations are history: this file may grow, never change. */
export interface Portable {
  readonly isPostgres: boolean
  /** Text compared by code point on both. */
  readonly text: string
  readonly integer: string
  /** Ends a table; SQLite then checks types as PostgreSQL does. */
  readonly end: string
  /**
   * Ends a table of links, or of few columns found by their key: SQLite keeps its rows in the key's own tree
   * instead of a table and an index that repeats most of it. PostgreSQL has no such thing.
   */
  readonly endKeyed: string
}

export function portable(db: Kysely<unknown>): Portable {
  return db.getExecutor().adapter instanceof PostgresAdapter
    ? { isPostgres: true, text: 'text collate "C"', integer: 'bigint', end: ')', endKeyed: ')' }
    : { isPostgres: false, text: 'text', integer: 'integer', end: ') strict', endKeyed: ') strict, without rowid' }
}

/** Runs statements in order; they are separated by a semicolon at the end of a line. */
export async function run(db: Kysely<unknown>, statements: string): Promise<void> {
  for (const statement of statements.split(/;\s*\n/)) {
    if (statement.trim() !== '') await sql.raw(statement).execute(db)
  }
}
