import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import FindMyWay, { type HTTPMethod } from 'find-my-way'
import { ApiError } from '../errors/api-error.ts'
import { pathOf } from './request-context.ts'

interface Route {
  readonly method: HTTPMethod
  readonly url: string
}

type Router = ReturnType<typeof FindMyWay>

/**
 * Tells a wrong verb (405 with Allow) from an unknown address (404).
 * Must be called before the first route is registered, so that it sees them all.
 */
export function addNotFound(app: FastifyInstance): void {
  const routes: Route[] = []
  app.addHook('onRoute', ({ method, url }) => {
    // Fastify types its methods as text; these are the ones routes are declared with.
    for (const name of Array.isArray(method) ? method : [method]) routes.push({ method: name as HTTPMethod, url })
  })
  // A second router costs a tenth of a start: it is made for the first address that leads nowhere.
  let paths: Router | undefined
  app.setNotFoundHandler((request: FastifyRequest, _reply: FastifyReply) => {
    paths ??= routerOf(routes)
    const path = pathOf(request.url)
    const allowed = allowedAt(path, routes, paths)
    if (allowed.length > 0) {
      throw new ApiError('method_not_allowed', {
        detail: `${request.method} is not offered here; use ${allowed.join(' or ')}.`,
        headers: { allow: allowed.join(', ') },
      })
    }
    throw new ApiError('route_not_found', { detail: 'Nothing is served at this address; /api/docs lists what is.' })
  })
}

function routerOf(routes: readonly Route[]): Router {
  const paths = FindMyWay({ maxParamLength: 65_536 })
  for (const { method, url } of routes) if (!paths.hasRoute(method, url)) paths.on(method, url, () => {})
  return paths
}

function allowedAt(path: string, routes: readonly Route[], paths: Router): HTTPMethod[] {
  const methods = new Set(routes.map(({ method }) => method))
  return [...methods].filter((method) => paths.find(method, path) !== null).toSorted()
}
