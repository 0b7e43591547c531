import type { TrxCtx } from '../access/ctx.ts'
import { permissionsOf } from '../access/permissions.ts'
import { findClientRole } from './oauth-clients.queries.ts'

/** Says whether an OAuth client still exists and may invite at this moment. */
export async function oauthClientMayInvite(ctx: TrxCtx, id: string): Promise<boolean> {
  const role = await findClientRole(ctx.db, ctx.tenantId, id)
  return role !== undefined && permissionsOf(role).has('users:write')
}
