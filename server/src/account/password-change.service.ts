import type { Ctx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { ApiError } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import { findPasswordHash, storePassword } from '../passwords/passwords.service.ts'
import type { Session } from '../sessions/sessions.schema.ts'
import { confirmSession, endSessionsOf } from '../sessions/sessions.service.ts'
import { clearAccountFailures } from '../sign-in/account-names.service.ts'
import { voidSingleUseTokens } from '../single-use-tokens/single-use-tokens.service.ts'
import { getUser } from '../users/users.service.ts'
import { promiseAccountMail } from './account-mail.service.ts'
import { hashPasswordOf } from './password-reset.service.ts'

interface Signed {
  readonly session: Session
  readonly cookie: string
}

/**
 * Changes the password of somebody who has just proved who they are; their other sessions end.
 *
 * @returns what the cookie holds from here on
 * @throws sign_in_refused for people without a password · weak_password · unavailable
 * @source contract/security-and-reliability.md 7.2, V-K3
 */
export async function changePassword(ctx: Ctx, { session, cookie }: Signed, password: string): Promise<string> {
  const user = await getUser(ctx, session.userId)
  if ((await findPasswordHash(ctx, user.id)) === null) {
    throw new ApiError('sign_in_refused', {
      detail: 'You sign in through your identity provider and have no password here; change it there.',
    })
  }
  const passwordHash = await hashPasswordOf(ctx, user, password)
  await inTransaction(ctx, async (ctx) => {
    await storePassword(ctx, user.id, passwordHash)
    await endSessionsOf(ctx, user.id, 'password_changed', session.id)
    await voidSingleUseTokens(ctx, user.id, ['password_reset', 'email_confirm'])
    await clearAccountFailures(ctx, user.id)
    await recordEvent(ctx, { type: 'password.changed', subjectId: user.id, data: { by: 'self' }, personal: {} })
    await promiseAccountMail(ctx, user.id, { about: 'password_changed', to: user.email })
  })
  return (await confirmSession(ctx, session, cookie, 'new_password')) ?? ''
}
