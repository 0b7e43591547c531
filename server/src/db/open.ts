import { sql, type Kysely } from 'kysely'
import { ConfigError } from '../config.ts'
import { DatabaseUnavailable, type Db } from './db.ts'
import { defaultLimits } from '../limits/limits.ts'
import type { DatabaseLocation, PostgresLocation } from './location.ts'
import type { SqlLimits } from './sql-limits.ts'
import { grantToServer, readServerRole, refuseStrongRole } from './dialects/postgres-roles.ts'
import { openPostgres, openPostgresForMigration } from './dialects/postgres.ts'
import { openSqlite, openSqliteForMigration } from './dialects/sqlite.ts'
import { listMigrations, MigrationError, migrateToLatest, refuseNewerSchema } from './migrate.ts'

export { databaseLocation, type DatabaseLocation } from './location.ts'

export function openDatabase(location: DatabaseLocation, limits: SqlLimits = defaultLimits): Db {
  return location.kind === 'sqlite' ? openSqlite(location.file, limits) : openPostgres(location, limits)
}

/** Runs work on a handle made for changing the schema, which sees the rows of all tenants, and closes it. */
export async function withMigrationHandle<T>(
  location: DatabaseLocation,
  work: (db: Kysely<unknown>) => Promise<T>,
): Promise<T> {
  return location.kind === 'sqlite'
    ? within(
        { what: `${location.file} cannot be used as the database`, advice: 'MUSTER_DATA_DIR names its folder' },
        () => openSqliteForMigration(location.file),
        work,
      )
    : withPostgresHandle(location.ownerUrl === null ? 'DATABASE_URL' : 'DATABASE_OWNER_URL', location, work)
}

function withPostgresHandle<T>(
  variable: 'DATABASE_URL' | 'DATABASE_OWNER_URL',
  { url, ownerUrl }: PostgresLocation,
  work: (db: Kysely<unknown>) => Promise<T>,
): Promise<T> {
  const place = {
    what: `The database named by ${variable} cannot be used`,
    advice: 'check that it runs, its address, user and password',
  }
  return within(place, () => openPostgresForMigration(variable === 'DATABASE_URL' ? url : (ownerUrl ?? url)), work)
}

/** What is said of a database that cannot be reached. */
interface Place {
  readonly what: string
  readonly advice: string
}

async function within<T>(
  place: Place,
  open: () => Kysely<unknown>,
  work: (db: Kysely<unknown>) => Promise<T>,
): Promise<T> {
  const db = await reach(place, open)
  try {
    return await work(db)
  } finally {
    await db.destroy()
  }
}

/** The first thing every process does with its database, so what is wrong with the place is said here. @throws DatabaseUnavailable */
async function reach({ what, advice }: Place, open: () => Kysely<unknown>): Promise<Kysely<unknown>> {
  try {
    const db = open()
    await sql`select 1`.execute(db)
    return db
  } catch (error) {
    throw new DatabaseUnavailable(`${what} (${reasonOf(error)}); ${advice}.`, { cause: error })
  }
}

/** Node says nothing in the message of an error that stands for several addresses. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? String(error.code) : error.name
  return (error.message || code).replaceAll(/\s+/g, ' ')
}

/**
 * Brings the schema up to date, and on PostgreSQL lets the server's role at its tables. Answers the names of the steps taken.
 *
 * @throws MigrationError · DatabaseUnavailable · ConfigError on PostgreSQL without DATABASE_OWNER_URL
 */
export async function migrateDatabase(location: DatabaseLocation): Promise<string[]> {
  if (location.kind === 'sqlite') return withMigrationHandle(location, migrateToLatest)
  requireOwner(location, 'only who owns the tables may change the schema')
  const role = await withPostgresHandle('DATABASE_URL', location, readServerRole)
  refuseStrongRole(role)
  return withMigrationHandle(location, async (db) => {
    const applied = await migrateToLatest(db)
    await grantToServer(db, role.name)
    return applied
  })
}

/**
 * What every process does before it opens the database: brings the schema up to date where it may, and on PostgreSQL refuses
 * a role for which row level security is none.
 *
 * @throws MigrationError · DatabaseUnavailable · ConfigError
 * @source contract/security-and-reliability.md, 9.4 and 10.3
 */
export async function prepareDatabase(location: DatabaseLocation): Promise<void> {
  if (location.kind === 'sqlite') return void (await migrateDatabase(location))
  if (location.ownerUrl !== null) await migrateDatabase(location)
  await withPostgresHandle('DATABASE_URL', location, async (db) => {
    refuseStrongRole(await readServerRole(db))
    await refuseNewerSchema(db)
    const pending = (await listMigrations(db)).find(({ executedAt }) => executedAt === null)
    if (pending === undefined) return
    throw location.ownerUrl === null
      ? new MigrationError(
          `the schema of the database is not up to date (${pending.name} is missing); run muster-server db migrate with DATABASE_OWNER_URL, or start with it.`,
        )
      : new ConfigError('DATABASE_URL and DATABASE_OWNER_URL lead to two databases; name the same one in both.')
  })
}

/** @throws ConfigError */
export function requireOwner({ ownerUrl }: PostgresLocation, why: string): string {
  if (ownerUrl !== null) return ownerUrl
  throw new ConfigError(`DATABASE_OWNER_URL is not set; ${why}: docs/postgresql.md.`)
}
