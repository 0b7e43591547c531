import type { FastifyInstance } from 'fastify'
import { ApiError } from '../errors/api-error.ts'

export interface HealthSource {
  /** Throws when the database does not answer. */
  checkDatabase(): Promise<void>
  isServing(): boolean
  isDraining(): boolean
}

/** /healthz says the process lives, /readyz that it should get requests. Neither tells why not. */
export function addHealth(app: FastifyInstance, source: HealthSource): void {
  app.get('/healthz', { schema: { hide: true } }, async () => ({ status: 'ok' }))
  app.get('/readyz', { schema: { hide: true } }, async () => {
    if (!source.isServing()) throw notReady('The server is starting.')
    if (source.isDraining()) throw notReady('The server is stopping.')
    try {
      await source.checkDatabase()
    } catch (error) {
      throw notReady('The database does not answer.', error)
    }
    return { status: 'ready' }
  })
}

function notReady(detail: string, cause?: unknown): ApiError {
  return new ApiError('unavailable', { detail, cause, headers: { 'retry-after': '2' } })
}
