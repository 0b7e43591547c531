import { availableParallelism } from 'node:os'
import { ApiError } from '../errors/api-error.ts'

/**
 * Lets a few hashes run at once and a few more wait; the rest is refused at once, cheaply. Each takes 19 MiB and a
 * core for its time, so that more at once would only make all of them late.
 *
 * @source contract/security-and-reliability.md, section 6
 */
export class HashGate {
  readonly #runningMax: number
  readonly #waitingMax: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor({ runningMax = 2 * availableParallelism(), waitingMax = 64 } = {}) {
    this.#runningMax = runningMax
    this.#waitingMax = waitingMax
  }

  /** @throws unavailable when too many wait already */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#runningMax) await this.#turn()
    else this.#running += 1
    try {
      return await work()
    } finally {
      // Whoever waits takes the place over; it is never free in between.
      const next = this.#waiting.shift()
      if (next === undefined) this.#running -= 1
      else next()
    }
  }

  #turn(): Promise<void> {
    if (this.#waiting.length >= this.#waitingMax) {
      throw new ApiError('unavailable', {
        detail: 'Too many people are signing in at this moment; try again in a few seconds.',
        headers: { 'retry-after': '2' },
      })
    }
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}
