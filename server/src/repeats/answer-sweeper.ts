import type { Db } from '../db/db.ts'
import { deleteExpired, listTenantsWithExpired } from './stored-answers.queries.ts'

const everyMs = 60_000
const batchSize = 200

interface Options {
  readonly db: Db
  readonly clock: () => Date
  readonly onError: (error: unknown) => void
}

/** Deletes stored answers whose time is over: they hold personal data. Nothing depends on when: expiry is read with the answer. */
export class AnswerSweeper {
  readonly #options: Options
  #timer: NodeJS.Timeout | null = null
  #running: Promise<void> | null = null
  #stopped = false

  constructor(options: Options) {
    this.#options = options
  }

  start(): void {
    this.#timer = setInterval(() => this.#wake(), everyMs)
    this.#timer.unref()
  }

  /** Ends after the batch under way. */
  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer !== null) clearInterval(this.#timer)
    await this.#running
  }

  #wake(): void {
    this.#running ??= this.#run()
  }

  async #run(): Promise<void> {
    try {
      await this.sweep()
    } catch (error) {
      this.#options.onError(error)
    } finally {
      this.#running = null
    }
  }

  /** Deletes all that is expired now, in batches between which others write; answers how many. */
  async sweep(): Promise<number> {
    const { db, clock } = this.#options
    const now = clock().getTime()
    let deleted = 0
    for (const tenantId of await listTenantsWithExpired(db, now)) {
      let batch = batchSize
      while (batch === batchSize && !this.#stopped) {
        batch = await db.forTenant(tenantId).engine.transact((trx) => deleteExpired(trx, tenantId, now, batchSize))
        deleted += batch
      }
    }
    return deleted
  }
}
