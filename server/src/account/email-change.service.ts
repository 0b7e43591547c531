import type { Ctx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { ApiError } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import { deleteCredential } from '../passwords/passwords.service.ts'
import { endSessionsOf } from '../sessions/sessions.service.ts'
import { userCounter } from '../sign-in/account-names.service.ts'
import { admitAttempt } from '../sign-in/throttle.service.ts'
import {
  consumeSingleUseToken,
  invalidLink,
  issueSingleUseToken,
  readSingleUseToken,
  voidSingleUseTokens,
} from '../single-use-tokens/single-use-tokens.service.ts'
import { requireEmailAddress } from '../text/email-address.ts'
import { requireOwnAddress, setProvenEmail } from '../users/user-email.service.ts'
import { holdUser } from '../users/user-roles.service.ts'
import { getUser } from '../users/users.service.ts'
import { promiseAccountMail, promiseResetMail } from './account-mail.service.ts'

const hourMs = 3_600_000

/**
 * Asks for another address: it becomes the person's once it is confirmed from there. Until then the old one counts,
 * and for seven days it can take the change back.
 *
 * @throws invalid_email · managed_by_scim · rate_limited
 * @source contract/security-and-reliability.md V-I12
 */
export async function requestEmailChange(ctx: Ctx, userId: string, typed: string): Promise<void> {
  const email = requireEmailAddress(typed)
  const user = await getUser(ctx, userId)
  await requireOwnAddress(ctx, user)
  if (email === user.email) throw new ApiError('invalid_email', { detail: 'This is your address already.' })
  await admitAttempt(ctx, [{ key: `${userCounter(userId)}:email`, max: 3, windowMs: hourMs, closes: false }])
  await inTransaction(ctx, async (ctx) => {
    const confirm = await issueSingleUseToken(ctx, 'email_confirm', {
      userId,
      address: email,
      data: { from: user.email },
    })
    const revert = await issueSingleUseToken(ctx, 'email_revert', { userId, address: user.email, data: {} })
    await recordEvent(ctx, { type: 'email.change_requested', subjectId: userId, data: {}, personal: { email } })
    await promiseAccountMail(ctx, userId, { about: 'confirm_email', to: email, secret: { token: confirm.token } })
    await promiseAccountMail(ctx, userId, {
      about: 'email_change',
      to: user.email,
      newEmail: email,
      secret: { token: revert.token },
    })
  })
}

/** Which address a link would make the person's. @throws invalid_link */
export async function readEmailChange(ctx: Ctx, token: string): Promise<{ readonly email: string }> {
  const { address } = await readSingleUseToken(ctx, 'email_confirm', token)
  return { email: address }
}

/**
 * Whoever reads mail at the new address has proven that it is theirs.
 *
 * @throws invalid_link · user_exists · managed_by_scim
 */
export async function confirmEmailChange(ctx: Ctx, token: string): Promise<void> {
  await inTransaction(ctx, async (ctx) => {
    const { userId, address, data } = await consumeSingleUseToken(ctx, 'email_confirm', token)
    const user = await holdUser(ctx, userId)
    if (!user.enabled || user.email !== data['from']) throw invalidLink()
    await requireOwnAddress(ctx, user)
    await setProvenEmail(ctx, user, address)
    await voidSingleUseTokens(ctx, userId, ['password_reset'])
    await recordEvent(ctx, {
      type: 'email.changed',
      subjectId: userId,
      data: { by: 'confirmation' },
      personal: { before: user.email, after: address },
    })
  })
}

/** Which address a link would keep. @throws invalid_link */
export async function readEmailRevert(ctx: Ctx, token: string): Promise<{ readonly email: string }> {
  const { address } = await readSingleUseToken(ctx, 'email_revert', token)
  return { email: address }
}

/**
 * The way back for the old address: whoever asked for the change knew the password, so that it counts no more,
 * every session ends, and a new password is asked for by mail.
 *
 * @throws invalid_link · user_exists · managed_by_scim
 */
export async function revertEmailChange(ctx: Ctx, token: string): Promise<void> {
  await inTransaction(ctx, async (ctx) => {
    const { userId, address } = await consumeSingleUseToken(ctx, 'email_revert', token)
    const user = await holdUser(ctx, userId)
    if (!user.enabled) throw invalidLink()
    await requireOwnAddress(ctx, user)
    if (user.email !== address) {
      await setProvenEmail(ctx, user, address)
      await recordEvent(ctx, {
        type: 'email.changed',
        subjectId: userId,
        data: { by: 'old_address' },
        personal: { before: user.email, after: address },
      })
    }
    await voidSingleUseTokens(ctx, userId, ['password_reset', 'email_confirm'])
    await deleteCredential(ctx, userId)
    await endSessionsOf(ctx, userId, 'email_changed')
    await recordEvent(ctx, { type: 'password.changed', subjectId: userId, data: { by: 'old_address' }, personal: {} })
    await promiseResetMail(ctx, userId)
  })
}
