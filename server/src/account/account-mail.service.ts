import { v7 as uuid } from 'uuid'
import type { TrxCtx } from '../access/ctx.ts'
import { addToOutbox } from '../outbox/outbox.ts'

export const passwordResetMail = 'password-reset-mail'
export const accountMail = 'account-mail'

/** What a mail about an account says; `secret` is forgotten once it was sent. */
export type AccountMail =
  | { readonly about: 'confirm_email'; readonly to: string; readonly secret?: { readonly token: string } }
  | {
      readonly about: 'email_change'
      readonly to: string
      readonly newEmail: string
      readonly secret?: { readonly token: string }
    }
  | { readonly about: 'email_changed_by_idp'; readonly to: string }
  | { readonly about: 'password_changed'; readonly to: string }

export async function promiseAccountMail(ctx: TrxCtx, userId: string, mail: AccountMail): Promise<void> {
  await addToOutbox(ctx, [{ kind: accountMail, subjectId: userId, dedupeKey: uuid(), payload: { ...mail } }])
}

/** For an unknown name too: what a request does must not tell whether somebody has it. */
export async function promiseResetMail(ctx: TrxCtx, userId: string): Promise<void> {
  await addToOutbox(ctx, [{ kind: passwordResetMail, subjectId: userId, dedupeKey: uuid(), payload: { userId } }])
}
