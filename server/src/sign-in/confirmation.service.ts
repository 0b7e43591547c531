import type { Ctx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { ApiError } from '../errors/api-error.ts'
import { findPasswordHash, isPassword } from '../passwords/passwords.service.ts'
import type { Session } from '../sessions/sessions.schema.ts'
import { confirmSession } from '../sessions/sessions.service.ts'
import { recordRefusal, userCounter } from './sign-in.service.ts'
import { accountLimit, addressLimit, clearFailures, countAttempt } from './throttle.service.ts'

interface Proof {
  readonly session: Session
  /** What the browser's cookie holds. */
  readonly cookie: string
  readonly password: string
}

/**
 * Proves again who is signed in: what everybody's sign-in hangs on asks for it.
 *
 * @returns what the cookie holds from here on
 * @throws sign_in_refused · rate_limited
 * @source contract/security-and-reliability.md 7.2, V-K9
 */
export async function confirmWithPassword(ctx: Ctx, { session, cookie, password }: Proof): Promise<string> {
  const counter = `${userCounter(session.userId)}:confirm`
  const refusal = await countAttempt(ctx, [addressLimit(ctx), accountLimit(counter)])
  if (refusal !== undefined) throw refusal.error
  const isRight = await isPassword(await findPasswordHash(ctx, session.userId), password)
  if (!isRight) {
    await recordRefusal(ctx, { userId: session.userId, login: '', method: 'confirmation', reason: 'wrong_password' })
    throw new ApiError('sign_in_refused', {
      detail: 'The password is not right. If you have none, sign out and sign in again instead.',
    })
  }
  await inTransaction(ctx, (ctx) => clearFailures(ctx, [counter]))
  const renewed = await confirmSession(ctx, session, cookie, 'password')
  if (renewed === undefined) throw new ApiError('sign_in_refused', { detail: 'You are signed out; sign in again.' })
  return renewed
}
