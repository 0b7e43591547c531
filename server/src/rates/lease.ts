import { fillMs, fullAtOf, levelOf } from './bucket.ts'
import type { Policy } from './policies.ts'

/** The shared state of one bucket. */
export interface SharedBucket {
  readonly fullAt: number
  /** By node: tokens taken out of the bucket that the node may still hand out, and until when. */
  readonly leases: Readonly<Record<string, Lease>>
}

export interface Lease {
  readonly tokens: number
  readonly until: number
}

/** What a node tells when it asks for a slice. */
export interface Ask {
  readonly node: string
  /** Of its lease: tokens it goes on to hand out. */
  readonly kept: number
  /** Of its lease: tokens it will not hand out any more. */
  readonly returned: number
  /** Tokens it has handed out already, on trust. */
  readonly owed: number
}

export interface Grant {
  readonly bucket: SharedBucket
  readonly tokens: number
  /** Until when the node may hand out what it has. */
  readonly until: number
  /** What is left for everybody. */
  readonly level: number
}

/** A node hands out what it holds for this long; whoever still has some later asks again first. */
const leaseMs = 2_000
/** Others wait a little longer before they take it for lost: clocks differ. */
const graceMs = 1_000
/** Of what is left, so that several nodes find something, and each asks less often the more there is. */
const share = 1 / 8
/** Of the whole bucket: where little is left, asking for each token would cost more than it is worth. */
const leastShare = 1 / 100
/** Further ahead than an empty bucket by this much only means that a clock was set back. */
const clockSlackMs = 60_000

export const freshBucket: SharedBucket = { fullAt: 0, leases: {} }

/**
 * Lends a node a slice of a bucket. What is in the bucket and what is out on loan is never more than the bucket holds,
 * so that all nodes together hand out what one would.
 */
export function lend(bucket: SharedBucket, policy: Policy, ask: Ask, now: number): Grant {
  const live = Object.entries(bucket.leases).filter(([, { until }]) => until + graceMs > now)
  const others = live.filter(([node]) => node !== ask.node)
  const isAhead = bucket.fullAt > now + fillMs(policy) + clockSlackMs
  // While tokens were on loan, the bucket filled to where they still had room in it.
  const filled = Math.min(
    isAhead ? 0 : levelOf(bucket.fullAt, policy, now),
    live.reduce((room, [, lease]) => room - lease.tokens, policy.burst),
  )
  // What was taken for lost may have been lent to others since.
  const returned = live.length > others.length ? ask.returned : 0
  const level = filled + returned - ask.owed
  const tokens = sliceOf(level, policy)
  const until = now + leaseMs
  const held = ask.kept + tokens
  return {
    tokens,
    until,
    level: level - tokens,
    bucket: {
      fullAt: fullAtOf(level - tokens, policy, now),
      leases: { ...Object.fromEntries(others), ...(held === 0 ? {} : { [ask.node]: { tokens: held, until } }) },
    },
  }
}

function sliceOf(level: number, { burst }: Policy): number {
  return level < 1 ? 0 : Math.max(1, Math.floor(Math.min(level, Math.max(level * share, burst * leastShare))))
}
