import type { Insertable, Selectable, Updateable } from 'kysely'
import type { Queryable, Trx } from '../db/db.ts'
import type { Session } from './sessions.schema.ts'
import type { SessionsTable } from './sessions.table.ts'

const columns = [
  'sessions.id',
  'sessions.user_id',
  'sessions.csrf_token',
  'sessions.method',
  'sessions.second_factor',
  'sessions.started_at',
  'sessions.last_seen_at',
  'sessions.confirmed_at',
  'sessions.idle_ms',
  'sessions.ends_at',
  'sessions.is_stale',
  'sessions.address',
  'sessions.user_agent',
  'sessions.connection_id',
  'sessions.name_id',
  'sessions.session_index',
] as const

type Row = Omit<Selectable<SessionsTable>, 'tenant_id' | 'id_hash'>

interface Found {
  readonly session: Session
  readonly username: string
  /** The workspace role. */
  readonly role: string
  /** Whether the user was ever given a role beside it. */
  readonly hasMoreRoles: boolean
}

/** The session of an id with whose it is, when they may still act: disabling ends it wherever it is looked up. */
export async function findSession(db: Queryable, tenantId: string, idHash: string): Promise<Found | undefined> {
  const row = await db
    .selectFrom('sessions')
    .innerJoin('users', (join) =>
      join.onRef('users.tenant_id', '=', 'sessions.tenant_id').onRef('users.id', '=', 'sessions.user_id'),
    )
    .innerJoin('roles', (join) =>
      join.onRef('roles.tenant_id', '=', 'users.tenant_id').onRef('roles.id', '=', 'users.workspace_role_id'),
    )
    .select([...columns, 'users.username', 'users.has_more_roles', 'roles.name as role'])
    .where('sessions.tenant_id', '=', tenantId)
    .where('sessions.id_hash', '=', idHash)
    .where('users.enabled', '=', 1)
    .executeTakeFirst()
  if (row === undefined) return undefined
  const { username, role, has_more_roles: more } = row
  return { session: toSession(row), username, role, hasMoreRoles: more === 1 }
}

export async function findSessionById(db: Queryable, tenantId: string, id: string): Promise<Session | undefined> {
  const row = await db
    .selectFrom('sessions')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst()
  return row === undefined ? undefined : toSession(row)
}

const listedMax = 100
const endedAtOnce = 100

/** The newest first; the caller leaves out those that ended by the clock. */
export async function selectSessionsOf(db: Queryable, tenantId: string, userId: string): Promise<Session[]> {
  const rows = await db
    .selectFrom('sessions')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .orderBy('started_at', 'desc')
    .orderBy('id', 'desc')
    .limit(listedMax)
    .execute()
  return rows.map(toSession)
}

export async function insertSession(trx: Trx, row: Insertable<SessionsTable>): Promise<void> {
  await trx.insertInto('sessions').values(row).execute()
}

/** Notes when the person last signed in; the record shows it, and is no other record for it. */
export async function noteSignIn(trx: Trx, tenantId: string, userId: string, at: number): Promise<void> {
  await trx
    .updateTable('users')
    .set((eb) => ({ last_login_at: at, version: eb('version', '+', 1) }))
    .where('tenant_id', '=', tenantId)
    .where('id', '=', userId)
    .execute()
}

export async function updateSession(
  trx: Trx,
  tenantId: string,
  id: string,
  change: Updateable<SessionsTable>,
): Promise<void> {
  await trx.updateTable('sessions').set(change).where('tenant_id', '=', tenantId).where('id', '=', id).execute()
}

/** Gives a session another id, once: two requests with the old one do not both win. */
export async function replaceIdHash(
  trx: Trx,
  tenantId: string,
  oldHash: string,
  change: Updateable<SessionsTable>,
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('sessions')
    .set(change)
    .where('tenant_id', '=', tenantId)
    .where('id_hash', '=', oldHash)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

export async function deleteSession(trx: Trx, tenantId: string, id: string): Promise<boolean> {
  const { numDeletedRows } = await trx
    .deleteFrom('sessions')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst()
  return numDeletedRows > 0n
}

/** All of a user's but one; answers their ids. */
export async function deleteSessionsOf(
  trx: Trx,
  tenantId: string,
  userId: string,
  exceptId: string | null,
): Promise<string[]> {
  let remove = trx.deleteFrom('sessions').where('tenant_id', '=', tenantId).where('user_id', '=', userId)
  if (exceptId !== null) remove = remove.where('id', '<>', exceptId)
  return (await remove.returning('id').execute()).map((row) => row.id)
}

/** Of one login at an IdP, for single logout: a bounded bite, of which the next is asked for once these are ended. */
export async function selectSamlSessions(
  db: Queryable,
  tenantId: string,
  {
    connectionId,
    nameId,
    sessionIndexes,
  }: { readonly connectionId: string; readonly nameId: string; readonly sessionIndexes: readonly string[] },
): Promise<Session[]> {
  let select = db
    .selectFrom('sessions')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .where('connection_id', '=', connectionId)
    .where('name_id', '=', nameId)
    .where('name_id', '<>', '')
  if (sessionIndexes.length > 0) select = select.where('session_index', 'in', [...sessionIndexes])
  return (await select.limit(endedAtOnce).execute()).map(toSession)
}

/** The role changed: whoever holds the id gets a new one. */
export async function markStale(trx: Trx, tenantId: string, userId: string): Promise<void> {
  await trx
    .updateTable('sessions')
    .set({ is_stale: 1 })
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .execute()
}

/** A bounded bite out of what has ended; nothing depends on it. */
export async function deleteEnded(trx: Trx, tenantId: string, now: number): Promise<void> {
  const ended = trx
    .selectFrom('sessions')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('ends_at', '<=', now)
    .orderBy('ends_at')
    .limit(100)
  await trx.deleteFrom('sessions').where('tenant_id', '=', tenantId).where('id', 'in', ended).execute()
}

export async function insertToken(
  trx: Trx,
  row: { tenant_id: string; token_hash: string; session_id: string; expires_at: number },
): Promise<void> {
  await trx.insertInto('session_tokens').values(row).execute()
}

/** Those of this session that have ended go with the making of a new one. */
export async function deleteEndedTokens(trx: Trx, tenantId: string, sessionId: string, now: number): Promise<void> {
  await trx
    .deleteFrom('session_tokens')
    .where('tenant_id', '=', tenantId)
    .where('session_id', '=', sessionId)
    .where('expires_at', '<=', now)
    .execute()
}

function toSession(row: Row): Session {
  return {
    id: row.id,
    userId: row.user_id,
    csrfToken: row.csrf_token,
    method: row.method === 'saml' || row.method === 'passkey' ? row.method : 'password',
    secondFactor: row.second_factor,
    startedAt: row.started_at,
    lastSeenAt: row.last_seen_at,
    confirmedAt: row.confirmed_at,
    idleMs: row.idle_ms,
    endsAt: row.ends_at,
    isStale: row.is_stale === 1,
    address: row.address,
    userAgent: row.user_agent,
    connectionId: row.connection_id,
    nameId: row.name_id,
    sessionIndex: row.session_index,
  }
}
