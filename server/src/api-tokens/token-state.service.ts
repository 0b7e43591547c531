import type { TrxCtx } from '../access/ctx.ts'
import { permissionsOf } from '../access/permissions.ts'
import { findServiceTokenRole } from './api-tokens.queries.ts'

/** Says whether a service token is alive and may invite at this moment. */
export async function serviceTokenMayInvite(ctx: TrxCtx, tokenId: string): Promise<boolean> {
  const token = await findServiceTokenRole(ctx.db, ctx.tenantId, tokenId)
  if (token === undefined || (token.expiresAt !== 0 && token.expiresAt <= ctx.now.getTime())) return false
  return permissionsOf(token.role).has('users:write')
}
