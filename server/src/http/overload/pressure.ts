import type { Limits } from '../../limits/limits.ts'
import { importances } from './importance.ts'

const windowMs = 250
const sampleMs = 10
/** The last kind is never refused for pressure. */
const levelMax = importances.length - 1

interface Options {
  readonly limits: Pick<Limits, 'eventLoopDelayMaxMs' | 'sqlConnectionWaitMs'>
  /** The longest wait for the database since it was last asked. */
  readonly takeLongestWaitMs: () => number
}

/**
 * How many kinds of requests are refused because this node is behind: each window in which the event loop or the
 * database was too slow adds one, each other takes one away. So one long pause costs next to nothing, and a load that
 * stays is down to what can be served within a second.
 *
 * The loop is sampled here: `monitorEventLoopDelay` loses the delay in which it is reset, and sees none at all when
 * every turn is longer than a window.
 */
export class Pressure {
  readonly #options: Options
  #timer: NodeJS.Timeout | null = null
  #sampledAt = 0
  #windowSince = 0
  /** Of the 25 samples of a window the largest is the 99th percentile. */
  #delayMs = 0
  #level = 0

  constructor(options: Options) {
    this.#options = options
  }

  /** When this was last looked at: the time, to within some milliseconds. */
  get sampledAt(): number {
    return this.#sampledAt
  }

  get level(): number {
    return this.#level
  }

  start(): void {
    const now = performance.now()
    this.#sampledAt = now
    this.#windowSince = now
    this.#timer = setInterval(() => this.sample(performance.now()), sampleMs)
    this.#timer.unref()
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
  }

  sample(now: number): void {
    this.#delayMs = Math.max(this.#delayMs, now - this.#sampledAt - sampleMs)
    this.#sampledAt = now
    if (now - this.#windowSince < windowMs) return
    this.#windowSince = now
    this.#level = Math.min(levelMax, Math.max(0, this.#level + (this.#isBehind() ? 1 : -1)))
    this.#delayMs = 0
  }

  #isBehind(): boolean {
    const { limits, takeLongestWaitMs } = this.#options
    const waitedMs = takeLongestWaitMs()
    const isLate = limits.eventLoopDelayMaxMs > 0 && this.#delayMs > limits.eventLoopDelayMaxMs
    return isLate || waitedMs >= limits.sqlConnectionWaitMs
  }
}
