import type { Ctx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { ApiError } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import { hashNewPassword, storePassword } from '../passwords/passwords.service.ts'
import { isPasswordOneOfTwo } from '../second-factors/second-factors.service.ts'
import { hashSecret } from '../secrets/secrets.ts'
import { endSessionsOf } from '../sessions/sessions.service.ts'
import { clearAccountFailures, findLogin } from '../sign-in/account-names.service.ts'
import { addressLimit, admitAttempt, resetLimit } from '../sign-in/throttle.service.ts'
import {
  consumeSingleUseToken,
  invalidLink,
  issueSingleUseToken,
  readSingleUseToken,
  voidSingleUseTokens,
} from '../single-use-tokens/single-use-tokens.service.ts'
import { getTenant } from '../tenants/tenants.service.ts'
import type { User } from '../users/users.schema.ts'
import { promiseAccountMail, promiseResetMail } from './account-mail.service.ts'
import { findResettable } from './resettable.service.ts'

/**
 * Promises a mail with a link for a new password. Whether anybody has this name makes no difference to what is done,
 * how long it takes, and what is answered.
 *
 * @throws rate_limited
 * @source contract/security-and-reliability.md G12, V-I11, V-I13
 */
export async function requestPasswordReset(ctx: Ctx, login: string): Promise<void> {
  const { key, userId } = await findLogin(ctx, login)
  await admitAttempt(ctx, [addressLimit(ctx), resetLimit(userId === '' ? hashSecret(key) : userId)])
  await inTransaction(ctx, async (ctx) => {
    await recordEvent(ctx, { type: 'password.reset_requested', subjectId: userId, data: {}, personal: {} })
    await promiseResetMail(ctx, userId)
  })
}

/**
 * A link's token for somebody who cannot get one by mail, from the host operator.
 *
 * @throws sign_in_refused for people who may not set a password
 */
export async function issuePasswordReset(ctx: Ctx, userId: string): Promise<string> {
  return inTransaction(ctx, async (ctx) => {
    const user = await findResettable(ctx, userId)
    if (user === undefined) {
      throw new ApiError('sign_in_refused', {
        detail:
          'This person may not set a password: they are disabled, have not accepted, have no confirmed address, or sign in through the identity provider.',
      })
    }
    await recordEvent(ctx, { type: 'password.reset_requested', subjectId: userId, data: {}, personal: {} })
    return (await issueSingleUseToken(ctx, 'password_reset', { userId, address: user.email, data: {} })).token
  })
}

/** Whose password a link is about, without using it up. @throws invalid_link */
export async function readPasswordReset(
  ctx: Ctx,
  token: string,
): Promise<{ readonly username: string; readonly lengthMin: number }> {
  const user = await requireSubject(ctx, token)
  return { username: user.username, lengthMin: (await isPasswordOneOfTwo(ctx, user.id)) ? 8 : 15 }
}

/**
 * Sets a new password: every session ends, every other link is void, and the counts of failures begin anew.
 *
 * @throws invalid_link · weak_password · unavailable
 * @source contract/security-and-reliability.md 7.4, V-I12
 */
export async function resetPassword(ctx: Ctx, token: string, password: string): Promise<void> {
  const user = await requireSubject(ctx, token)
  const passwordHash = await hashPasswordOf(ctx, user, password)
  await inTransaction(ctx, async (ctx) => {
    const { userId, address } = await consumeSingleUseToken(ctx, 'password_reset', token)
    const current = await findResettable(ctx, userId)
    if (current === undefined || current.email !== address) throw invalidLink()
    await storePassword(ctx, userId, passwordHash)
    await endSessionsOf(ctx, userId, 'password_changed')
    await voidSingleUseTokens(ctx, userId, ['password_reset', 'email_confirm'])
    await clearAccountFailures(ctx, userId)
    await recordEvent(ctx, { type: 'password.changed', subjectId: userId, data: { by: 'reset' }, personal: {} })
    await promiseAccountMail(ctx, userId, { about: 'password_changed', to: address })
  })
}

async function requireSubject(ctx: Ctx, token: string): Promise<User> {
  const { userId, address } = await readSingleUseToken(ctx, 'password_reset', token)
  const user = await findResettable(ctx, userId)
  if (user === undefined || user.email !== address) throw invalidLink()
  return user
}

/** @throws weak_password · unavailable */
export async function hashPasswordOf(ctx: Ctx, user: User, password: string): Promise<string> {
  const { slug } = await getTenant(ctx)
  const personal = [user.username, user.email, user.email.split('@')[0] ?? '', slug]
  return hashNewPassword(ctx, password, personal, await isPasswordOneOfTwo(ctx, user.id))
}
