import { authorize } from '../access/authorize.ts'
import type { Ctx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { ApiError, notFound } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import { lockRole, moveMembers, readRoles, type RoleBook } from '../roles/roles.service.ts'
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

/** The change itself, for a user who is held; the same role again changes nothing. @throws last_admin */
export async function applyRole(ctx: TrxCtx, user: User, roleId: string, roles: RoleBook): Promise<void> {
  if (user.workspaceRoleId === roleId) return
  await requireOtherAdmin(ctx, user, roles)
  await updateUser(ctx.db, ctx.tenantId, user.id, { workspace_role_id: roleId, modified_at: ctx.now.getTime() })
  await moveMembers(ctx, user.workspaceRoleId, roleId)
  const data = { from: nameOf(roles, user.workspaceRoleId), to: nameOf(roles, roleId) }
  await recordEvent(ctx, { type: 'user.role_changed', subjectId: user.id, data, personal: {} })
  await roleChanged(ctx, user.id)
}

/**
 * Refuses to take the last enabled admin away, by whatever path. Decided under a lock,
 * so that two admins who demote each other at once leave one.
 *
 * @throws last_admin
 */
export async function requireOtherAdmin(ctx: TrxCtx, user: User, roles: RoleBook): Promise<void> {
  const admin = roles.requireWorkspaceRoleByName('$admin')
  if (user.workspaceRoleId !== admin.id) return
  await lockRole(ctx, admin.id)
  const isUsable = user.enabled && (user.invitedAt === 0 || user.acceptedAt > 0)
  if (isUsable && !(await hasOtherAdmin(ctx.db, ctx.tenantId, admin.id, user.id))) throw lastAdmin()
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
