import { v7 as uuid } from 'uuid'
import type { ReadCtx, TrxCtx } from '../access/ctx.ts'
import { ApiError } from '../errors/api-error.ts'
import { hashSecret, newSecret } from '../secrets/secrets.ts'
import * as queries from './single-use-tokens.queries.ts'

const minuteMs = 60_000
const dayMs = 86_400_000

/** What a mailed link opens, and for how long. Contract, 7.4. */
const lifetimes = {
  password_reset: 30 * minuteMs,
  email_confirm: dayMs,
  email_revert: 7 * dayMs,
} as const

export type TokenPurpose = keyof typeof lifetimes

export interface SingleUse {
  readonly userId: string
  /** Where it was mailed to. */
  readonly address: string
  readonly data: Readonly<Record<string, string>>
}

/** Issues a token for a link; older ones for the same end are worth nothing from here on. */
export async function issueSingleUseToken(
  ctx: TrxCtx,
  purpose: TokenPurpose,
  { userId, address, data }: SingleUse,
): Promise<{ readonly token: string; readonly expiresAt: number }> {
  const token = newSecret('msut_')
  const now = ctx.now.getTime()
  const expiresAt = now + lifetimes[purpose]
  await queries.deleteOf(ctx.db, ctx.tenantId, userId, [purpose])
  await queries.insert(ctx.db, {
    tenant_id: ctx.tenantId,
    id: uuid(),
    token_hash: hashSecret(token),
    purpose,
    user_id: userId,
    address,
    data: JSON.stringify(data),
    created_at: now,
    expires_at: expiresAt,
    used_at: 0,
  })
  return { token, expiresAt }
}

/** What a token opens, without using it up: mail scanners open links. @throws invalid_link */
export async function readSingleUseToken(
  ctx: Pick<ReadCtx, 'db' | 'tenantId' | 'now'>,
  purpose: TokenPurpose,
  token: string,
): Promise<SingleUse> {
  const presented = { tokenHash: hashSecret(token), purpose, now: ctx.now.getTime() }
  return toSingleUse(await queries.findOpen(ctx.db, ctx.tenantId, presented))
}

/** Uses a token up, in the transaction that has the effect: of two at once one wins. @throws invalid_link */
export async function consumeSingleUseToken(ctx: TrxCtx, purpose: TokenPurpose, token: string): Promise<SingleUse> {
  const presented = { tokenHash: hashSecret(token), purpose, now: ctx.now.getTime() }
  return toSingleUse(await queries.consume(ctx.db, ctx.tenantId, presented))
}

/** What was mailed before must not count any more. */
export function voidSingleUseTokens(ctx: TrxCtx, userId: string, purposes: readonly TokenPurpose[]): Promise<void> {
  return queries.deleteOf(ctx.db, ctx.tenantId, userId, purposes)
}

export const allPurposes: readonly TokenPurpose[] = ['password_reset', 'email_confirm', 'email_revert']

function toSingleUse(row: queries.TokenRow | undefined): SingleUse {
  if (row === undefined) throw invalidLink()
  return { userId: row.user_id, address: row.address, data: JSON.parse(row.data) }
}

/** One text for every way in which a link can be wrong. */
export function invalidLink(): ApiError {
  return new ApiError('invalid_link', {
    detail: 'This link does not work: it was used, replaced by a newer one, or is too old. Ask for a new one.',
  })
}
