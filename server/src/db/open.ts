import { join } from 'node:path'
import type { Kysely } from 'kysely'
import { defaultLimits } from '../limits/limits.ts'
import type { Db } from './db.ts'
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
  const db = location.kind === 'sqlite' ? openSqliteForMigration(location.file) : openPostgresForMigration(location.url)
  try {
    return await work(db)
  } finally {
    await db.destroy()
  }
}

export function migrateDatabase(location: DatabaseLocation): Promise<string[]> {
  return withMigrationHandle(location, migrateToLatest)
}
