import { authorize } from '../access/authorize.ts'
import type { Ctx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { boundsData, boundsState, hasSameBounds, isTimeBound, requireBounds, type Bounds } from '../bounds/bounds.ts'
import { ApiError } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import type { Page } from '../lists/envelope.ts'
import type { ListQuery } from '../lists/list-query.ts'
import { moveMembers, readRoles } from '../roles/roles.service.ts'
import { holdUser, noteRolesChanged } from '../users/user-roles.service.ts'
import { selectHeldRolePage } from './held-roles-page.queries.ts'
import * as queries from './held-roles.queries.ts'
import type { HeldRole, NewHeldRole } from './held-roles.schema.ts'
import { authorizeReadingRolesOf, toHeldRole } from './held-roles.service.ts'
import { endSubRoles } from './role-ends.service.ts'

/** Sub-roles of a user, in whatever state. @throws insufficient_role · user_not_found · invalid_filter */
export async function listSubRoles(ctx: Ctx, userId: string, query: ListQuery): Promise<Page<HeldRole>> {
  await authorizeReadingRolesOf(ctx, userId)
  return selectHeldRolePage(ctx.db, 'user_sub_roles', ctx.tenantId, { userId, query, now: ctx.now })
}

/**
 * Adds a sub-role to a member; the same again with other bounds changes the bounds.
 * It goes with the role of member: another role takes it away, a grant of another role suspends it.
 *
 * @throws insufficient_role · user_not_found · role_not_found · invalid_body · sub_role_needs_member
 * @source contract/rest-api.md, 8.1
 */
export async function assignSubRole(ctx: Ctx, userId: string, { roleId, bounds }: NewHeldRole): Promise<HeldRole> {
  authorize(ctx, 'users:write')
  requireBounds(bounds, ctx.now)
  return inTransaction(ctx, async (ctx) => {
    const roles = await readRoles(ctx)
    const role = roles.requireSubRoleById(roleId)
    const user = await holdUser(ctx, userId)
    const own = roles.byId(user.workspaceRoleId)?.name ?? ''
    if (own !== '$member') {
      throw new ApiError('sub_role_needs_member', {
        detail: `Sub-roles add to a $member, and this user is ${own}; make the user a member first.`,
      })
    }
    const held = await queries.selectHoldings(ctx.db, 'user_sub_roles', ctx.tenantId, userId)
    const before = held.find((holding) => holding.roleId === role.id)
    if (before !== undefined && hasSameBounds(before.bounds, bounds)) return toHeldRole(role, before)
    const holding = { roleId: role.id, bounds, givenAt: ctx.now.getTime(), givenBy: ctx.actor.name }
    await queries.upsertHolding(ctx.db, 'user_sub_roles', ctx.tenantId, { ...holding, userId })
    const by = countedAs(bounds) - (before === undefined ? 0 : countedAs(before.bounds))
    if (by !== 0) await moveMembers(ctx, null, role.id, by)
    await noteRolesChanged(ctx, userId, bounds)
    const isChange = before !== undefined && boundsState(before.bounds, ctx.now.getTime()) !== 'expired'
    await recordEvent(ctx, {
      type: isChange ? 'user.sub_role_changed' : 'user.sub_role_assigned',
      subjectId: userId,
      data: { role: role.name, ...boundsData(bounds) },
      personal: {},
    })
    return toHeldRole(role, holding)
  })
}

/** Takes a sub-role away; repeating changes nothing. @throws insufficient_role · user_not_found */
export async function unassignSubRole(ctx: Ctx, userId: string, roleId: string): Promise<void> {
  authorize(ctx, 'users:write')
  await inTransaction(ctx, async (ctx) => {
    await holdUser(ctx, userId)
    if (await endSubRoles(ctx, userId, await readRoles(ctx), [roleId])) await noteRolesChanged(ctx, userId)
  })
}

/** The kept count is of those for good. */
function countedAs(bounds: Bounds): number {
  return isTimeBound(bounds) ? 0 : 1
}
