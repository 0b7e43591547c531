import type { FastifyReply, FastifyRequest } from 'fastify'
import { ApiError } from '../errors/api-error.ts'
import { toApiError } from '../http/render-error.ts'
import { pathOf } from '../http/request-context.ts'
import { scimErrorBody, toScimError } from './scim-error.ts'

/** Where SCIM is served; `meta.location` and the like always use the first. contract/scim.md 3.1 */
export const scimPrefixes = ['/api/scim', '/api/service/scim'] as const

export function ownsPath(path: string): boolean {
  const lower = path.toLowerCase()
  return scimPrefixes.some((prefix) => lower === prefix || lower.startsWith(`${prefix}/`))
}

/** Renders whatever was thrown as a SCIM Error; the one place where they are made (item 25). */
export function renderScimError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const error = toScimError(thrown, (unknown) => namingLimit(toApiError(unknown), request))
  if (error.status >= 500) request.log.error({ err: thrown }, error.message)
  const detail =
    error.status >= 500
      ? { ...scimErrorBody(error), detail: `${error.message} Request ${request.id}.` }
      : scimErrorBody(error)
  if (request.scim !== undefined) request.scim.failure = error
  return reply
    .code(error.status)
    .headers(error.headers)
    .type('application/scim+json; charset=utf-8')
    .send(JSON.stringify(detail))
}

/** A body that is too large is told by how much it may hold (item 182). */
function namingLimit(error: ApiError, { routeOptions: { bodyLimit } }: FastifyRequest): ApiError {
  if (error.code !== 'body_too_large') return error
  return new ApiError('body_too_large', { detail: `The body is larger than the ${bodyLimit} bytes accepted here.` })
}

/** The address below the base, without version segment; an unknown version is told by its name. */
export function scimPath(request: FastifyRequest): { readonly version: string; readonly segments: readonly string[] } {
  const path = pathOf(request.url)
  const prefix = scimPrefixes.find((candidate) => path.toLowerCase().startsWith(candidate)) ?? ''
  const segments = path
    .slice(prefix.length)
    .split('/')
    .filter((segment) => segment !== '')
  const [first = ''] = segments
  const isVersion = /^v\d+$/i.test(first)
  return { version: isVersion ? first.toLowerCase() : 'v2', segments: isVersion ? segments.slice(1) : segments }
}
