import { renewCheckpoint, sealAll, type Sealing } from './sealing.service.ts'

/** Half of the second within which an event has to be sealed. */
const pollMs = 500
const renewEveryMs = 5_000

interface Options extends Sealing {
  readonly onError: (error: unknown) => void
}

/** Seals events behind the requests that wrote them, for as long as the server runs. */
export class Sealer {
  readonly #options: Options
  /** Tenants with events sealed since their last checkpoint, as far as this node knows. */
  readonly #unsigned = new Set<string>()
  #renewedAt = 0
  #timer: NodeJS.Timeout | null = null
  #running: Promise<void> | null = null

  constructor(options: Options) {
    this.#options = options
  }

  start(): void {
    this.#timer = setInterval(() => this.wake(), pollMs)
    this.#timer.unref()
  }

  wake(): void {
    this.#running ??= this.#pass().finally(() => (this.#running = null))
  }

  /** Ends the rounds with a last one, so that a server that was stopped leaves nothing unsealed. */
  async stop(): Promise<void> {
    await this.#running
    if (this.#timer === null) return
    clearInterval(this.#timer)
    this.#timer = null
    await this.#pass()
  }

  async #pass(): Promise<void> {
    const { clock, onError } = this.#options
    try {
      for (const tenantId of (await sealAll(this.#options)).keys()) this.#unsigned.add(tenantId)
      const now = clock().getTime()
      if (now - this.#renewedAt < renewEveryMs) return
      this.#renewedAt = now
      for (const tenantId of this.#unsigned) {
        if (await renewCheckpoint(this.#options, tenantId)) this.#unsigned.delete(tenantId)
      }
    } catch (error) {
      onError(error)
    }
  }
}
