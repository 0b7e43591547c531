import { isIPv6 } from 'node:net'
import type { Ctx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { ApiError } from '../errors/api-error.ts'
import * as queries from './throttle.queries.ts'

const minuteMs = 60_000
const dayMs = 86_400_000

/** How often something may be tried. */
export interface Limit {
  /** What is counted; one key, one counter. */
  readonly key: string
  readonly max: number
  readonly windowMs: number
  /** Whether failures in a row slow it down and finally close it. */
  readonly closes: boolean
}

export function addressLimit(ctx: Ctx): Limit {
  return { key: `address:${addressBlock(ctx.origin.address)}`, max: 60, windowMs: minuteMs, closes: false }
}

export function accountLimit(key: string): Limit {
  return { key, max: 10, windowMs: minuteMs, closes: true }
}

export function resetLimit(nameHash: string): Limit {
  return { key: `reset:${nameHash}`, max: 3, windowMs: 60 * minuteMs, closes: false }
}

/** Somebody with an IPv6 address has a whole /64 of them. */
function addressBlock(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address
  const host = URL.parse(`http://[${address.split('%')[0]}]`)?.hostname.slice(1, -1) ?? address
  const [head = '', tail] = host.split('::')
  const groups = head.split(':').filter((group) => group !== '')
  const missing = tail === undefined ? 0 : 8 - groups.length - tail.split(':').filter((group) => group !== '').length
  return [...groups, ...Array.from({ length: missing }, () => '0'), ...(tail ?? '').split(':')].slice(0, 4).join(':')
}

/** Failures in a row after which each further one costs time, and after which nothing is tried any more. */
const freeFailures = 5
const pauseMaxMs = 5 * minuteMs
const closedAfter = 100

/** Why an attempt is not judged. */
export interface Refusal {
  readonly key: string
  readonly error: ApiError
}

/**
 * Counts an attempt before it is judged: of many at once no more are judged than the limit allows. A success takes the
 * count of failures back (`clearFailures`).
 *
 * @returns undefined when it may be judged
 * @source contract/security-and-reliability.md, section 6 and 7.3, V-K11
 */
export async function countAttempt(ctx: Ctx, limits: readonly Limit[]): Promise<Refusal | undefined> {
  const now = ctx.now.getTime()
  // In one order, so that two attempts never wait for each other in a ring.
  const ordered = limits.toSorted((a, b) => (a.key < b.key ? -1 : 1))
  return inTransaction(ctx, async (ctx) => {
    await queries.deleteOld(ctx.db, ctx.tenantId, now - dayMs)
    for (const limit of ordered) {
      const error = await countOne(ctx, limit, now)
      if (error !== undefined) return { key: limit.key, error }
    }
    return undefined
  })
}

/** The same where nothing is left to do but to refuse. @throws rate_limited */
export async function admitAttempt(ctx: Ctx, limits: readonly Limit[]): Promise<void> {
  const refusal = await countAttempt(ctx, limits)
  if (refusal !== undefined) throw refusal.error
}

async function countOne(
  ctx: TrxCtx,
  { key, max, windowMs, closes }: Limit,
  now: number,
): Promise<ApiError | undefined> {
  const counter = await queries.holdCounter(ctx.db, ctx.tenantId, key, now)
  if (closes && counter.failures >= closedAfter) return closed()
  if (now < counter.blockedUntil) return tooMany(counter.blockedUntil - now, { max, windowMs })
  const isNew = now - counter.windowStart >= windowMs
  const inWindow = isNew ? 0 : counter.inWindow
  if (inWindow >= max) return tooMany(counter.windowStart + windowMs - now, { max, windowMs })
  const failures = counter.failures + (closes ? 1 : 0)
  await queries.writeCounter(ctx.db, ctx.tenantId, key, {
    failures,
    windowStart: isNew ? now : counter.windowStart,
    inWindow: inWindow + 1,
    blockedUntil: now + pauseMs(failures),
  })
  return undefined
}

function pauseMs(failures: number): number {
  return failures < freeFailures ? 0 : Math.min(pauseMaxMs, 1_000 * 2 ** (failures - freeFailures))
}

export function clearFailures(ctx: TrxCtx, keys: readonly string[]): Promise<void> {
  return queries.clearFailures(ctx.db, ctx.tenantId, keys)
}

function tooMany(waitMs: number, { max, windowMs }: Pick<Limit, 'max' | 'windowMs'>): ApiError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1_000))
  return new ApiError('rate_limited', {
    detail: `That was tried too often; wait ${seconds < 120 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`} and try again.`,
    headers: {
      'retry-after': String(seconds),
      'ratelimit-policy': `"sign-in";q=${max};w=${windowMs / 1_000}`,
      ratelimit: `"sign-in";r=0;t=${seconds}`,
    },
  })
}

function closed(): ApiError {
  return new ApiError('rate_limited', {
    detail:
      'Too many wrong passwords in a row: from browsers not used before, this account opens again only with a new password. Use “Forgot your password?”.',
    headers: { 'retry-after': '86400' },
  })
}
