import type { Db } from '../db/db.ts'
import { html } from '../http/html.ts'
import type { Message } from '../mail/mail.schema.ts'
import type { Outcome } from '../outbox/dispatcher.ts'
import type { ClaimedItem } from '../outbox/outbox.ts'
import { hashSecret } from '../secrets/secrets.ts'
import { findTenantById } from '../tenants/tenants.service.ts'
import type { InvitationMail } from './invitation-mail.ts'
import { findInvitationByToken } from './invitations.queries.ts'
import { invitationState } from './invitations.schema.ts'

interface Options {
  readonly db: Db
  readonly clock: () => Date
  readonly linkTo: (tenantId: string, token: string) => Promise<string>
  readonly send: (message: Message) => Promise<Outcome>
}

/** Sends the mail of an invitation, unless its reason is gone by now: closed, or its link replaced by another (security contract, G4). */
export function deliverInvitations({ db, clock, linkTo, send }: Options): (item: ClaimedItem) => Promise<Outcome> {
  return async (item) => {
    const mail = readMail(item.payload)
    const token = mail.secret?.token ?? ''
    const invitation = await findInvitationByToken(db.forTenant(item.tenantId), item.tenantId, hashSecret(token))
    if (invitation === undefined) return { kind: 'discarded', reason: 'the invitation is gone, or has another link' }
    if (invitationState(invitation, clock().getTime()) !== 'open')
      return { kind: 'discarded', reason: 'the invitation is closed' }
    const tenant = await findTenantById(db, item.tenantId)
    if (tenant === undefined) return { kind: 'discarded', reason: 'the workspace is gone' }
    const inviter = invitation.inviterKind === 'user' ? mail.inviterName : null
    const link = await linkTo(item.tenantId, token)
    return send({ id: item.id, to: mail.to, ...write(mail, { inviter, workspace: tenant.name, link }) })
  }
}

/** The payload as it was written; the outbox keeps it as JSON. */
function readMail(payload: ClaimedItem['payload']): InvitationMail {
  return payload as unknown as InvitationMail // written by promiseMails alone
}

interface Facts {
  /** Null for a program: the name of its token tells the invited person nothing. */
  readonly inviter: string | null
  readonly workspace: string
  readonly link: string
}

function write(mail: InvitationMail, { inviter, workspace, link }: Facts): Pick<Message, 'subject' | 'text' | 'html'> {
  const role = mail.role.replace(/^\$/, '')
  const until = new Date(mail.expiresAt).toUTCString()
  const opening = `${inviter === null ? 'You are invited' : `${inviter} invites you`} to join the workspace ${workspace}`
  return {
    subject: opening.replaceAll(/[\r\n]+/g, ' '),
    text: `${opening} as ${role}.\n\nAccept here, until ${until}:\n${link}\n\nIf you did not expect this, you need not do anything.\n`,
    html: html`<p>${opening} as <strong>${role}</strong>.</p>
      <p><a href="${link}">Accept the invitation</a> until ${until}.</p>
      <p>If you did not expect this, you need not do anything.</p>`.text,
  }
}
