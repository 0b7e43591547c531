import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import FindMyWay, { type HTTPMethod } from 'find-my-way'
import { ApiError } from '../errors/api-error.ts'
import { pathOf } from './request-context.ts'

/**
 * Tells a wrong verb (405 with Allow) from an unknown address (404).
 * Must be called before the first route is registered, so that it sees them all.
 */
export function addNotFound(app: FastifyInstance): void {
  const paths = FindMyWay({ maxParamLength: 65_536 })
  const methods = new Set<HTTPMethod>()
  app.addHook('onRoute', ({ method, url }) => {
    for (const name of Array.isArray(method) ? method : [method]) {
      // Fastify types its methods as text; these are the ones routes are declared with.
      const known = name as HTTPMethod
      methods.add(known)
      if (!paths.hasRoute(known, url)) paths.on(known, url, () => {})
    }
  })
  app.setNotFoundHandler((request: FastifyRequest, _reply: FastifyReply) => {
    const path = pathOf(request.url)
    const allowed = [...methods].filter((method) => paths.find(method, path) !== null).toSorted()
    if (allowed.length > 0) {
      throw new ApiError('method_not_allowed', {
        detail: `${request.method} is not offered here; use ${allowed.join(' or ')}.`,
        headers: { allow: allowed.join(', ') },
      })
    }
    throw new ApiError('route_not_found', { detail: 'Nothing is served at this address; /api/docs lists what is.' })
  })
}
