import type { Db } from '../db/db.ts'
import { html } from '../http/html.ts'
import type { Message } from '../mail/mail.schema.ts'
import type { Outcome } from '../outbox/dispatcher.ts'
import type { ClaimedItem } from '../outbox/outbox.ts'
import { hashSecret } from '../secrets/secrets.ts'
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
    const invitation = await findInvitationByToken(db, item.tenantId, hashSecret(token))
    if (invitation === undefined) return { kind: 'discarded', reason: 'the invitation is gone, or has another link' }
    if (invitationState(invitation, clock().getTime()) !== 'open')
      return { kind: 'discarded', reason: 'the invitation is closed' }
    return send({ id: item.id, to: mail.to, ...write(mail, await linkTo(item.tenantId, token)) })
  }
}

/** The payload as it was written; the outbox keeps it as JSON. */
function readMail(payload: ClaimedItem['payload']): InvitationMail {
  return payload as unknown as InvitationMail // written by promiseMails alone
}

function write(mail: InvitationMail, link: string): Pick<Message, 'subject' | 'text' | 'html'> {
  const role = mail.role.replace(/^\$/, '')
  const until = new Date(mail.expiresAt).toUTCString()
  const inviter = mail.inviterName
  return {
    subject: `${inviter} invites you to join a workspace`.replaceAll(/[\r\n]+/g, ' '),
    text: `${inviter} invites you to join a workspace as ${role}.\n\nAccept here, until ${until}:\n${link}\n\nIf you did not expect this, you need not do anything.\n`,
    html: html`<p>${inviter} invites you to join a workspace as <strong>${role}</strong>.</p>
      <p><a href="${link}">Accept the invitation</a> until ${until}.</p>
      <p>If you did not expect this, you need not do anything.</p>`.text,
  }
}
