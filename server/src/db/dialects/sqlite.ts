import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import Connection from 'better-sqlite3'
import { Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, type Dialect, type Driver } from 'kysely'
import type { Database } from '../database.ts'
import { defaultLimits } from '../../limits/limits.ts'
import { Db } from '../db.ts'
import type { SqlLimits } from '../sql-limits.ts'
import { GroupCommit } from './group-commit.ts'
import { ReadSnapshot } from './read-snapshot.ts'
import { SqliteDriver, immediateTransaction, savepointTransaction } from './sqlite-driver.ts'

type RawConnection = Connection.Database

class Adapter extends SqliteAdapter {
  // Kysely's migrator opens a transaction only where this says so; a kill in the middle then leaves nothing half done.
  override get supportsTransactionalDdl(): boolean {
    return true
  }

  // Otherwise Kysely's own mutex waits before our driver can refuse a query on the wrong handle.
  override get supportsMultipleConnections(): boolean {
    return true
  }
}

function dialectFor(driver: Driver): Dialect {
  return {
    createDriver: () => driver,
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new Adapter(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  }
}

/** Reads run on a connection of their own, which sees committed rows only; all writes go through the group commit. */
export function openSqlite(file: string, limits: SqlLimits): Db {
  const writerRaw = openConnection(file, limits)
  const readerRaw = openConnection(file, limits)
  readerRaw.pragma('query_only = on')
  const writer = new Kysely<Database>({ dialect: dialectFor(new SqliteDriver(writerRaw, savepointTransaction, null)) })
  const commits = new GroupCommit(writerRaw, writer)
  // The reading connection never writes, so its data_version moves with every commit there is. One microsecond.
  const dataVersion = readerRaw.prepare<[], number>('pragma data_version').pluck()
  const snapshot = new ReadSnapshot(readerRaw)
  const reader = new SqliteDriver(readerRaw, immediateTransaction, snapshot)
  return new Db(dialectFor(reader), {
    dialectName: 'sqlite',
    transact: (work) => commits.transact(work).finally(() => snapshot.end()),
    read: async (text, values) => reader.read(text, values),
    stamp: () => {
      snapshot.enter()
      return Number(dataVersion.get())
    },
    scrub: async () => {
      snapshot.end()
      return truncateLog(file, limits)
    },
    takeLongestWaitMs: () => commits.waits.takeMs(),
    close: async () => {
      snapshot.end()
      readerRaw.close()
      writerRaw.close()
    },
  })
}

const truncateAttempts = 5
const truncatePauseMs = 100

/** Pages are blanked as they are written (secure_delete); the log still holds them as they were until it starts anew. */
async function truncateLog(file: string, limits: SqlLimits): Promise<boolean> {
  const raw = openConnection(file, limits)
  try {
    for (let attempt = 0; attempt < truncateAttempts; attempt += 1) {
      const [outcome] = raw.pragma('wal_checkpoint(TRUNCATE)') as [{ readonly busy: number }] // SQLite's own answer
      if (outcome.busy === 0) return true
      await wait(truncatePauseMs)
    }
    return false
  } finally {
    raw.close()
  }
}

/** One plain connection with real transactions, for the migrator. */
export function openSqliteForMigration(file: string): Kysely<unknown> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const raw = openConnection(file, defaultLimits)
  const driver = new SqliteDriver(raw, immediateTransaction, null)
  driver.destroy = async () => void raw.close()
  return new Kysely<unknown>({ dialect: dialectFor(driver) })
}

function openConnection(file: string, { sqlLockWaitMs }: SqlLimits): RawConnection {
  const raw = new Connection(file)
  raw.pragma('journal_mode = WAL')
  raw.pragma('synchronous = FULL')
  raw.pragma('foreign_keys = ON')
  raw.pragma('trusted_schema = OFF')
  // What is deleted is gone from the file, not only from its tables.
  raw.pragma('secure_delete = ON')
  raw.pragma(`busy_timeout = ${sqlLockWaitMs}`)
  raw.pragma('journal_size_limit = 67108864')
  raw.pragma('cache_size = -32000')
  raw.pragma('mmap_size = 268435456')
  return raw
}
