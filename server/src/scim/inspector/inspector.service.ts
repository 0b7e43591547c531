import type { Db, Trx } from '../../db/db.ts'
import { deleteOld, insertEntry } from './scim-log.queries.ts'
import type { NewEntry, NewStep } from './scim-log.schema.ts'

const waitingMax = 500
/** Entries of one transaction: writes of clients never wait long behind them. */
const batchMax = 50
const cleanEvery = 200
const refusalsPerMinute = 60
const addressesMax = 10_000
const dayMs = 86_400_000

/** One request as it is kept. */
export interface Entry {
  readonly tenantId: string
  readonly logDays: number
  readonly entry: NewEntry
  readonly steps: readonly NewStep[]
  /** Anybody can be refused at the door, and an IdP whose token ended goes on for days: those of one address are counted. */
  readonly isRefusal: boolean
}

/**
 * Keeps SCIM requests for administrators to read, in the order in which they were answered. Writing never delays or fails a request:
 * under pressure entries are left out, and the next one that is kept says how many.
 *
 * @source contract/scim.md 12.1
 */
export class Inspector {
  readonly #db: Db
  readonly #waiting: Entry[] = []
  readonly #refusals = new Map<string, number>()
  #writing: Promise<void> | undefined
  #minute = 0
  #written = 0
  #leftOut = 0

  constructor(db: Db) {
    this.#db = db
  }

  keep(kept: Entry): void {
    if (kept.logDays === 0) return
    if (this.#waiting.length >= waitingMax || (kept.isRefusal && this.#isTooMany(kept.entry))) {
      this.#leftOut += 1
      return
    }
    const gap = this.#leftOut
    this.#leftOut = 0
    const cause = `${kept.entry.cause} (${gap} earlier requests were not kept)`.trim()
    this.#waiting.push(gap === 0 ? kept : { ...kept, entry: { ...kept.entry, cause } })
    this.#writing ??= this.#writeAll()
  }

  /** Resolves when nothing waits to be written; called before the database closes. */
  async settle(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, batchMax)
      for (const [tenantId, entries] of Map.groupBy(batch, (kept) => kept.tenantId)) {
        try {
          await this.#write(tenantId, entries)
        } catch {
          // One that cannot be written must not take the others with it; an entry that is lost is lost: its request was served.
          for (const kept of entries) await this.#write(tenantId, [kept]).catch(() => {})
        }
      }
    }
    this.#writing = undefined
  }

  async #write(tenantId: string, entries: readonly Entry[]): Promise<void> {
    await this.#db.forTenant(tenantId).engine.transact(async (trx) => {
      for (const kept of entries) await this.#writeOne(trx, kept)
    })
  }

  async #writeOne(trx: Trx, { tenantId, logDays, entry, steps }: Entry): Promise<void> {
    await insertEntry(trx, tenantId, entry, steps)
    this.#written += 1
    if (this.#written % cleanEvery === 0) await deleteOld(trx, tenantId, entry.at - logDays * dayMs)
  }

  #isTooMany({ at, address }: NewEntry): boolean {
    const minute = Math.floor(at / 60_000)
    if (minute !== this.#minute) this.#refusals.clear()
    this.#minute = minute
    const count = (this.#refusals.get(address) ?? 0) + 1
    this.#refusals.set(address, count)
    return count > refusalsPerMinute || this.#refusals.size > addressesMax
  }
}
