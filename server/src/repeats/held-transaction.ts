import { sql } from 'kysely'
import type { Ctx, Held, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { DatabaseUnavailable, type Trx } from '../db/db.ts'
import { followTransaction } from '../db/follow-transaction.ts'
import { markTransaction } from '../db/transaction-mark.ts'

type LastWork = (ctx: TrxCtx) => Promise<void>

interface Open {
  readonly trx: Trx
  readonly answered: PromiseWithResolvers<LastWork>
  readonly committed: Promise<void>
}

/**
 * The transaction of a request whose answer is committed with its effect. It opens with the first inTransaction and stays open
 * while the rest of the handler makes the answer; reads of the handler follow it. A further inTransaction joins it.
 */
export class HeldTransaction implements Held {
  /** What the handler works with. */
  readonly ctx: Ctx
  readonly #plain: Ctx
  readonly #claim: LastWork
  readonly #answerMaxMs: number
  #open: Open | null = null
  #failure: { readonly error: unknown } | null = null

  /**
   * @param claim comes before the first work, and after every rollback again; what it throws ends the transaction
   * @param answerMaxMs how long the handler may take from its first change to its answer; others wait meanwhile
   */
  constructor(ctx: Ctx, claim: LastWork, answerMaxMs: number) {
    this.#plain = ctx
    this.#claim = claim
    this.#answerMaxMs = answerMaxMs
    this.ctx = { ...ctx, db: followTransaction(ctx.db, () => this.#open?.trx ?? null), held: this }
  }

  async run<T>(ctx: Ctx, work: (ctx: TrxCtx) => Promise<T>): Promise<T> {
    this.#refuseAfterFailure()
    const { held: _held, ...plain } = ctx
    if (this.#open === null) return this.#begin({ ...plain, db: this.#plain.db }, work)
    return joined({ ...plain, db: this.#open.trx }, work)
  }

  /** Commits what the request did together with what `last` writes. Nothing is kept when it rejects. */
  async commit(last: LastWork): Promise<void> {
    this.#refuseAfterFailure()
    if (this.#open === null) {
      return inTransaction(this.#plain, async (ctx) => {
        await this.#claim(ctx)
        await last(ctx)
      })
    }
    const { answered, committed } = this.#open
    answered.resolve(last)
    await committed
  }

  /** Undoes what the request did. */
  async rollBack(): Promise<void> {
    if (this.#open === null) return
    const { answered, committed } = this.#open
    answered.reject(new Error('the request failed'))
    await committed.catch(() => {})
  }

  /** Resolves once the work is done, long before the transaction ends. */
  #begin<T>(ctx: Ctx, work: (ctx: TrxCtx) => Promise<T>): Promise<T> {
    const done = Promise.withResolvers<T>()
    const answered = Promise.withResolvers<LastWork>()
    let isHandedOver = false
    const committed = inTransaction(ctx, async (ctx) => {
      // Its result is in the handler's hands: another attempt could come to another one.
      if (isHandedOver) throw new DatabaseUnavailable('the change conflicted with another when it was committed')
      await this.#claim(ctx)
      const result = await work(ctx)
      isHandedOver = true
      this.#open = { trx: ctx.db, answered, committed }
      done.resolve(result)
      const last = await within(this.#answerMaxMs, answered.promise)
      await last(ctx)
    })
    committed.then(
      () => (this.#open = null),
      (error: unknown) => {
        this.#open = null
        if (isHandedOver) this.#failure = { error }
        done.reject(error)
      },
    )
    return done.promise
  }

  #refuseAfterFailure(): void {
    if (this.#failure !== null) throw this.#failure.error
  }
}

/** Undone alone when it fails: the handler may know what to do about it. */
async function joined<T>(ctx: TrxCtx, work: (ctx: TrxCtx) => Promise<T>): Promise<T> {
  await sql`savepoint joined`.execute(ctx.db)
  try {
    const result = await markTransaction(() => work(ctx))
    await sql`release savepoint joined`.execute(ctx.db)
    return result
  } catch (error) {
    await sql`rollback to savepoint joined`.execute(ctx.db)
    throw error
  }
}

async function within<T>(maxMs: number, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const error = () => new DatabaseUnavailable(`a handler took more than ${maxMs} ms to answer after its change`)
  const timer = setTimeout(() => late.reject(error()), maxMs)
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
