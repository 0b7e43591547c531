import { setTimeout as wait } from 'node:timers/promises'
import { CommitUnknown, type Engine, type Trx } from '../db/db.ts'
import { isDuplicate } from '../db/dialects/violations.ts'
import type { Ctx, TrxCtx } from './ctx.ts'

/** Writes once more what a transaction has written: refused as a duplicate when that transaction was kept. */
export type Witness = (trx: Trx) => Promise<unknown>

interface Open {
  readonly callbacks: (() => void)[]
  witness: Witness | null
}

const opened = new WeakMap<Trx, Open>()

/**
 * Runs work in one transaction: all of it is kept, durably, or nothing is.
 * Inside: SQL only, no network, no hashing, no files. The work may run again after a serialization conflict.
 */
export async function inTransaction<T>(ctx: Ctx, work: (ctx: TrxCtx) => Promise<T>): Promise<T> {
  if (ctx.held !== undefined) return ctx.held.run(ctx, work)
  const { engine } = ctx.db
  let open: Open = { callbacks: [], witness: null }
  let done: { readonly result: T } | undefined
  try {
    await engine.transact(async (trx) => {
      open = { callbacks: [], witness: null }
      opened.set(trx, open)
      done = { result: await work({ ...ctx, db: trx }) }
    })
  } catch (error) {
    if (!(error instanceof CommitUnknown) || !(await wasKept(engine, open.witness))) throw error
  }
  if (done === undefined) throw new Error('a transaction ended before its work')
  for (const callback of open.callbacks) callback()
  return done.result
}

/** Calls back once the transaction is durable; never when it is not. For waking workers, not for work. */
export function onCommit(ctx: TrxCtx, callback: () => void): void {
  openOf(ctx).callbacks.push(callback)
}

/** Names a row by which one can tell, should the answer to COMMIT be lost, whether the transaction was kept. The first one counts. */
export function testifyBy(ctx: TrxCtx, witness: Witness): void {
  openOf(ctx).witness ??= witness
}

function openOf(ctx: TrxCtx): Open {
  const open = opened.get(ctx.db)
  if (open === undefined) throw new Error('outside inTransaction')
  return open
}

/** Between attempts to reach the database again. */
const askAgainAfterMs = [0, 100, 300, 900]

/**
 * Asks the database what became of a transaction. A COMMIT still under way there makes the question wait for its end,
 * which reading would not. Without a witness nothing was changed that anybody could miss.
 *
 * @source contract/security-and-reliability.md, 10.3
 */
async function wasKept(engine: Engine, witness: Witness | null): Promise<boolean> {
  if (witness === null) return false
  for (const pauseMs of askAgainAfterMs) {
    await wait(pauseMs)
    try {
      await engine.transact(async (trx) => {
        await witness(trx)
        throw new NotKept()
      })
    } catch (error) {
      if (error instanceof NotKept) return false
      if (isDuplicate(error)) return true
    }
  }
  return false
}

class NotKept extends Error {}
