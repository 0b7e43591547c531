import { authorize } from '../access/authorize.ts'
import type { Ctx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { boundsData, boundsState, forever, hasSameBounds, overlaps, requireBounds } from '../bounds/bounds.ts'
import { ApiError } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import type { Page } from '../lists/envelope.ts'
import type { ListQuery } from '../lists/list-query.ts'
import { readRoles } from '../roles/roles.service.ts'
import type { Role } from '../roles/roles.schema.ts'
import { holdUser, noteRolesChanged, requireOtherAdmin } from '../users/user-roles.service.ts'
import type { User } from '../users/users.schema.ts'
import { selectHeldRolePage } from './held-roles-page.queries.ts'
import * as queries from './held-roles.queries.ts'
import type { HeldRole, NewHeldRole } from './held-roles.schema.ts'
import { authorizeReadingRolesOf, toHeldRole } from './held-roles.service.ts'

/** Role grants of a user, those that ended included. @throws insufficient_role · user_not_found · invalid_filter */
export async function listRoleGrants(ctx: Ctx, userId: string, query: ListQuery): Promise<Page<HeldRole>> {
  await authorizeReadingRolesOf(ctx, userId)
  return selectHeldRolePage(ctx.db, 'role_grants', ctx.tenantId, { userId, query, now: ctx.now })
}

/**
 * Gives a user another workspace role for a time: while the grant is valid, it stands in for the user's own, higher or lower.
 * The same role again changes the bounds; two roles at one time are refused.
 *
 * @throws insufficient_role · user_not_found · role_not_found · invalid_body · role_grant_conflict · last_admin
 */
export async function giveRoleGrant(ctx: Ctx, userId: string, { roleId, bounds }: NewHeldRole): Promise<HeldRole> {
  authorize(ctx, 'users:write')
  if (bounds.expiresAt === forever) {
    throw new ApiError('invalid_body', {
      detail: 'expiresAt is missing: a role grant ends. To give a role for good, change the role of the user.',
    })
  }
  requireBounds(bounds, ctx.now)
  return inTransaction(ctx, async (ctx) => {
    const roles = await readRoles(ctx)
    const role = roles.requireWorkspaceRoleById(roleId)
    const user = await holdUser(ctx, userId)
    const grants = await queries.selectHoldings(ctx.db, 'role_grants', ctx.tenantId, userId)
    const before = grants.find((grant) => grant.roleId === role.id)
    if (before !== undefined && hasSameBounds(before.bounds, bounds)) return toHeldRole(role, before)
    requireRoom(ctx, user, { role, bounds }, grants)
    // An admin whom a grant makes something else is none for that time.
    await requireOtherAdmin(ctx, user, roles)
    const grant = { roleId: role.id, bounds, givenAt: ctx.now.getTime(), givenBy: ctx.actor.name }
    await queries.upsertHolding(ctx.db, 'role_grants', ctx.tenantId, { ...grant, userId })
    await noteRolesChanged(ctx, userId, bounds)
    const isChange = before !== undefined && boundsState(before.bounds, ctx.now.getTime()) !== 'expired'
    await recordEvent(ctx, {
      type: isChange ? 'user.role_grant_changed' : 'user.role_granted',
      subjectId: userId,
      data: { role: role.name, ...boundsData(bounds) },
      personal: {},
    })
    return toHeldRole(role, grant)
  })
}

/** Ends a role grant, or takes one back that is yet to come; repeating changes nothing. @throws insufficient_role · user_not_found */
export async function removeRoleGrant(ctx: Ctx, userId: string, roleId: string): Promise<void> {
  authorize(ctx, 'users:write')
  await inTransaction(ctx, async (ctx) => {
    await holdUser(ctx, userId)
    const removed = await queries.deleteHoldings(ctx.db, 'role_grants', ctx.tenantId, userId, [roleId])
    if (removed.length === 0) return
    await noteRolesChanged(ctx, userId)
    const role = (await readRoles(ctx)).byId(roleId)?.name ?? roleId
    await recordEvent(ctx, { type: 'user.role_grant_removed', subjectId: userId, data: { role }, personal: {} })
  })
}

/** @throws role_grant_conflict */
function requireRoom(
  ctx: TrxCtx,
  user: User,
  { role, bounds }: { readonly role: Role; readonly bounds: NewHeldRole['bounds'] },
  grants: readonly queries.Holding[],
): void {
  if (user.workspaceRoleId === role.id) {
    throw new ApiError('role_grant_conflict', {
      detail: `The user is ${role.name} without a grant already; nothing would be granted.`,
    })
  }
  const now = ctx.now.getTime()
  const other = grants.find(
    (grant) =>
      grant.roleId !== role.id && boundsState(grant.bounds, now) !== 'expired' && overlaps(grant.bounds, bounds),
  )
  if (other !== undefined) {
    throw new ApiError('role_grant_conflict', {
      detail: `The user is granted another role until ${new Date(other.bounds.expiresAt).toISOString()}; remove that grant, or choose bounds that do not overlap.`,
    })
  }
}
