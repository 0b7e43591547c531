import { authorize } from '../access/authorize.ts'
import type { Ctx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { deleteTokensOfOwner } from '../api-tokens/api-tokens.service.ts'
import { addToCounter } from '../db/counters.ts'
import { ApiError, notFound } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import { removeUserFromAllGroups } from '../groups/group-members.service.ts'
import { deleteInvitationsOf } from '../invitations/invitations.service.ts'
import { deleteCredential } from '../passwords/passwords.service.ts'
import { removeUserFromPersonas } from '../personas/persona-subjects.service.ts'
import { removeUserFromPurposes } from '../purposes/purpose-subjects.service.ts'
import { moveMembers, readRoles } from '../roles/roles.service.ts'
import { endSessionsOf } from '../sessions/sessions.service.ts'
import { getTenant } from '../tenants/tenants.service.ts'
import { holdUser, requireOtherAdmin } from './user-roles.service.ts'
import { cannotDisableSelf, isScimManaged, managedByScim } from './user-rules.ts'
import { deleteUser as removeUser } from './user-writes.queries.ts'
import { findUser } from './users.queries.ts'
import type { User } from './users.schema.ts'

/**
 * Deletes a user for good: memberships, tokens, invitations and credentials go, the events stay,
 * name and address are free again.
 *
 * @param transferToUserId who takes over what the user alone owned
 * @throws insufficient_role · user_not_found · cannot_disable_self · last_admin · managed_by_scim · transfer_target_disabled
 * @source contract/rest-api.md, U11
 */
export async function deleteUser(ctx: Ctx, userId: string, transferToUserId: string | null): Promise<void> {
  authorize(ctx, 'users:write')
  await inTransaction(ctx, async (ctx) => {
    const user = await holdUser(ctx, userId)
    await requireTransferTarget(ctx, userId, transferToUserId)
    if (ctx.actor.userId === userId) throw cannotDisableSelf('delete')
    const { settings } = await getTenant(ctx)
    if (user.enabled && isScimManaged(user, settings.scimIsOn)) throw managedByScim('remove them')
    await deleteHeldUser(ctx, user, transferToUserId)
  })
}

/**
 * The deletion itself, for a user who is held; for identity providers too, who own whom they delete.
 *
 * @throws last_admin
 */
export async function deleteHeldUser(ctx: TrxCtx, user: User, transferToUserId: string | null): Promise<void> {
  const userId = user.id
  // Counts in the order in which invitations move them, so that the two never wait for each other in a ring.
  await addToCounter(ctx.db, ctx.tenantId, 'users', -1)
  await requireOtherAdmin(ctx, user, await readRoles(ctx))
  await moveMembers(ctx, user.workspaceRoleId, null)
  await removeUserFromAllGroups(ctx, userId)
  await removeUserFromPersonas(ctx, userId)
  await removeUserFromPurposes(ctx, userId)
  await deleteTokensOfOwner(ctx, userId)
  await deleteInvitationsOf(ctx, userId)
  await deleteCredential(ctx, userId)
  await endSessionsOf(ctx, userId, 'deleted')
  await removeUser(ctx.db, ctx.tenantId, userId)
  await recordEvent(ctx, {
    type: 'user.deleted',
    subjectId: userId,
    data: { transferredTo: transferToUserId },
    personal: { email: user.email, username: user.username },
  })
}

async function requireTransferTarget(ctx: TrxCtx, userId: string, targetId: string | null): Promise<void> {
  if (targetId === null) return
  const target = await findUser(ctx.db, ctx.tenantId, targetId)
  if (target === undefined) throw notFound('user_not_found')
  if (!target.enabled || targetId === userId) {
    throw new ApiError('transfer_target_disabled', { detail: 'transferToUserId must be another user who is enabled.' })
  }
}
