import { authorize } from '../access/authorize.ts'
import type { Ctx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { boundsState, isTimeBound, type Bounds } from '../bounds/bounds.ts'
import { ApiError, notFound } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import { lockRole, moveMembers, readRoles, type RoleBook } from '../roles/roles.service.ts'
import { endRoleGrants, endSubRoles, listOpenRoleGrants } from '../user-roles/role-ends.service.ts'
import { roleChanged } from '../sessions/sessions.service.ts'
import { lastAdmin } from './user-rules.ts'
import { lockUser, updateUser } from './user-writes.queries.ts'
import { findUser, hasOtherAdmin } from './users.queries.ts'
import type { User } from './users.schema.ts'

/**
 * Gives a user another workspace role.
 *
 * @throws insufficient_role · role_not_found · user_not_found · last_admin
 * @source contract/rest-api.md, U5
 */
export async function changeRoleById(ctx: Ctx, userId: string, roleId: string): Promise<void> {
  authorize(ctx, 'users:write')
  await inTransaction(ctx, async (ctx) => {
    const roles = await readRoles(ctx)
    const role = roles.requireWorkspaceRoleById(roleId)
    await applyRole(ctx, await holdUser(ctx, userId), role.id, roles)
  })
}

/**
 * The same from a list, of which the first workspace role counts; every entry must be a role's id.
 *
 * @source contract/rest-api.md, U6
 */
export async function changeRoleByIds(ctx: Ctx, userId: string, roleIds: readonly string[]): Promise<void> {
  authorize(ctx, 'users:write')
  await inTransaction(ctx, async (ctx) => {
    const roles = await readRoles(ctx)
    const wanted = roleIds.map((id) =>
      roles.byId(id)?.level === 'admin-subrole' ? undefined : roles.requireWorkspaceRoleById(id),
    )
    const role = wanted.find((candidate) => candidate !== undefined)
    if (role === undefined) {
      throw new ApiError('role_not_found', {
        detail: 'roles names no workspace role; send the id of one from GET /api/service/roles.',
      })
    }
    await applyRole(ctx, await holdUser(ctx, userId), role.id, roles)
  })
}

/**
 * The change itself, for a user who is held: the next read shows this role, so role grants end with it, and sub-roles
 * with the role of member. The role the user has already, with nothing standing in for it, changes nothing.
 *
 * @throws last_admin
 */
export async function applyRole(ctx: TrxCtx, user: User, roleId: string, roles: RoleBook): Promise<void> {
  if (!(await wouldChangeRole(ctx, user, roleId))) return
  if (user.workspaceRoleId === roleId) {
    await noteRolesChanged(ctx, user.id)
  } else {
    await requireOtherAdmin(ctx, user, roles)
    await updateUser(ctx.db, ctx.tenantId, user.id, { workspace_role_id: roleId, modified_at: ctx.now.getTime() })
    await moveMembers(ctx, user.workspaceRoleId, roleId)
    const data = { from: nameOf(roles, user.workspaceRoleId), to: nameOf(roles, roleId) }
    await recordEvent(ctx, { type: 'user.role_changed', subjectId: user.id, data, personal: {} })
    await roleChanged(ctx, user.id)
  }
  await endWithRole(ctx, user, roleId, roles)
}

/** Says whether a user has another role now, of their own or by a grant. */
export async function wouldChangeRole(ctx: TrxCtx, user: User, roleId: string): Promise<boolean> {
  if (user.workspaceRoleId !== roleId) return true
  const grants = user.hasMoreRoles ? await listOpenRoleGrants(ctx, user.id) : []
  return grants.some(({ bounds }) => boundsState(bounds, ctx.now.getTime()) === 'active')
}

/** What ends when the user's own role becomes this one. */
export async function endWithRole(ctx: TrxCtx, user: User, roleId: string, roles: RoleBook): Promise<void> {
  if (!user.hasMoreRoles) return
  await endRoleGrants(ctx, user.id, roles)
  if (user.workspaceRoleId !== roleId) await endSubRoles(ctx, user.id, roles, 'all')
}

/** Roles of a user changed beside the row itself: the version rises, and reads look for them from now on. */
export async function noteRolesChanged(ctx: TrxCtx, userId: string, bounds?: Bounds): Promise<void> {
  await updateUser(ctx.db, ctx.tenantId, userId, {
    has_more_roles: 1,
    modified_at: ctx.now.getTime(),
    ...(bounds !== undefined && isTimeBound(bounds) ? { has_time_bounds: 1 } : {}),
  })
}

/**
 * Refuses to take the last enabled admin away, by whatever path. Decided under a lock,
 * so that two admins who demote each other at once leave one. By grant nobody is an admin for good,
 * and an admin whom a grant makes something else, now or later, is none either: the clock takes nobody's last admin away.
 *
 * @throws last_admin
 */
export async function requireOtherAdmin(ctx: TrxCtx, user: User, roles: RoleBook): Promise<void> {
  const admin = roles.requireWorkspaceRoleByName('$admin')
  if (user.workspaceRoleId !== admin.id) return
  await lockRole(ctx, admin.id)
  const isUsable = user.enabled && (user.invitedAt === 0 || user.acceptedAt > 0)
  const asked = { adminRoleId: admin.id, userId: user.id, now: ctx.now }
  if (isUsable && !(await hasOtherAdmin(ctx.db, ctx.tenantId, asked))) throw lastAdmin()
}

/** The user, whom nobody else changes until the transaction ends: two changes at once must not both start from the same role. @throws user_not_found */
export async function holdUser(ctx: TrxCtx, userId: string): Promise<User> {
  await lockUser(ctx.db, ctx.tenantId, userId)
  return requireUser(ctx, userId)
}

/** @throws user_not_found */
export async function requireUser(ctx: TrxCtx, userId: string): Promise<User> {
  const user = await findUser(ctx.db, ctx.tenantId, userId)
  if (user === undefined) throw notFound('user_not_found')
  return user
}

function nameOf(roles: RoleBook, id: string): string {
  return roles.byId(id)?.name ?? id
}
