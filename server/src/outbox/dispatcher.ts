import type { Db } from '../db/db.ts'
import { claimDue, listTenantsWithDue, settle } from './dispatcher.queries.ts'
import type { ClaimedItem } from './outbox.ts'

/** What a consumer made of an item. */
export type Outcome =
  | { readonly kind: 'sent' }
  /** The other side refused for good; no further attempt. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** Its reason is gone (revoked, deleted). */
  | { readonly kind: 'discarded'; readonly reason: string }
  | { readonly kind: 'again'; readonly reason: string }
  /** It cannot be done as the server is set up; it waits, visibly, until that changes. */
  | { readonly kind: 'held'; readonly reason: string }

export type Consumer = (item: ClaimedItem) => Promise<Outcome>

/** Pauses before attempt 2, 3, …; after the last the item has failed, visibly. Security contract, section 8.1. */
const retryAfterMs = [30_000, 120_000, 600_000, 1_800_000, 7_200_000, 21_600_000, 86_400_000]
const leaseMs = 60_000
const batchSize = 20
const pollMs = 1_000

interface Options {
  readonly db: Db
  readonly clock: () => Date
  readonly consumers: Readonly<Record<string, Consumer>>
  readonly onError: (error: unknown) => void
}

/**
 * Claims due items under a lease, hands them to their consumer, tries again with growing pauses, gives up visibly.
 * At least once: a consumer sees the same item id again after a crash.
 */
export class Dispatcher {
  readonly #options: Options
  readonly #owner = crypto.randomUUID()
  #timer: NodeJS.Timeout | null = null
  #running: Promise<void> | null = null
  #woken = false
  #stopped = false

  constructor(options: Options) {
    this.#options = options
  }

  start(): void {
    this.#timer = setInterval(() => this.wake(), pollMs)
    this.#timer.unref()
  }

  /** Looks for due items soon; cheap to call often. */
  wake(): void {
    if (this.#stopped) return
    this.#woken = true
    this.#running ??= this.#loop()
  }

  /** Stops claiming and waits for what is under way. */
  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer !== null) clearInterval(this.#timer)
    await this.#running
  }

  async #loop(): Promise<void> {
    try {
      while (this.#woken && !this.#stopped) {
        this.#woken = false
        await this.deliverDue()
      }
    } catch (error) {
      this.#options.onError(error)
    } finally {
      this.#running = null
    }
  }

  /** Delivers everything due now, one batch of each tenant in turn, so that no tenant waits for another's backlog. */
  async deliverDue(): Promise<number> {
    let delivered = 0
    for (;;) {
      const { db, clock, consumers } = this.#options
      const tenantIds = await listTenantsWithDue(db, clock().getTime(), Object.keys(consumers))
      if (tenantIds.length === 0 || this.#stopped) return delivered
      for (const tenantId of tenantIds) delivered += await this.#deliverBatch(tenantId)
    }
  }

  async #deliverBatch(tenantId: string): Promise<number> {
    const { db, clock, consumers } = this.#options
    const now = clock().getTime()
    const claim = {
      tenantId,
      now,
      owner: this.#owner,
      leaseUntil: now + leaseMs,
      max: batchSize,
      kinds: Object.keys(consumers),
    }
    const items = await claimDue(db, claim)
    await Promise.all(items.map((item) => this.#deliver(item)))
    return items.length
  }

  async #deliver(item: ClaimedItem): Promise<void> {
    const { db, clock, consumers, onError } = this.#options
    const outcome = await attempt(consumers[item.kind], item, onError)
    const now = clock().getTime()
    if (outcome.kind === 'held') {
      await settle(db, item, this.#owner, {
        state: 'held',
        attempts: item.attempts,
        dueAt: now,
        reason: outcome.reason,
        now,
      })
      return
    }
    const attempts = item.attempts + 1
    const pause = retryAfterMs[attempts - 1]
    if (outcome.kind === 'again' && pause !== undefined) {
      const jitter = 0.8 + (0.4 * (crypto.getRandomValues(new Uint8Array(1))[0] ?? 0)) / 255
      await settle(db, item, this.#owner, {
        state: 'waiting',
        attempts,
        dueAt: now + pause * jitter,
        reason: outcome.reason,
        now,
      })
      return
    }
    const state = outcome.kind === 'sent' ? 'sent' : outcome.kind === 'discarded' ? 'discarded' : 'failed'
    const reason = outcome.kind === 'sent' ? '' : outcome.reason
    await settle(db, item, this.#owner, { state, attempts, dueAt: now, reason, now })
  }
}

async function attempt(
  consumer: Consumer | undefined,
  item: ClaimedItem,
  onError: (error: unknown) => void,
): Promise<Outcome> {
  if (consumer === undefined) return { kind: 'again', reason: `nothing here handles ${item.kind}` }
  try {
    return await consumer(item)
  } catch (error) {
    onError(error)
    return { kind: 'again', reason: error instanceof Error ? error.message : 'unknown error' }
  }
}
