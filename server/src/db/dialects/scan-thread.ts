import { Worker } from 'node:worker_threads'
import { DatabaseUnavailable } from '../db.ts'
import type { SqlLimits } from '../sql-limits.ts'

export interface ScanQuestion {
  readonly id: number
  readonly text: string
  readonly values: readonly unknown[]
}

export type ScanAnswer =
  | { readonly id: number; readonly rows: unknown[] }
  | { readonly id: number; readonly error: string }

interface Waiting {
  readonly resolve: (rows: unknown[]) => void
  readonly reject: (error: Error) => void
}

/** Scans under way and behind them; whoever comes later hears that the database is busy. */
const waitingMax = 64
/** A thread costs 20 MB, so it ends when nobody has asked it for a while. */
const idleMaxMs = 60_000

/**
 * Reads that may take long, on a thread and a connection of their own: statements of SQLite run where they are called,
 * and on the event loop everybody else would wait for them. Started by a question, ended when there are none.
 */
export class ScanThread {
  readonly #file: string
  readonly #limits: Pick<SqlLimits, 'sqlLockWaitMs'>
  readonly #waiting = new Map<number, Waiting>()
  #worker: Worker | null = null
  #asked = 0
  #idle: NodeJS.Timeout | undefined

  constructor(file: string, { sqlLockWaitMs }: Pick<SqlLimits, 'sqlLockWaitMs'>) {
    this.#file = file
    this.#limits = { sqlLockWaitMs }
  }

  /** @throws DatabaseUnavailable when too many wait already */
  scan(text: string, values: readonly unknown[]): Promise<unknown[]> {
    if (this.#waiting.size >= waitingMax) throw new DatabaseUnavailable('too many long searches at once')
    const worker = (this.#worker ??= this.#start())
    const id = (this.#asked += 1)
    clearTimeout(this.#idle)
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      worker.postMessage({ id, text, values } satisfies ScanQuestion)
    })
  }

  async close(): Promise<void> {
    clearTimeout(this.#idle)
    const worker = this.#worker
    this.#worker = null
    await worker?.terminate()
  }

  #start(): Worker {
    const worker = new Worker(new URL('scan-worker.ts', import.meta.url), {
      workerData: { file: this.#file, limits: this.#limits },
      // It makes a few rows at a time; left alone it takes as much memory as the server's own thread.
      resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 },
    })
    // It ends with the process and never keeps it.
    worker.unref()
    worker.on('message', (answer: ScanAnswer) => this.#settle(answer))
    worker.on('error', (error) => this.#fail(worker, error))
    worker.on('exit', () => this.#fail(worker, new Error('the scanning thread ended')))
    return worker
  }

  #settle(answer: ScanAnswer): void {
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if ('rows' in answer) waiting?.resolve(answer.rows)
    else waiting?.reject(new Error(`a scan failed: ${answer.error}`))
    if (this.#waiting.size === 0) this.#idle = setTimeout(() => void this.close(), idleMaxMs).unref()
  }

  /** Nothing is lost but the answers: the next question starts another thread. */
  #fail(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker && this.#worker !== null) return
    this.#worker = null
    for (const { reject } of this.#waiting.values())
      reject(new DatabaseUnavailable('the scanning thread broke off', { cause }))
    this.#waiting.clear()
  }
}
