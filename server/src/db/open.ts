import { join } from 'node:path'
import { sql, type Kysely } from 'kysely'
import { DatabaseUnavailable, type Db } from './db.ts'
import { defaultLimits } from '../limits/limits.ts'
import type { SqlLimits } from './sql-limits.ts'
import { openPostgres, openPostgresForMigration } from './dialects/postgres.ts'
import { openSqlite, openSqliteForMigration } from './dialects/sqlite.ts'
import { migrateToLatest } from './migrate.ts'

/** Where the data is. */
export type DatabaseLocation =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'postgres'; readonly url: string }

export function databaseLocation(dataDir: string, databaseUrl: string | null): DatabaseLocation {
  return databaseUrl === null
    ? { kind: 'sqlite', file: join(dataDir, 'muster.db') }
    : { kind: 'postgres', url: databaseUrl }
}

export function openDatabase(location: DatabaseLocation, limits: SqlLimits = defaultLimits): Db {
  return location.kind === 'sqlite' ? openSqlite(location.file, limits) : openPostgres(location.url, limits)
}

/** Runs work on a handle made for changing the schema, and closes it. */
export async function withMigrationHandle<T>(
  location: DatabaseLocation,
  work: (db: Kysely<unknown>) => Promise<T>,
): Promise<T> {
  const db = await reach(location)
  try {
    return await work(db)
  } finally {
    await db.destroy()
  }
}

/** The first thing every process does with its database, so what is wrong with the place is said here. @throws DatabaseUnavailable */
async function reach(location: DatabaseLocation): Promise<Kysely<unknown>> {
  try {
    const db = openForMigration(location)
    await sql`select 1`.execute(db)
    return db
  } catch (error) {
    const [what, advice] =
      location.kind === 'sqlite'
        ? [`${location.file} cannot be used as the database`, 'MUSTER_DATA_DIR names its folder']
        : ['The database named by DATABASE_URL cannot be used', 'check that it runs, its address, user and password']
    throw new DatabaseUnavailable(`${what} (${reasonOf(error)}); ${advice}.`, { cause: error })
  }
}

function openForMigration(location: DatabaseLocation): Kysely<unknown> {
  return location.kind === 'sqlite' ? openSqliteForMigration(location.file) : openPostgresForMigration(location.url)
}

/** Node says nothing in the message of an error that stands for several addresses. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? String(error.code) : error.name
  return (error.message || code).replaceAll(/\s+/g, ' ')
}

export function migrateDatabase(location: DatabaseLocation): Promise<string[]> {
  return withMigrationHandle(location, migrateToLatest)
}
