import type { Ctx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { permissionsOf } from '../access/permissions.ts'
import { serviceTokenMayInvite } from '../api-tokens/token-state.service.ts'
import { ApiError } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import { oauthClientMayInvite } from '../oauth-clients/client-state.service.ts'
import { hashNewPassword, storePassword } from '../passwords/passwords.service.ts'
import { readRoles } from '../roles/roles.service.ts'
import { hashSecret } from '../secrets/secrets.ts'
import { getTenant } from '../tenants/tenants.service.ts'
import { requireCleanName } from '../text/clean-text.ts'
import { completeInvitedUser } from '../users/user-acceptance.service.ts'
import { requireUsername } from '../users/user-rules.ts'
import type { User } from '../users/users.schema.ts'
import { getUserView } from '../users/users.service.ts'
import { consumeInvitation, consumeInvitationOf, findInvitationByToken } from './invitations.queries.ts'
import { invitationState, type Acceptance, type Invitation, type InvitationOffer } from './invitations.schema.ts'

/**
 * What a link offers, without using it up: mail scanners open links.
 *
 * @throws invalid_invitation: one text for every way in which a link can be wrong
 */
export async function getOffer(ctx: Ctx, token: string): Promise<InvitationOffer> {
  const invitation = await findInvitationByToken(ctx.db, ctx.tenantId, hashSecret(token))
  if (invitation === undefined || invitationState(invitation, ctx.now.getTime()) !== 'open') throw invalidInvitation()
  const user = await getUserView(ctx, invitation.userId)
  if (!user.enabled) throw invalidInvitation()
  const { username, firstName, lastName, workspaceRole } = user
  return {
    email: invitation.email,
    username,
    firstName,
    lastName,
    inviterName: invitation.inviterKind === 'user' ? invitation.inviterName : null,
    workspace: (await getTenant(ctx)).name,
    role: workspaceRole,
  }
}

/**
 * Turns a pending user into one who can sign in. Address, role and groups come from the invitation alone.
 *
 * @throws invalid_invitation · weak_password · username_exists · invalid_body
 * @source contract/security-and-reliability.md, V-I1 to V-I6
 */
export async function acceptInvitation(ctx: Ctx, input: Acceptance): Promise<User> {
  const tokenHash = hashSecret(input.token)
  const offer = await getOffer(ctx, input.token)
  const username = input.username === null ? offer.username : requireUsername(input.username, ctx.limits)
  const firstName = requireCleanName(input.firstName ?? offer.firstName, 'firstName', ctx.limits)
  const lastName = requireCleanName(input.lastName ?? offer.lastName, 'lastName', ctx.limits)
  const tenant = await getTenant(ctx)
  const passwordHash = await hashNewPassword(ctx, input.password, [
    username,
    offer.email,
    offer.email.split('@')[0] ?? '',
    tenant.slug,
  ])
  return inTransaction(ctx, async (ctx) => {
    const invitation = await consumeInvitation(ctx.db, ctx.tenantId, tokenHash, ctx.now.getTime())
    if (invitation === undefined) throw invalidInvitation()
    const roles = await readRoles(ctx)
    const guest = roles.requireWorkspaceRoleByName('$guest')
    const roleId = (await inviterMayStillGrant(ctx, invitation)) ? null : guest.id
    const user = await completeInvitedUser(ctx, invitation.userId, { username, firstName, lastName, roleId })
    if (user === undefined) throw invalidInvitation()
    await storePassword(ctx, user.id, passwordHash)
    await recordEvent(ctx, {
      type: 'invitation.accepted',
      subjectId: user.id,
      data: { role: roles.byId(user.workspaceRoleId)?.name ?? '' },
      personal: { email: user.email, username: user.username },
    })
    return user
  })
}

/**
 * Accepts on behalf of somebody whom an identity provider has just signed in with the address that was invited.
 * The role is the one invited with, unless the inviter may not give it any more.
 *
 * @source contract/security-and-reliability.md 5.4
 */
export async function acceptBySignIn(ctx: TrxCtx, user: User): Promise<void> {
  const invitation = await consumeInvitationOf(ctx.db, ctx.tenantId, user.id, ctx.now.getTime())
  const roles = await readRoles(ctx)
  const mayGrant = invitation !== undefined && (await inviterMayStillGrant(ctx, invitation))
  const accepted = await completeInvitedUser(ctx, user.id, {
    username: user.username,
    firstName: user.firstName,
    lastName: user.lastName,
    roleId: mayGrant ? null : roles.requireWorkspaceRoleByName('$guest').id,
  })
  if (accepted === undefined) throw invalidInvitation()
  await recordEvent(ctx, {
    type: 'invitation.accepted',
    subjectId: user.id,
    data: { role: roles.byId(accepted.workspaceRoleId)?.name ?? '' },
    personal: { email: accepted.email, username: accepted.username },
  })
}

function invalidInvitation(): ApiError {
  return new ApiError('invalid_invitation', {
    detail:
      'This invitation link is not valid: it may have been used, replaced, revoked, or be older than seven days. Ask whoever invited you to send it again.',
  })
}

/** Somebody who has lost the right to invite since cannot hand out more than the least. */
async function inviterMayStillGrant(ctx: TrxCtx, invitation: Invitation): Promise<boolean> {
  if (invitation.inviterKind === 'system') return true
  if (invitation.inviterKind === 'api_token') return serviceTokenMayInvite(ctx, invitation.inviterId)
  if (invitation.inviterKind === 'oauth_client') return oauthClientMayInvite(ctx, invitation.inviterId)
  try {
    const inviter = await getUserView(ctx, invitation.inviterId)
    return inviter.enabled && permissionsOf(inviter.workspaceRole).has('users:write')
  } catch (error) {
    if (error instanceof ApiError && error.code === 'user_not_found') return false
    throw error
  }
}
