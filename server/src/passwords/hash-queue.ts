import { availableParallelism } from 'node:os'
import { ApiError } from '../errors/api-error.ts'
import type { Limits } from '../limits/limits.ts'

/** Hashing takes a core for tens of milliseconds and 19 MiB: so many at once, so many waiting, the rest come again. */
export class HashQueue {
  readonly #atOnce: number
  readonly #waitingMax: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(limits: Pick<Limits, 'passwordHashesPerCore' | 'passwordHashesWaitingMax'>) {
    this.#atOnce = limits.passwordHashesPerCore * availableParallelism()
    this.#waitingMax = limits.passwordHashesWaitingMax
  }

  /** @throws unavailable */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.#enter()
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      // Whoever waited takes the place over.
      if (next === undefined) this.#running -= 1
      else next()
    }
  }

  #enter(): Promise<void> {
    if (this.#running < this.#atOnce) {
      this.#running += 1
      return Promise.resolve()
    }
    if (this.#waiting.length >= this.#waitingMax) {
      throw new ApiError('unavailable', {
        detail: 'Too many passwords are being checked at this moment; try again in a few seconds.',
        headers: { 'retry-after': '5' },
      })
    }
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}
