import type { ReadCtx, TrxCtx } from '../access/ctx.ts'
import { boundsState, isTimeBound } from '../bounds/bounds.ts'
import type { NewEvent } from '../events/event-types.ts'
import { recordEvents } from '../events/record-event.ts'
import { moveMembers, type RoleBook } from '../roles/roles.service.ts'
import * as queries from './held-roles.queries.ts'
import type { Holding } from './held-roles.queries.ts'

/** The role grants of a user that hold now or will. */
export async function listOpenRoleGrants(ctx: ReadCtx, userId: string): Promise<Holding[]> {
  const grants = await queries.selectHoldings(ctx.db, 'role_grants', ctx.tenantId, userId)
  return grants.filter(({ bounds }) => boundsState(bounds, ctx.now.getTime()) !== 'expired')
}

/** Part of changing a user's own role, whose row is held: it is decided anew, so nothing else stands in for it, now or later. */
export async function endRoleGrants(ctx: TrxCtx, userId: string, roles: RoleBook): Promise<void> {
  const open = (await listOpenRoleGrants(ctx, userId)).map(({ roleId }) => roleId)
  const ended = await queries.deleteHoldings(ctx.db, 'role_grants', ctx.tenantId, userId, open)
  await recordEvents(
    ctx,
    ended.map(({ roleId }) => event('user.role_grant_removed', userId, roles, roleId)),
  )
}

/** Takes sub-roles away, from a user whose row is held; answers whether there were any. */
export async function endSubRoles(
  ctx: TrxCtx,
  userId: string,
  roles: RoleBook,
  roleIds: readonly string[] | 'all',
): Promise<boolean> {
  const ended = await queries.deleteHoldings(ctx.db, 'user_sub_roles', ctx.tenantId, userId, roleIds)
  await uncount(ctx, ended)
  await recordEvents(
    ctx,
    ended.map(({ roleId }) => event('user.sub_role_unassigned', userId, roles, roleId)),
  )
  return ended.length > 0
}

/** Part of deleting a user, whose row is held; the event of the deletion says it all. */
export async function deleteRolesBeside(ctx: TrxCtx, userId: string): Promise<void> {
  await queries.deleteHoldings(ctx.db, 'role_grants', ctx.tenantId, userId, 'all')
  await uncount(ctx, await queries.deleteHoldings(ctx.db, 'user_sub_roles', ctx.tenantId, userId, 'all'))
}

/** Those within bounds are counted when somebody asks. In id order, as everywhere. */
async function uncount(ctx: TrxCtx, ended: readonly Holding[]): Promise<void> {
  for (const { roleId, bounds } of ended) if (!isTimeBound(bounds)) await moveMembers(ctx, roleId, null)
}

function event(
  type: 'user.role_grant_removed' | 'user.sub_role_unassigned',
  userId: string,
  roles: RoleBook,
  roleId: string,
): NewEvent {
  return { type, subjectId: userId, data: { role: roles.byId(roleId)?.name ?? roleId }, personal: {} }
}
