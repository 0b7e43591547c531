import { bucketsMax, sweepEveryMs, type Budget } from './budget.ts'
import { fillMs, verdictOf, type Verdict } from './bucket.ts'
import { Keyed } from './keyed.ts'
import type { Policy } from './policies.ts'
import type { SharedBuckets } from './shared-buckets.ts'

/** What this node knows of one bucket. */
interface Held {
  /** To hand out, until the lease is over. */
  tokens: number
  until: number
  /** How large the last slice was. */
  slice: number
  /** What was left for everybody when this node last asked. */
  level: number
  /** Between these there is nothing to be had. */
  emptyFrom: number
  emptyUntil: number
  /** Handed out on trust, not yet told. */
  owed: number
  usedAt: number
  asking: Promise<void> | null
}

interface Options {
  readonly policy: Policy
  readonly shared: SharedBuckets
  readonly node: string
  /** How many tokens of a bucket a node hands out before it asks for the first time. */
  readonly trust: number
}

/** However fast a bucket fills: the database is not asked more often than this about one that is empty. */
const emptyMinMs = 100
/** Slices smaller than this are not asked for ahead: the bucket is all but empty. */
const aheadMin = 8

const nothingHeld: Omit<Held, 'usedAt'> = {
  tokens: 0,
  until: 0,
  slice: 0,
  level: 0,
  emptyFrom: 0,
  emptyUntil: 0,
  owed: 0,
  asking: null,
}

/**
 * Buckets shared with other nodes: each takes slices out of the row in the database and hands them out from memory
 * (docs/decisions/0014). The next slice is asked for before the last is used up, so that few requests wait for one.
 */
export class LeasedBudget implements Budget {
  readonly policy: Policy
  readonly #shared: SharedBuckets
  readonly #node: string
  readonly #trust: number
  readonly #held = new Keyed<Held>(bucketsMax)
  #sweptAt = 0

  constructor({ policy, shared, node, trust }: Options) {
    this.policy = policy
    this.#shared = shared
    this.#node = node
    this.#trust = trust
  }

  take(tenantId: string, key: string, now: number): Verdict | Promise<Verdict> {
    if (Math.abs(now - this.#sweptAt) > sweepEveryMs) this.#sweep(now)
    let held = this.#held.get(tenantId, key)
    if (held === undefined) {
      held = { ...nothingHeld, usedAt: now }
      this.#held.add(tenantId, key, held)
    }
    const verdict = this.#takeHeld(held, now)
    if (verdict === undefined) return this.#askAndTake(tenantId, key, held, now)
    if (held.asking === null && held.slice >= aheadMin && held.tokens < held.slice / 4) {
      // Nobody waits for it; should it fail, whoever needs the slice asks again and hears of the failure.
      this.#ask(tenantId, key, held, now).catch(() => {})
    }
    return verdict
  }

  /** Undefined when the database must be asked. */
  #takeHeld(held: Held, now: number): Verdict | undefined {
    if (now < held.until && held.tokens >= 1) {
      held.tokens -= 1
      held.usedAt = now
      return verdictOf(held.tokens + Math.max(0, held.level), this.policy, true)
    }
    // Before it was found empty only means that the clock was set back.
    if (now < held.emptyUntil && now >= held.emptyFrom) {
      return { isAllowed: false, remaining: 0, waitMs: held.emptyUntil - now }
    }
    if (held.slice === 0 && held.owed < this.#trust) {
      held.owed += 1
      held.usedAt = now
      return verdictOf(this.policy.burst - held.owed, this.policy, true)
    }
    return undefined
  }

  async #askAndTake(tenantId: string, key: string, held: Held, now: number): Promise<Verdict> {
    for (;;) {
      await this.#ask(tenantId, key, held, now)
      const verdict = this.#takeHeld(held, now)
      if (verdict !== undefined) return verdict
    }
  }

  /** All who need the same slice wait for one answer. */
  #ask(tenantId: string, key: string, held: Held, now: number): Promise<void> {
    held.asking ??= this.#renew(tenantId, key, held, now).finally(() => (held.asking = null))
    return held.asking
  }

  async #renew(tenantId: string, key: string, held: Held, now: number): Promise<void> {
    const isLive = now < held.until
    const { owed, tokens } = held
    const ask = { node: this.#node, kept: isLive ? tokens : 0, returned: isLive ? 0 : tokens, owed }
    if (!isLive) held.tokens = 0
    const grant = await this.#shared.ask({ policy: this.policy, tenantId, key, ask, now })
    held.owed -= owed
    held.tokens += grant.tokens
    held.slice = Math.max(grant.tokens, 1)
    held.until = grant.until
    held.level = grant.level
    held.emptyFrom = now
    held.emptyUntil = grant.tokens === 0 ? now + Math.max((1 - grant.level) / this.policy.perMs, emptyMinMs) : 0
  }

  #sweep(now: number): void {
    this.#sweptAt = now
    const fill = fillMs(this.policy)
    // By then the shared bucket is full, whatever this node still held or owed.
    this.#held.sweep(({ usedAt, asking }) => asking === null && Math.abs(now - usedAt) > fill)
  }
}
