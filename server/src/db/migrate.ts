import { sql, type Kysely } from 'kysely'
import { Migrator, type Migration } from 'kysely/migration'
import * as tenants from './migrations/0001_tenants.ts'
import * as users from './migrations/0002_users.ts'
import * as groups from './migrations/0003_groups.ts'
import * as personas from './migrations/0004_personas.ts'
import * as apiTokens from './migrations/0005_api_tokens.ts'
import * as invitations from './migrations/0006_invitations.ts'
import * as events from './migrations/0007_events.ts'
import * as outbox from './migrations/0008_outbox.ts'
import * as oauthClients from './migrations/0009_oauth_clients.ts'
import * as ssoMappers from './migrations/0010_sso_mappers.ts'
import * as auditChain from './migrations/0011_audit_chain.ts'
import * as rateBuckets from './migrations/0012_rate_buckets.ts'
import * as idempotencyKeys from './migrations/0013_idempotency_keys.ts'
import * as timeBounds from './migrations/0014_time_bounds.ts'
import * as rolesAndPersonas from './migrations/0015_roles_and_personas.ts'
import * as tenantKeys from './migrations/0016_tenant_keys.ts'
import * as ssoConnections from './migrations/0020_sso_connections.ts'
import * as scim from './migrations/0021_scim.ts'
import * as sessions from './migrations/0030_sessions.ts'
import * as signIn from './migrations/0031_sign_in.ts'
import * as saml from './migrations/0040_saml.ts'
import * as domains from './migrations/0041_domains.ts'
import * as rowSecurity from './migrations/0050_row_security.ts'

/** In order; forward only. A released one never changes. */
const migrations: Readonly<Record<string, Migration>> = {
  '0001_tenants': tenants,
  '0002_users': users,
  '0003_groups': groups,
  '0004_personas': personas,
  '0005_api_tokens': apiTokens,
  '0006_invitations': invitations,
  '0007_events': events,
  '0008_outbox': outbox,
  '0009_oauth_clients': oauthClients,
  '0010_sso_mappers': ssoMappers,
  '0011_audit_chain': auditChain,
  '0012_rate_buckets': rateBuckets,
  '0013_idempotency_keys': idempotencyKeys,
  '0014_time_bounds': timeBounds,
  '0015_roles_and_personas': rolesAndPersonas,
  '0016_tenant_keys': tenantKeys,
  '0020_sso_connections': ssoConnections,
  '0021_scim': scim,
  '0030_sessions': sessions,
  '0031_sign_in': signIn,
  '0040_saml': saml,
  '0041_domains': domains,
  '0050_row_security': rowSecurity,
}

export interface MigrationState {
  readonly name: string
  readonly executedAt: Date | null
}

/** The database's schema is newer than this program, or one step failed. */
export class MigrationError extends Error {}

/** Brings the schema up to date; several nodes may call it at once. Answers the names of the steps taken. */
export async function migrateToLatest(db: Kysely<unknown>): Promise<string[]> {
  await refuseNewerSchema(db)
  const { error, results } = await migrator(db).migrateToLatest()
  if (error !== undefined) {
    const failed = results?.find((result) => result.status === 'Error')?.migrationName ?? 'the first one'
    throw new MigrationError(`migration ${failed} failed; nothing of it was kept`, { cause: error })
  }
  return (results ?? []).map((result) => result.migrationName)
}

/**
 * Brings an empty database to the schema that these migrations made, so that rows of that time fit in.
 *
 * @throws MigrationError where one of them is not known here, or the database is past them
 */
export async function migrateThrough(db: Kysely<unknown>, names: readonly string[]): Promise<void> {
  const unknown = names.find((name) => migrations[name] === undefined)
  if (unknown !== undefined) throw new MigrationError(`it was made by a newer Muster (${unknown}); use that version`)
  const done = (await listMigrations(db)).filter(({ executedAt }) => executedAt !== null)
  const further = done.find(({ name }) => !names.includes(name))
  if (further !== undefined) {
    throw new MigrationError(
      `the database has a newer schema (${further.name}) than the backup; give it a database without tables`,
    )
  }
  const last = names.toSorted().at(-1)
  if (last === undefined) throw new MigrationError('it names no migration')
  const { error } = await migrator(db).migrateTo(last)
  if (error !== undefined) throw new MigrationError(`the schema of ${last} could not be made`, { cause: error })
}

export async function listMigrations(db: Kysely<unknown>): Promise<MigrationState[]> {
  const all = await migrator(db).getMigrations()
  return all.map((migration) => ({ name: migration.name, executedAt: migration.executedAt ?? null }))
}

function migrator(db: Kysely<unknown>): Migrator {
  return new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations }) } })
}

export async function refuseNewerSchema(db: Kysely<unknown>): Promise<void> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some((table) => table.name === 'kysely_migration')) return
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db)
  const unknown = rows.find((row) => migrations[row.name] === undefined)
  if (unknown !== undefined) {
    throw new MigrationError(
      `the database was migrated by a newer Muster (${unknown.name}); run that version, or restore a backup`,
    )
  }
}
