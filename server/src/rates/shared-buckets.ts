import type { Db } from '../db/db.ts'
import { sweepEveryMs } from './budget.ts'
import { lend, type Ask, type Grant } from './lease.ts'
import type { Policy } from './policies.ts'
import { deleteFull, lockBuckets, writeBuckets } from './rate-buckets.queries.ts'

interface Wish {
  readonly policy: Policy
  readonly tenantId: string
  readonly key: string
  readonly ask: Ask
  readonly now: number
}

interface Waiting {
  readonly wish: Wish
  readonly resolve: (grant: Grant) => void
  readonly reject: (error: unknown) => void
}

interface Queue {
  readonly waiting: Waiting[]
  readonly drained: Promise<void>
}

const batchMax = 100
/** A full bucket may still be lent from; by then every lease is over. */
const fullForMs = 10_000

/** The buckets of all nodes, in the database. One transaction of a tenant at a time: what is asked for meanwhile is its next batch. */
export class SharedBuckets {
  readonly #db: Db
  readonly #sweptAt = new Map<string, number>()
  /** By tenant; gone when nothing of the tenant waits. */
  readonly #queues = new Map<string, Queue>()

  constructor(db: Db) {
    this.#db = db
  }

  /** At most one wish for a bucket at a time. */
  ask(wish: Wish): Promise<Grant> {
    return new Promise((resolve, reject) => {
      const { tenantId } = wish
      const queue = this.#queues.get(tenantId) ?? { waiting: [], drained: this.#drain(tenantId) }
      this.#queues.set(tenantId, queue)
      queue.waiting.push({ wish, resolve, reject })
    })
  }

  /** Resolves when nothing is under way; called before the database closes. */
  async settle(): Promise<void> {
    await Promise.all([...this.#queues.values()].map(({ drained }) => drained))
  }

  async #drain(tenantId: string): Promise<void> {
    // Requests of one turn of the event loop make one batch.
    await new Promise(setImmediate)
    const waiting = this.#queues.get(tenantId)?.waiting ?? []
    while (waiting.length > 0) await this.#settleBatch(tenantId, waiting.splice(0, batchMax))
    this.#queues.delete(tenantId)
  }

  async #settleBatch(tenantId: string, batch: readonly Waiting[]): Promise<void> {
    try {
      const grants = await this.#lendAll(
        tenantId,
        batch.map(({ wish }) => wish),
      )
      for (const [index, { resolve }] of batch.entries()) {
        const grant = grants[index]
        if (grant !== undefined) resolve(grant)
      }
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  #lendAll(tenantId: string, wishes: readonly Wish[]): Promise<Grant[]> {
    const ids = wishes.map(({ policy, key }) => ({ policy: policy.name, tenantId, key }))
    return this.#db.forTenant(tenantId).engine.transact(async (trx) => {
      const stored = await lockBuckets(trx, ids)
      const lent = stored.flatMap((id, index) => {
        const wish = wishes[index]
        return wish === undefined ? [] : [{ ...id, ...wish, grant: lend(id.bucket, wish.policy, wish.ask, wish.now) }]
      })
      await writeBuckets(
        trx,
        lent.map(({ grant, key, policy }) => ({ tenantId, key, policy: policy.name, bucket: grant.bucket })),
      )
      for (const { now } of wishes) {
        if (Math.abs(now - (this.#sweptAt.get(tenantId) ?? 0)) < sweepEveryMs) continue
        this.#sweptAt.set(tenantId, now)
        await deleteFull(trx, tenantId, now - fullForMs)
      }
      return lent.map(({ grant }) => grant)
    })
  }
}
