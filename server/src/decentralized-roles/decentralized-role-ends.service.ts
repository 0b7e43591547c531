import type { TrxCtx } from '../access/ctx.ts'
import { deleteAllOf } from './decentralized-roles.queries.ts'

/** Part of deleting a user; the event of the deletion says it all. */
export function deleteDecentralizedRolesOf(ctx: TrxCtx, userId: string): Promise<void> {
  return deleteAllOf(ctx.db, ctx.tenantId, userId)
}
