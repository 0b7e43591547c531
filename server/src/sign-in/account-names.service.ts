import type { ReadCtx, TrxCtx } from '../access/ctx.ts'
import { toKey } from '../db/normal-key.ts'
import { parseEmailAddress } from '../text/email-address.ts'
import * as queries from './sign-in.queries.ts'
import { clearFailures } from './throttle.service.ts'

/** All spellings of a name that mean one account are one key. */
export function loginKey(login: string): string {
  const typed = login.trim()
  return toKey(parseEmailAddress(typed) ?? typed)
}

/** Whose name this is; the id is empty when nobody's. */
export async function findLogin(
  ctx: ReadCtx,
  login: string,
): Promise<{ readonly key: string; readonly userId: string }> {
  const key = loginKey(login)
  return { key, userId: (await queries.findCandidate(ctx.db, ctx.tenantId, key))?.userId ?? '' }
}

/** Failures of an account in browsers that nobody knows. */
export function userCounter(userId: string): string {
  return `user:${userId}`
}

export function codeCounter(userId: string): string {
  return `${userCounter(userId)}:code`
}

export function confirmCounter(userId: string): string {
  return `${userCounter(userId)}:confirm`
}

/** A new password opens what too many wrong ones had closed. */
export function clearAccountFailures(ctx: TrxCtx, userId: string): Promise<void> {
  return clearFailures(ctx, [userCounter(userId), confirmCounter(userId)])
}
