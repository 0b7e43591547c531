import type { Ctx, TrxCtx } from '../access/ctx.ts'
import { ApiError } from '../errors/api-error.ts'
import { HeldTransaction } from './held-transaction.ts'
import type { RequestKey } from './request-key.ts'
import { findAnswer, insertAnswer, lockKey, type StoredAnswerRow } from './stored-answers.queries.ts'

/** What was answered, in a form that can be kept and sent again. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Empty for an empty body. */
  readonly body: string
}

/** An answer just made, and what of it may be kept; null keeps nothing, so that a repeat is judged anew. */
export interface Made {
  readonly answer: Answer
  readonly toKeep: Answer | null
}

/** An answer is made of what the transaction gave, in no time; whoever takes this long waits for something. */
const answerMaxMs = 5_000

/** Lets every request that carries a key happen once, however often and wherever it is sent. */
export class Repeats {
  /** Keys of the requests under way in this process. */
  readonly #running = new Set<string>()
  readonly #answerMaxMs: number

  constructor(options: { readonly answerMaxMs: number } = { answerMaxMs }) {
    this.#answerMaxMs = options.answerMaxMs
  }

  /**
   * Answers a request under its key: by doing it, or with what was answered before. The answer is committed with the effect,
   * so that a crash leaves both or neither. A request that fails leaves nothing, its key included.
   *
   * @throws request_in_progress · idempotency_key_reused
   * @source contract/rest-api.md, 2.5
   */
  async answer(
    ctx: Ctx,
    key: RequestKey,
    act: (ctx: Ctx) => Promise<Made>,
  ): Promise<{ readonly answer: Answer; readonly isRepeat: boolean }> {
    const name = `${ctx.tenantId} ${key.hash}`
    if (this.#running.has(name)) throw inProgress()
    this.#running.add(name)
    try {
      const stored = await findAnswer(ctx.db, ctx.tenantId, key.hash, ctx.now.getTime())
      if (stored !== undefined) return { answer: read(stored, key), isRepeat: true }
      return await this.#actOnce(ctx, key, act)
    } finally {
      this.#running.delete(name)
    }
  }

  async #actOnce(ctx: Ctx, key: RequestKey, act: (ctx: Ctx) => Promise<Made>) {
    // Kept apart from errors, which features may translate.
    let isRunningElsewhere = false
    const claim = async ({ db, tenantId }: TrxCtx) => {
      isRunningElsewhere = !(await lockKey(db, tenantId, key.hash))
      if (isRunningElsewhere) throw inProgress()
    }
    const held = new HeldTransaction(ctx, claim, this.#answerMaxMs)
    try {
      const { answer, toKeep } = await act(held.ctx)
      await held.commit(async (ctx) => {
        if (toKeep !== null) await keep(ctx, key, toKeep)
      })
      return { answer, isRepeat: false }
    } catch (error) {
      await held.rollBack()
      if (isRunningElsewhere) throw inProgress()
      // Another node may have been done with it between our look and our lock: then what failed here is the repeat.
      const stored = await findAnswer(ctx.db, ctx.tenantId, key.hash, ctx.now.getTime())
      if (stored !== undefined) return { answer: read(stored, key), isRepeat: true }
      throw error
    }
  }
}

async function keep({ db, tenantId, now }: TrxCtx, key: RequestKey, answer: Answer): Promise<void> {
  const row = {
    tenant_id: tenantId,
    key_hash: key.hash,
    fingerprint: key.fingerprint,
    status: answer.status,
    headers: JSON.stringify(answer.headers),
    body: answer.body,
    expires_at: now.getTime() + key.livesMs,
  }
  if (!(await insertAnswer(db, row, now.getTime()))) throw new Error('a second request came to the end under one key')
}

/** @throws idempotency_key_reused */
function read(row: StoredAnswerRow, key: RequestKey): Answer {
  if (row.fingerprint !== key.fingerprint) {
    throw new ApiError('idempotency_key_reused', {
      detail: 'Another request was sent under this Idempotency-Key; give every request a key of its own.',
    })
  }
  return { status: row.status, headers: JSON.parse(row.headers), body: row.body }
}

function inProgress(): ApiError {
  return new ApiError('request_in_progress', {
    detail: 'The same request is being done right now; send it again in a moment for its answer.',
    headers: { 'retry-after': '1' },
  })
}
