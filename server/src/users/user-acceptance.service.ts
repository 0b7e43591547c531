import type { TrxCtx } from '../access/ctx.ts'
import { toKey } from '../db/normal-key.ts'
import { violatesUnique } from '../db/dialects/violations.ts'
import { ApiError } from '../errors/api-error.ts'
import { moveMembers, readRoles } from '../roles/roles.service.ts'
import { endWithRole } from './user-roles.service.ts'
import { lockUser, updateUser } from './user-writes.queries.ts'
import { findUser } from './users.queries.ts'
import { isPending, type User } from './users.schema.ts'

interface Completion {
  readonly username: string
  readonly firstName: string
  readonly lastName: string
  /** Another role than the one invited with; null keeps it. */
  readonly roleId: string | null
}

/**
 * Part of accepting an invitation: the chosen name becomes permanent, the address is proven.
 *
 * @returns undefined when the user is gone, disabled, or has accepted already
 * @throws username_exists
 */
export async function completeInvitedUser(
  ctx: TrxCtx,
  userId: string,
  completion: Completion,
): Promise<User | undefined> {
  await lockUser(ctx.db, ctx.tenantId, userId)
  const user = await findUser(ctx.db, ctx.tenantId, userId)
  if (user === undefined || !user.enabled || !isPending(user)) return undefined
  const roleId = completion.roleId ?? user.workspaceRoleId
  try {
    await updateUser(ctx.db, ctx.tenantId, userId, {
      username: completion.username,
      username_key: toKey(completion.username),
      first_name: completion.firstName,
      first_name_key: toKey(completion.firstName),
      last_name: completion.lastName,
      last_name_key: toKey(completion.lastName),
      accepted_at: ctx.now.getTime(),
      modified_at: ctx.now.getTime(),
      email_verified: 1,
      workspace_role_id: roleId,
    })
  } catch (error) {
    if (!violatesUnique(error, 'users', 'username_key')) throw error
    throw new ApiError('username_exists', {
      detail: `The username "${completion.username}" is taken; choose another.`,
      cause: error,
    })
  }
  await moveMembers(ctx, user.workspaceRoleId, roleId)
  if (roleId !== user.workspaceRoleId) await endWithRole(ctx, user, roleId, await readRoles(ctx))
  return findUser(ctx.db, ctx.tenantId, userId)
}
