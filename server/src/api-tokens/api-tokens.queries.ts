import type { Queryable, Trx } from '../db/db.ts'
import type { ApiToken } from './api-tokens.schema.ts'
import type { ApiTokensTable } from './api-tokens.table.ts'

export const tokenColumns = [
  'api_tokens.id',
  'api_tokens.client_id',
  'api_tokens.display_name',
  'api_tokens.description',
  'api_tokens.owner_id',
  'api_tokens.personas',
  'api_tokens.lifetime_seconds',
  'api_tokens.created_at',
  'api_tokens.created_by',
  'api_tokens.version',
] as const

export type TokenRow = Pick<
  ApiTokensTable,
  | 'id'
  | 'client_id'
  | 'display_name'
  | 'description'
  | 'owner_id'
  | 'personas'
  | 'lifetime_seconds'
  | 'created_at'
  | 'created_by'
  | 'version'
>

export async function insertToken(trx: Trx, row: ApiTokensTable): Promise<void> {
  await trx.insertInto('api_tokens').values(row).execute()
}

/** A token that was not revoked. */
export async function findToken(db: Queryable, tenantId: string, id: string): Promise<ApiToken | undefined> {
  const row = await db
    .selectFrom('api_tokens')
    .select(tokenColumns)
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .where('revoked_at', '=', 0)
    .executeTakeFirst()
  return row === undefined ? undefined : toToken(row)
}

type Change = Partial<Pick<ApiTokensTable, 'display_name' | 'description' | 'personas' | 'updated_at' | 'updated_by'>>

export async function updateToken(trx: Trx, tenantId: string, id: string, change: Change): Promise<void> {
  await trx
    .updateTable('api_tokens')
    .set((eb) => ({ ...change, version: eb('version', '+', 1) }))
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .execute()
}

/** Answers false when the token was revoked meanwhile. */
export async function replaceSecret(
  trx: Trx,
  tenantId: string,
  id: string,
  secret: Pick<ApiTokensTable, 'token_hash' | 'last_four'>,
): Promise<boolean> {
  const result = await trx
    .updateTable('api_tokens')
    .set(secret)
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .where('revoked_at', '=', 0)
    .executeTakeFirst()
  return result.numUpdatedRows > 0n
}

/** Answers false when somebody else was first. */
export async function revokeToken(trx: Trx, tenantId: string, id: string, at: number): Promise<boolean> {
  const result = await trx
    .updateTable('api_tokens')
    .set({ revoked_at: at })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .where('revoked_at', '=', 0)
    .executeTakeFirst()
  return result.numUpdatedRows > 0n
}

/** Takes a deleted user's tokens away; answers how many of them were alive. */
export async function deleteTokensOfOwner(trx: Trx, tenantId: string, ownerId: string): Promise<number> {
  const rows = await trx
    .deleteFrom('api_tokens')
    .where('tenant_id', '=', tenantId)
    .where('owner_id', '=', ownerId)
    .returning('revoked_at')
    .execute()
  return rows.filter((row) => row.revoked_at === 0).length
}

export async function updateLastUsed(trx: Trx, tenantId: string, id: string, at: number): Promise<void> {
  await trx
    .updateTable('api_tokens')
    .set({ last_used_at: at })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .where('last_used_at', '<', at)
    .execute()
}

export function toToken(row: TokenRow): ApiToken {
  return {
    id: row.id,
    clientId: row.client_id,
    displayName: row.display_name,
    description: row.description,
    ownerId: row.owner_id,
    personas: JSON.parse(row.personas),
    lifetimeSeconds: row.lifetime_seconds,
    createdAt: row.created_at,
    createdBy: row.created_by,
    version: row.version,
  }
}

/** Role and expiry of a service token that was not revoked. */
export async function findServiceTokenRole(
  db: Queryable,
  tenantId: string,
  id: string,
): Promise<{ role: string; expiresAt: number } | undefined> {
  return db
    .selectFrom('api_tokens')
    .innerJoin('roles', (join) =>
      join.onRef('roles.tenant_id', '=', 'api_tokens.tenant_id').onRef('roles.id', '=', 'api_tokens.role_id'),
    )
    .select(['roles.name as role', 'api_tokens.expires_at as expiresAt'])
    .where('api_tokens.tenant_id', '=', tenantId)
    .where('api_tokens.id', '=', id)
    .where('api_tokens.revoked_at', '=', 0)
    .executeTakeFirst()
}
