import type { Updateable } from 'kysely'
import { readCounter } from '../db/counters.ts'
import type { Queryable, Trx } from '../db/db.ts'
import type { CursorSeal } from '../lists/cursor.ts'
import type { WalkedPage } from '../lists/envelope.ts'
import type { ListQuery } from '../lists/list-query.ts'
import { selectPage } from '../lists/select-page.ts'
import { invitationList } from './invitations.fields.ts'
import type { Invitation } from './invitations.schema.ts'
import type { InvitationsTable } from './invitations.table.ts'

const columns = [
  'invitations.id',
  'invitations.user_id',
  'invitations.email',
  'invitations.role_id',
  'invitations.inviter_kind',
  'invitations.inviter_id',
  'invitations.inviter_name',
  'invitations.created_at',
  'invitations.expires_at',
  'invitations.last_sent_at',
  'invitations.accepted_at',
  'invitations.revoked_at',
] as const

type Row = Omit<InvitationsTable, 'tenant_id' | 'token_hash'>

export async function selectInvitationPage(
  db: Queryable,
  tenantId: string,
  query: ListQuery,
  seal: CursorSeal,
): Promise<WalkedPage<Invitation>> {
  const { rows, ...page } = await selectPage<Row>(db, {
    shape: invitationList,
    table: 'invitations',
    columns,
    scope: { text: 'invitations.tenant_id = (select ?)', values: [tenantId] },
    query,
    total: () => readCounter(db, tenantId, 'invitations'),
    seal,
  })
  return { ...page, items: rows.map(toInvitation) }
}

export async function findInvitation(db: Queryable, tenantId: string, id: string): Promise<Invitation | undefined> {
  const row = await db
    .selectFrom('invitations')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst()
  return row === undefined ? undefined : toInvitation(row)
}

/** By the hash of the exact token presented; tenant and token together, so another tenant's finds nothing. */
export async function findInvitationByToken(
  db: Queryable,
  tenantId: string,
  tokenHash: string,
): Promise<Invitation | undefined> {
  const row = await db
    .selectFrom('invitations')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .where('token_hash', '=', tokenHash)
    .executeTakeFirst()
  return row === undefined ? undefined : toInvitation(row)
}

/** The newest invitation of each of these users. */
export async function selectLatestInvitations(
  db: Queryable,
  tenantId: string,
  userIds: readonly string[],
): Promise<Map<string, Invitation>> {
  if (userIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('invitations')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .where('user_id', 'in', [...userIds])
    .orderBy('created_at')
    .orderBy('id')
    .execute()
  return new Map(rows.map((row) => [row.user_id, toInvitation(row)]))
}

export async function insertInvitations(trx: Trx, rows: readonly InvitationsTable[]): Promise<void> {
  if (rows.length > 0)
    await trx
      .insertInto('invitations')
      .values([...rows])
      .execute()
}

/** Changes an invitation that is neither accepted nor revoked; answers false when it is. */
export async function updateOpenInvitation(
  trx: Trx,
  tenantId: string,
  id: string,
  change: Updateable<InvitationsTable>,
): Promise<boolean> {
  const result = await trx
    .updateTable('invitations')
    .set(change)
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .where('accepted_at', '=', 0)
    .where('revoked_at', '=', 0)
    .executeTakeFirst()
  return result.numUpdatedRows > 0n
}

/**
 * Uses a token up: one conditional statement, so of any number of attempts at once exactly one succeeds.
 *
 * @source contract/security-and-reliability.md, G5
 */
export async function consumeInvitation(
  trx: Trx,
  tenantId: string,
  tokenHash: string,
  now: number,
): Promise<Invitation | undefined> {
  const row = await trx
    .updateTable('invitations')
    .set({ accepted_at: now })
    .where('tenant_id', '=', tenantId)
    .where('token_hash', '=', tokenHash)
    .where('accepted_at', '=', 0)
    .where('revoked_at', '=', 0)
    .where('expires_at', '>', now)
    .returning(columns)
    .executeTakeFirst()
  return row === undefined ? undefined : toInvitation(row)
}

/** The same by whom it is for: the newest that is open, however old, and the others are closed. */
export async function consumeInvitationOf(
  trx: Trx,
  tenantId: string,
  userId: string,
  now: number,
): Promise<Invitation | undefined> {
  const rows = await trx
    .updateTable('invitations')
    .set({ accepted_at: now })
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .where('accepted_at', '=', 0)
    .where('revoked_at', '=', 0)
    .returning(columns)
    .execute()
  return rows.map(toInvitation)[0]
}

/** Closes whatever is open for a user; answers the ids. */
export async function revokeOpenOf(trx: Trx, tenantId: string, userId: string, now: number): Promise<string[]> {
  const rows = await trx
    .updateTable('invitations')
    .set({ revoked_at: now })
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .where('accepted_at', '=', 0)
    .where('revoked_at', '=', 0)
    .returning('id')
    .execute()
  return rows.map((row) => row.id)
}

export async function deleteInvitationsOf(trx: Trx, tenantId: string, userId: string): Promise<string[]> {
  const rows = await trx
    .deleteFrom('invitations')
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .returning('id')
    .execute()
  return rows.map((row) => row.id)
}

function toInvitation(row: Row): Invitation {
  return {
    id: row.id,
    userId: row.user_id,
    email: row.email,
    roleId: row.role_id,
    inviterKind: row.inviter_kind,
    inviterId: row.inviter_id,
    inviterName: row.inviter_name,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastSentAt: row.last_sent_at,
    acceptedAt: row.accepted_at,
    revokedAt: row.revoked_at,
  }
}
