import type { Trx } from '../db/db.ts'
import type { Ctx, TrxCtx } from './ctx.ts'

const afterCommit = new WeakMap<Trx, (() => void)[]>()

/**
 * Runs work in one transaction: all of it is kept, durably, or nothing is.
 * Inside: SQL only, no network, no hashing, no files. The work may run again after a serialization conflict.
 */
export async function inTransaction<T>(ctx: Ctx, work: (ctx: TrxCtx) => Promise<T>): Promise<T> {
  if (ctx.held !== undefined) return ctx.held.run(ctx, work)
  let callbacks: (() => void)[] = []
  const result = await ctx.db.engine.transact(async (trx) => {
    callbacks = []
    afterCommit.set(trx, callbacks)
    return work({ ...ctx, db: trx })
  })
  for (const callback of callbacks) callback()
  return result
}

/** Calls back once the transaction is durable; never when it is not. For waking workers, not for work. */
export function onCommit(ctx: TrxCtx, callback: () => void): void {
  const callbacks = afterCommit.get(ctx.db)
  if (callbacks === undefined) throw new Error('onCommit outside inTransaction')
  callbacks.push(callback)
}
