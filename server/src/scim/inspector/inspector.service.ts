import type { Db } from '../../db/db.ts'
import { deleteOld, insertEntry } from './scim-log.queries.ts'
import type { NewEntry, NewStep } from './scim-log.schema.ts'

const pendingMax = 500
const cleanEvery = 200
const refusalsPerMinute = 60
const dayMs = 86_400_000

/** One request as it is kept. */
export interface Entry {
  readonly tenantId: string
  readonly logDays: number
  readonly entry: NewEntry
  readonly steps: readonly NewStep[]
  /** Without a token anybody can make entries: those of one address are counted. */
  readonly isAnonymous: boolean
}

/**
 * Keeps SCIM requests for administrators to read. Writing never delays or fails a request:
 * under pressure entries are left out, and the next one that is kept says how many.
 *
 * @source contract/scim.md 12.1
 */
export class Inspector {
  readonly #db: Db
  readonly #pending = new Set<Promise<void>>()
  readonly #refusals = new Map<string, number>()
  #minute = 0
  #written = 0
  #leftOut = 0

  constructor(db: Db) {
    this.#db = db
  }

  keep(kept: Entry): void {
    if (kept.logDays === 0) return
    if (this.#pending.size >= pendingMax || (kept.isAnonymous && this.#isTooMany(kept.entry))) {
      this.#leftOut += 1
      return
    }
    const gap = this.#leftOut
    this.#leftOut = 0
    const entry =
      gap === 0
        ? kept.entry
        : { ...kept.entry, cause: `${kept.entry.cause} (${gap} earlier requests were not kept)`.trim() }
    const work = this.#write(kept, entry)
      // An entry that is lost is lost: the request it tells of was served.
      .catch(() => {})
      .finally(() => this.#pending.delete(work))
    this.#pending.add(work)
  }

  /** Resolves when nothing is being written; called before the database closes. */
  async settle(): Promise<void> {
    await Promise.all(this.#pending)
  }

  async #write({ tenantId, logDays, steps }: Entry, entry: NewEntry): Promise<void> {
    this.#written += 1
    const cleans = this.#written % cleanEvery === 0
    await this.#db.engine.transact(async (trx) => {
      await insertEntry(trx, tenantId, entry, steps)
      if (cleans) await deleteOld(trx, tenantId, entry.at - logDays * dayMs)
    })
  }

  #isTooMany({ at, address }: NewEntry): boolean {
    const minute = Math.floor(at / 60_000)
    if (minute !== this.#minute) this.#refusals.clear()
    this.#minute = minute
    const count = (this.#refusals.get(address) ?? 0) + 1
    this.#refusals.set(address, count)
    return count > refusalsPerMinute || this.#refusals.size > 10_000
  }
}
