import Connection from 'better-sqlite3'
import type { SqlLimits } from '../sql-limits.ts'

type RawConnection = Connection.Database

/**
 * One connection as all of ours are. Pages are read, not mapped: a mapped file counts as memory of the process, once for
 * each connection, and saved a tenth of a look-up at most (docs/decisions/0018).
 */
export function openConnection(
  file: string,
  cacheMib: number,
  { sqlLockWaitMs }: Pick<SqlLimits, 'sqlLockWaitMs'>,
): RawConnection {
  const raw = new Connection(file)
  raw.pragma('journal_mode = WAL')
  raw.pragma('synchronous = FULL')
  raw.pragma('foreign_keys = ON')
  raw.pragma('trusted_schema = OFF')
  // What is deleted is gone from the file, not only from its tables.
  raw.pragma('secure_delete = ON')
  raw.pragma(`busy_timeout = ${sqlLockWaitMs}`)
  raw.pragma('journal_size_limit = 67108864')
  raw.pragma(`cache_size = -${cacheMib * 1024}`)
  return raw
}
