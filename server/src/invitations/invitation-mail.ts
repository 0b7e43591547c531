import type { TrxCtx } from '../access/ctx.ts'
import { addToOutbox, discardWaiting } from '../outbox/outbox.ts'
import type { Invitation } from './invitations.schema.ts'

export const invitationMail = 'invitation-mail'

/** What the mail says; `secret` is forgotten once it was sent. */
export interface InvitationMail {
  readonly to: string
  readonly inviterName: string
  readonly role: string
  readonly expiresAt: number
  readonly secret?: { readonly token: string }
}

/** Promises the mails inside the transaction; older ones about the same invitations are taken back. */
export async function promiseMails(
  ctx: TrxCtx,
  mails: readonly {
    readonly invitation: Pick<Invitation, 'id' | 'email' | 'inviterName' | 'expiresAt'>
    readonly role: string
    readonly token: string
    readonly tokenHash: string
  }[],
): Promise<void> {
  await discardWaiting(
    ctx,
    invitationMail,
    mails.map(({ invitation }) => invitation.id),
  )
  await addToOutbox(
    ctx,
    mails.map(({ invitation, role, token, tokenHash }) => {
      const payload: InvitationMail = {
        to: invitation.email,
        inviterName: invitation.inviterName,
        role,
        expiresAt: invitation.expiresAt,
        secret: { token },
      }
      return {
        kind: invitationMail,
        subjectId: invitation.id,
        dedupeKey: `${invitation.id} ${tokenHash.slice(0, 12)}`,
        payload: { ...payload },
      }
    }),
  )
}
