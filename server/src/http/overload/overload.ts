import { randomInt } from 'node:crypto'
import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ApiError } from '../../errors/api-error.ts'
import type { Limits } from '../../limits/limits.ts'
import { importanceOf, type Importance } from './importance.ts'
import { InFlight, rankOf, type Admitted } from './in-flight.ts'
import { Pressure } from './pressure.ts'

declare module 'fastify' {
  interface FastifyRequest {
    admitted: Admitted | null
  }
  interface FastifyContextConfig {
    importance?: Importance
  }
}

interface Options {
  readonly limits: Limits
  readonly takeLongestWaitMs: () => number
}

const sweepMs = 1_000

/** Refuses what would only wait, before any work is done for it; the more important kinds of requests last. */
export class Overload {
  readonly #limits: Limits
  readonly #inFlight: InFlight
  readonly #pressure: Pressure
  #timer: NodeJS.Timeout | null = null
  /** Refusals so far, by reason and kind of request. */
  readonly refusals = new Map<string, number>()

  constructor({ limits, takeLongestWaitMs }: Options) {
    this.#limits = limits
    this.#inFlight = new InFlight(limits)
    this.#pressure = new Pressure({ limits, takeLongestWaitMs })
  }

  get inFlight(): number {
    return this.#inFlight.size
  }

  start(): void {
    this.#pressure.start()
    const { handlerTimeoutMs } = this.#limits
    const sweep = () => {
      for (const { reply } of this.#inFlight.takeBefore(performance.now() - handlerTimeoutMs)) giveUp(reply)
    }
    this.#timer = setInterval(sweep, Math.min(sweepMs, handlerTimeoutMs / 4))
    this.#timer.unref()
  }

  stop(): void {
    this.#pressure.stop()
    if (this.#timer !== null) clearInterval(this.#timer)
  }

  /** @throws unavailable */
  admit(request: FastifyRequest, reply: FastifyReply, tenantId: string, config: FastifyContextConfig): void {
    const importance = importanceOf(config, request)
    const reason =
      rankOf(importance) <= this.#pressure.level ? 'pressure' : this.#inFlight.fullFor(tenantId, importance)
    if (reason !== undefined) throw this.#refusal(reason, importance)
    // A body that comes without a credential may take its time: it must not take a place meanwhile.
    if (config.access === 'public' && request.method !== 'GET' && request.method !== 'HEAD') return
    this.enter(request, reply, tenantId)
  }

  enter(request: FastifyRequest, reply: FastifyReply, tenantId: string): void {
    request.admitted = this.#inFlight.add(tenantId, reply, this.#pressure.sampledAt)
  }

  leave({ admitted }: FastifyRequest): void {
    if (admitted !== null) this.#inFlight.remove(admitted)
  }

  #refusal(reason: string, importance: Importance): ApiError {
    const name = `${reason} ${importance}`
    this.refusals.set(name, (this.refusals.get(name) ?? 0) + 1)
    return busy('There is more to do here than can be done; try again in a moment.')
  }
}

/** Keeps the hooks of a server in step with its overload guard. */
export function addOverload(app: FastifyInstance, overload: Overload): void {
  app.decorateRequest('admitted', null)
  app.addHook('onRoute', (route) => {
    if (route.config?.access !== 'public') return
    const enter = async (request: FastifyRequest, reply: FastifyReply) => {
      if (request.admitted === null) overload.enter(request, reply, request.ctx.tenantId)
    }
    route.preHandler = [enter, ...[route.preHandler ?? []].flat()]
  })
  // Once an answer is made the work is done, whoever reads it and however slowly.
  app.addHook('onSend', (request, _reply, payload, done) => {
    overload.leave(request)
    done(null, payload)
  })
  app.addHook('onClose', async () => overload.stop())
  overload.start()
}

function giveUp(reply: FastifyReply): void {
  if (!reply.sent) void reply.send(busy('This took too long; whether anything of it happened is not known.'))
}

/** Clients come back at different times. */
function busy(detail: string): ApiError {
  return new ApiError('unavailable', { detail, headers: { 'retry-after': String(randomInt(1, 11)) } })
}
