import type { Insertable, Selectable, Updateable } from 'kysely'
import type { Queryable, Trx } from '../db/db.ts'
import { ScimProfile } from './scim-rules.schema.ts'
import type { ScimToken } from './scim-tokens.schema.ts'
import type { ScimTokensTable } from './scim-tokens.table.ts'

const columns = [
  'id',
  'label',
  'last_four',
  'access',
  'profile',
  'created_at',
  'created_by',
  'creator_id',
  'expires_at',
  'revoked_at',
  'replaced_by',
  'last_used_at',
  'last_used_address',
  'last_used_agent',
] as const

type Row = Pick<Selectable<ScimTokensTable>, (typeof columns)[number]>

/** The newest first; older ones than these are of no use to anybody. */
const listedMax = 100

export async function selectTokens(db: Queryable, tenantId: string): Promise<ScimToken[]> {
  const rows = await db
    .selectFrom('scim_tokens')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(listedMax)
    .execute()
  return rows.map(toToken)
}

export async function findToken(db: Queryable, tenantId: string, id: string): Promise<ScimToken | undefined> {
  const row = await db
    .selectFrom('scim_tokens')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst()
  return row === undefined ? undefined : toToken(row)
}

/** By the hash of the exact bytes presented; one look at a unique index. */
export async function findTokenByHash(
  db: Queryable,
  tenantId: string,
  tokenHash: string,
): Promise<ScimToken | undefined> {
  const row = await db
    .selectFrom('scim_tokens')
    .select(columns)
    .where('token_hash', '=', tokenHash)
    .where('tenant_id', '=', tenantId)
    .executeTakeFirst()
  return row === undefined ? undefined : toToken(row)
}

export async function insertToken(trx: Trx, row: Insertable<ScimTokensTable>): Promise<void> {
  await trx.insertInto('scim_tokens').values(row).execute()
}

export async function updateToken(
  trx: Trx,
  tenantId: string,
  id: string,
  change: Updateable<ScimTokensTable>,
): Promise<void> {
  await trx.updateTable('scim_tokens').set(change).where('tenant_id', '=', tenantId).where('id', '=', id).execute()
}

function toToken(row: Row): ScimToken {
  return {
    id: row.id,
    label: row.label,
    hint: `mscim_…${row.last_four}`,
    access: row.access === 'read' ? 'read' : 'all',
    profile: ScimProfile.anyOf.map(({ const: name }) => name).find((name) => name === row.profile) ?? null,
    createdAt: row.created_at,
    createdBy: row.created_by,
    creatorId: row.creator_id,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    replacedBy: row.replaced_by,
    lastUsedAt: row.last_used_at,
    lastUsedAddress: row.last_used_address,
    lastUsedAgent: row.last_used_agent,
  }
}
