import { bucketsMax, sweepEveryMs, type Budget } from './budget.ts'
import { fillMs, fullAtOf, levelOf, verdictOf, type Verdict } from './bucket.ts'
import { Keyed } from './keyed.ts'
import type { Policy } from './policies.ts'

/** Where one process serves everybody (SQLite), its memory is enough: a restart fills the buckets. */
export class MemoryBudget implements Budget {
  readonly policy: Policy
  readonly #buckets = new Keyed<{ fullAt: number }>(bucketsMax)
  #sweptAt = 0

  constructor(policy: Policy) {
    this.policy = policy
  }

  take(tenantId: string, key: string, now: number): Verdict {
    if (Math.abs(now - this.#sweptAt) > sweepEveryMs) this.#sweep(now)
    let bucket = this.#buckets.get(tenantId, key)
    if (bucket === undefined) {
      bucket = { fullAt: 0 }
      this.#buckets.add(tenantId, key, bucket)
    }
    // A clock that was set back must not leave anybody waiting for longer than an empty bucket takes to fill.
    const level = Math.max(0, levelOf(bucket.fullAt, this.policy, now))
    if (level < 1) return verdictOf(level, this.policy, false)
    bucket.fullAt = fullAtOf(level - 1, this.policy, now)
    return verdictOf(level - 1, this.policy, true)
  }

  #sweep(now: number): void {
    this.#sweptAt = now
    const fill = fillMs(this.policy)
    this.#buckets.sweep(({ fullAt }) => fullAt <= now || fullAt > now + 2 * fill)
  }
}
