import type { FastifyRequest } from 'fastify'
import { ApiError } from '../errors/api-error.ts'
import {
  keyFromHeader,
  keyFromRequestId,
  parseIdempotencyKey,
  type KeyedRequest,
  type RequestKey,
} from '../repeats/request-key.ts'

/** Which requests `Idempotency-Key` means something for. */
export function takesKey(method: string): boolean {
  return method === 'POST' || method === 'PUT'
}

/**
 * The key under which a request is to happen once; null for one that has none.
 *
 * @param isCreate official clients repeat creates under the same X-Atlan-Request-Id
 * @throws invalid_request
 */
export function readRequestKey(request: FastifyRequest, isCreate: boolean): RequestKey | null {
  const { headers } = request
  const header = headers['idempotency-key']
  // An id that was not fit to be repeated is not the request's (server.ts).
  const id = isCreate && headers['x-atlan-request-id'] === request.id ? request.id : undefined
  if ((header === undefined && id === undefined) || isForm(headers['content-type'])) return null
  if (header === undefined) return id === undefined ? null : keyFromRequestId(id, keyed(request))
  if (isRepeated(request.raw.rawHeaders)) {
    throw new ApiError('invalid_request', { detail: 'The request has two Idempotency-Key headers; send one.' })
  }
  return keyFromHeader(parseIdempotencyKey(String(header)), keyed(request))
}

/** Forms are sent by people in a browser, which knows no such header, and answered with pages. */
function isForm(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/x-www-form-urlencoded/i.test(contentType)
}

function isRepeated(rawHeaders: readonly string[]): boolean {
  return rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === 'idempotency-key').length > 1
}

function keyed({ ctx, method, url, routeOptions, body }: FastifyRequest): KeyedRequest {
  return { actor: ctx.actor, method, route: routeOptions.url ?? '', url, body }
}
