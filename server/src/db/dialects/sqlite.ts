import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, type Dialect, type Driver } from 'kysely'
import type { Database } from '../database.ts'
import { defaultLimits } from '../../limits/limits.ts'
import { Db } from '../db.ts'
import type { SqlLimits } from '../sql-limits.ts'
import { GroupCommit } from './group-commit.ts'
import { inTurn } from './file-turns.ts'
import { ReadSnapshot } from './read-snapshot.ts'
import { ScanThread } from './scan-thread.ts'
import { openConnection } from './sqlite-connection.ts'
import { SqliteDriver, immediateTransaction, savepointTransaction } from './sqlite-driver.ts'

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

/** Look-ups are spread over the whole file; a change touches few pages, again and again the same. */
const cacheMib = { reading: 4, writing: 6 } as const

/** Reads run on a connection of their own, which sees committed rows only; all writes go through the group commit. */
export function openSqlite(file: string, limits: SqlLimits): Db {
  const writerRaw = openConnection(file, cacheMib.writing, limits)
  const readerRaw = openConnection(file, cacheMib.reading, limits)
  readerRaw.pragma('query_only = on')
  const writer = new Kysely<Database>({ dialect: dialectFor(new SqliteDriver(writerRaw, savepointTransaction, null)) })
  const commits = new GroupCommit(writerRaw, writer, limits)
  // The reading connection never writes, so its data_version moves with every commit there is. One microsecond.
  const dataVersion = readerRaw.prepare<[], number>('pragma data_version').pluck()
  const snapshot = new ReadSnapshot(readerRaw)
  const reader = new SqliteDriver(readerRaw, immediateTransaction, snapshot)
  const scans = new ScanThread(file, limits)
  return new Db(dialectFor(reader), {
    dialectName: 'sqlite',
    transact: (work) => commits.transact(work).finally(() => snapshot.end()),
    read: async (text, values) => reader.read(text, values),
    scan: async (text, values) => scans.scan(text, values),
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
      await scans.close()
      snapshot.end()
      readerRaw.close()
      // A batch lets the event loop turn: one that is under way comes to its end first.
      await inTurn(file, limits.sqlLockWaitMs, async () => void writerRaw.close())
    },
  })
}

const truncateAttempts = 5
const truncatePauseMs = 100

/** Pages are blanked as they are written (secure_delete); the log still holds them as they were until it starts anew. */
async function truncateLog(file: string, limits: SqlLimits): Promise<boolean> {
  const raw = openConnection(file, cacheMib.writing, limits)
  try {
    for (let attempt = 0; attempt < truncateAttempts; attempt += 1) {
      const checkpoint = async () => raw.pragma('wal_checkpoint(TRUNCATE)') as [{ readonly busy: number }] // SQLite's own answer
      const [outcome] = await inTurn(file, limits.sqlLockWaitMs, checkpoint)
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
  const raw = openConnection(file, cacheMib.writing, defaultLimits)
  const driver = new SqliteDriver(raw, immediateTransaction, null)
  driver.destroy = async () => void raw.close()
  return new Kysely<unknown>({ dialect: dialectFor(driver) })
}
