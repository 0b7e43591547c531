import { authorize } from '../access/authorize.ts'
import type { Ctx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { addToCounter } from '../db/counters.ts'
import { ApiError, notFound } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import type { WalkedPage } from '../lists/envelope.ts'
import type { ListQuery } from '../lists/list-query.ts'
import { discardWaiting, forgetItems } from '../outbox/outbox.ts'
import { readRoles } from '../roles/roles.service.ts'
import { takeMail } from '../rates/mail-rate.ts'
import { hashSecret, newSecret } from '../secrets/secrets.ts'
import { getCursorKey } from '../tenants/tenant-keys.service.ts'
import { getUser } from '../users/users.service.ts'
import { invitationMail, promiseMails } from './invitation-mail.ts'
import * as queries from './invitations.queries.ts'
import { invitationLifetimeMs, invitationState, type Invitation, type InvitationState } from './invitations.schema.ts'
import { inviterOf, sendInvitations } from './invite.service.ts'

/** An invitation with what it offers, as admins see it. */
export interface InvitationView extends Invitation {
  readonly role: string
  readonly state: InvitationState
}

/** @throws insufficient_role · invalid_filter · invalid_cursor */
export async function listInvitations(ctx: Ctx, query: ListQuery): Promise<WalkedPage<InvitationView>> {
  authorize(ctx, 'invitations:manage')
  const seal = { key: await getCursorKey(ctx), tenantId: ctx.tenantId, list: 'invitations' }
  const page = await queries.selectInvitationPage(ctx.db, ctx.tenantId, query, seal)
  const roles = await readRoles(ctx)
  return {
    ...page,
    items: page.items.map((invitation) => toView(ctx, invitation, roles.byId(invitation.roleId)?.name ?? '')),
  }
}

/** @throws insufficient_role · invitation_not_found */
export async function getInvitation(ctx: Ctx, id: string): Promise<InvitationView> {
  authorize(ctx, 'invitations:manage')
  const invitation = await requireInvitation(ctx, id)
  return toView(ctx, invitation, (await readRoles(ctx)).byId(invitation.roleId)?.name ?? '')
}

/**
 * Sends a new link by mail and starts seven new days; earlier links end.
 *
 * @throws insufficient_role · invitation_not_found · invitation_closed · rate_limited
 */
export async function resendInvitation(ctx: Ctx, id: string): Promise<void> {
  authorize(ctx, 'invitations:manage')
  await inTransaction(ctx, async (ctx) => {
    const { invitation, token, role } = await renewLink(ctx, id)
    await takeMail(ctx, invitation.email)
    await recordEvent(ctx, {
      type: 'invitation.resent',
      subjectId: invitation.userId,
      data: {},
      personal: { email: invitation.email },
    })
    await promiseMails(ctx, [{ invitation, role, token, tokenHash: hashSecret(token) }])
  })
}

/**
 * A new link to hand over by hand: no mail is sent, earlier links and mails that still wait end.
 *
 * @returns the token of the link; shown once
 * @throws insufficient_role · invitation_not_found · invitation_closed
 */
export async function copyInvitationLink(ctx: Ctx, id: string): Promise<{ token: string; expiresAt: number }> {
  authorize(ctx, 'invitations:manage')
  return inTransaction(ctx, async (ctx) => {
    const { invitation, token } = await renewLink(ctx, id)
    await discardWaiting(ctx, invitationMail, [id])
    await recordEvent(ctx, {
      type: 'invitation.link_copied',
      subjectId: invitation.userId,
      data: {},
      personal: { email: invitation.email },
    })
    return { token, expiresAt: invitation.expiresAt }
  })
}

/** Ends an invitation; the pending user stays and can be invited again. Repeating changes nothing. */
export async function revokeInvitation(ctx: Ctx, id: string): Promise<void> {
  authorize(ctx, 'invitations:manage')
  await inTransaction(ctx, async (ctx) => {
    const invitation = await requireInvitation(ctx, id)
    if (invitation.acceptedAt > 0) throw closed('accepted')
    if (!(await queries.updateOpenInvitation(ctx.db, ctx.tenantId, id, { revoked_at: ctx.now.getTime() }))) return
    await discardWaiting(ctx, invitationMail, [id])
    await recordEvent(ctx, {
      type: 'invitation.revoked',
      subjectId: invitation.userId,
      data: {},
      personal: { email: invitation.email },
    })
  })
}

/**
 * After the address of a pending user changed: the old link ends, a new one goes to the new address. One that was
 * revoked stays so.
 *
 * @throws rate_limited
 */
export async function reissueInvitation(ctx: TrxCtx, userId: string, email: string): Promise<void> {
  const revoked = await queries.revokeOpenOf(ctx.db, ctx.tenantId, userId, ctx.now.getTime())
  if (revoked.length === 0) return
  await discardWaiting(ctx, invitationMail, revoked)
  const user = await getUser(ctx, userId)
  const role = (await readRoles(ctx)).requireWorkspaceRoleById(user.workspaceRoleId)
  await takeMail(ctx, email)
  await sendInvitations(ctx, [{ id: userId, email, role }], await inviterOf(ctx))
}

/** An identity provider lets this user in from now on: open links end, without another word to anybody. */
export async function voidInvitations(ctx: TrxCtx, userId: string): Promise<void> {
  const revoked = await queries.revokeOpenOf(ctx.db, ctx.tenantId, userId, ctx.now.getTime())
  await discardWaiting(ctx, invitationMail, revoked)
}

/** Part of deleting a user. */
export async function deleteInvitationsOf(ctx: TrxCtx, userId: string): Promise<void> {
  const ids = await queries.deleteInvitationsOf(ctx.db, ctx.tenantId, userId)
  await addToCounter(ctx.db, ctx.tenantId, 'invitations', -ids.length)
  await forgetItems(ctx, invitationMail, ids)
}

async function requireInvitation(ctx: Ctx | TrxCtx, id: string): Promise<Invitation> {
  const invitation = await queries.findInvitation(ctx.db, ctx.tenantId, id)
  if (invitation === undefined) throw notFound('invitation_not_found')
  return invitation
}

async function renewLink(ctx: TrxCtx, id: string): Promise<{ invitation: Invitation; token: string; role: string }> {
  const invitation = await requireInvitation(ctx, id)
  const token = newSecret('minv_')
  const now = ctx.now.getTime()
  const change = { token_hash: hashSecret(token), expires_at: now + invitationLifetimeMs, last_sent_at: now }
  if (!(await queries.updateOpenInvitation(ctx.db, ctx.tenantId, id, change))) {
    throw closed(invitationState(invitation, now))
  }
  const user = await getUser(ctx, invitation.userId)
  const role = (await readRoles(ctx)).byId(user.workspaceRoleId)?.name ?? ''
  return { invitation: { ...invitation, expiresAt: change.expires_at, lastSentAt: now }, token, role }
}

function closed(state: InvitationState): ApiError {
  return new ApiError('invitation_closed', {
    detail:
      state === 'accepted' ? 'This invitation was accepted.' : 'This invitation was revoked; invite the address again.',
  })
}

function toView(ctx: Ctx, invitation: Invitation, role: string): InvitationView {
  return { ...invitation, role, state: invitationState(invitation, ctx.now.getTime()) }
}
