import { DatabaseUnavailable } from '../db.ts'
import { isConnectionLost, sqlState } from './postgres.ts'

/**
 * Says whether an insert or update failed because of the unique index on this column.
 * Unique indexes are called `<table>_<column>_unique`; PostgreSQL names the index, SQLite the columns.
 */
export function violatesUnique(error: unknown, table: string, column: string): boolean {
  if (!(error instanceof Error)) return false
  if (sqlState(error) === '23505') return 'constraint' in error && error.constraint === `${table}_${column}_unique`
  return sqlState(error) === 'SQLITE_CONSTRAINT_UNIQUE' && error.message.includes(`${table}.${column}`)
}

/** Says whether an insert failed because there is such a row already, by whatever key. */
export function isDuplicate(error: unknown): boolean {
  return /^(23505$|SQLITE_CONSTRAINT_(UNIQUE|PRIMARYKEY)$)/.test(sqlState(error))
}

const unavailableStates =
  /^(08|53|57P|58|25006|55P03|57014|40001|40P01|XX)|^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND)|^SQLITE_(BUSY|FULL|IOERR|READONLY|CANTOPEN|LOCKED)/

/** Trouble of the database itself, as opposed to a statement it refuses: the edge answers 503. */
export function isDatabaseTrouble(error: unknown): boolean {
  return error instanceof DatabaseUnavailable || unavailableStates.test(sqlState(error)) || isConnectionLost(error)
}
