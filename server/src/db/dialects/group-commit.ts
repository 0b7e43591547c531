import type { Database as Connection } from 'better-sqlite3'
import type { Kysely } from 'kysely'
import type { Database } from '../database.ts'
import { DatabaseUnavailable, type Trx } from '../db.ts'
import { LongestWait } from '../longest-wait.ts'
import { markTransaction } from '../transaction-mark.ts'
import type { SqlLimits } from '../sql-limits.ts'
import { inTurn } from './file-turns.ts'

const membersMax = 64
/** No answer waits longer than this for others to be done before the commit. */
const batchMaxMs = 20
/** Statements run on the event loop: after so long others get their turn, and who comes meanwhile joins the batch. */
const turnMaxMs = 2
const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))

interface Member {
  readonly queuedAt: number
  run(): Promise<void>
  settle(failure: unknown): void
}

/**
 * The one writer of SQLite. Requests queue; a batch of them runs in one transaction, each behind a savepoint,
 * and all answers wait for the one durable COMMIT. A member that fails rolls back alone.
 */
export class GroupCommit {
  readonly #raw: Connection
  readonly #writer: Kysely<Database>
  readonly #limits: Pick<SqlLimits, 'sqlLockWaitMs'>
  readonly #queue: Member[] = []
  readonly waits = new LongestWait()
  #draining = false

  constructor(raw: Connection, writer: Kysely<Database>, limits: Pick<SqlLimits, 'sqlLockWaitMs'>) {
    this.#limits = limits
    this.#raw = raw
    this.#writer = writer
  }

  transact<T>(work: (trx: Trx) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let outcome: { ok: true; value: T } | { ok: false; error: unknown } | undefined
      this.#queue.push({
        queuedAt: performance.now(),
        run: async () => {
          try {
            outcome = { ok: true, value: await markTransaction(() => this.#writer.transaction().execute(work)) }
          } catch (error) {
            outcome = { ok: false, error }
          }
        },
        settle: (failure) => {
          if (outcome?.ok === true && failure === undefined) resolve(outcome.value)
          else reject(outcome?.ok === false ? outcome.error : failure)
        },
      })
      this.#schedule()
    })
  }

  /** Requests that arrived in the same turn of the event loop join one batch. */
  #schedule(): void {
    if (this.#draining) return
    this.#draining = true
    setImmediate(() => void this.#drain())
  }

  async #drain(): Promise<void> {
    const { sqlLockWaitMs } = this.#limits
    while (this.#queue.length > 0) await inTurn(this.#raw.name, sqlLockWaitMs, () => this.#runBatch())
    this.#draining = false
  }

  async #runBatch(): Promise<void> {
    const members: Member[] = []
    let failure: unknown
    try {
      this.#raw.exec('begin immediate')
      const end = performance.now() + batchMaxMs
      let turnEnd = performance.now() + turnMaxMs
      do {
        const member = this.#queue.shift()
        if (member === undefined) break
        this.waits.note(member.queuedAt)
        members.push(member)
        await member.run()
        if (performance.now() < turnEnd) continue
        await nextTurn()
        turnEnd = performance.now() + turnMaxMs
      } while (members.length < membersMax && performance.now() < end && this.#raw.inTransaction)
      this.#raw.exec('commit')
    } catch (error) {
      failure = new DatabaseUnavailable('the database did not take the change', { cause: error })
      if (this.#raw.inTransaction) this.#raw.exec('rollback')
      // Nothing could even begin: those waiting must hear of it, or the queue would turn for ever.
      if (members.length === 0) members.push(...this.#queue.splice(0))
    }
    for (const member of members) member.settle(failure)
  }
}
