import type { TrxCtx } from '../access/ctx.ts'
import { toKey } from '../db/normal-key.ts'
import type { ApiError } from '../errors/api-error.ts'
import { fullAtOf, levelOf } from './bucket.ts'
import { policiesFrom } from './policies.ts'
import { rateLimited } from './rate-fields.ts'
import { lockBuckets, writeBuckets } from './rate-buckets.queries.ts'

/**
 * Counts a mail to each of these addresses, in the transaction that promises them.
 *
 * @returns those that had too many mails already; to them nothing may be sent
 * @source contract/security-and-reliability.md, V-I13
 */
export async function takeMails(ctx: TrxCtx, emails: readonly string[]): Promise<ReadonlyMap<string, ApiError>> {
  const policy = policiesFrom(ctx.limits).mails
  const refused = new Map<string, ApiError>()
  if (policy === null || emails.length === 0) return refused
  const now = ctx.now.getTime()
  const byKey = new Map(emails.map((email) => [toKey(email), email]))
  // In one order everywhere, so that nobody waits in a ring.
  const ids = [...byKey.keys()].toSorted().map((key) => ({ tenantId: ctx.tenantId, policy: policy.name, key }))
  const left = (await lockBuckets(ctx.db, ids)).flatMap((stored) => {
    const level = Math.max(0, levelOf(stored.bucket.fullAt, policy, now))
    if (level < 1) refused.set(byKey.get(stored.key) ?? '', rateLimited(policy, (1 - level) / policy.perMs))
    return level < 1 ? [] : [{ ...stored, bucket: { fullAt: fullAtOf(level - 1, policy, now), leases: {} } }]
  })
  await writeBuckets(ctx.db, left)
  return refused
}

/** The same for one. @throws rate_limited */
export async function takeMail(ctx: TrxCtx, email: string): Promise<void> {
  for (const refusal of (await takeMails(ctx, [email])).values()) throw refusal
}
