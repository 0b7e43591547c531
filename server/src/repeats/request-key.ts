import { createHmac, hash } from 'node:crypto'
import type { Actor } from '../access/actor.ts'
import { ApiError } from '../errors/api-error.ts'

/** By what a client says that a request is the one it sent before. */
export interface RequestKey {
  /** Finds the stored answer: of actor, route and the client's key. */
  readonly hash: string
  /** Tells another request under the same key: of address and body. */
  readonly fingerprint: string
  readonly livesMs: number
}

/** The request as far as its key is concerned. */
export interface KeyedRequest {
  readonly actor: Actor
  readonly method: string
  /** The address as declared: `/api/service/groups/:id`. */
  readonly route: string
  /** The address as asked for. */
  readonly url: string
  readonly body: unknown
}

export const keyMax = 255
const idempotencyKeyMs = 24 * 60 * 60 * 1000
const requestIdMs = 15 * 60 * 1000

/**
 * Reads `Idempotency-Key`: a string in quotes, as the draft has it, or the same without quotes, as most clients send it.
 *
 * @throws invalid_request
 * @source contract/rest-api.md, 2.5; draft-ietf-httpapi-idempotency-key-header, 2.1
 */
export function parseIdempotencyKey(header: string): string {
  const quoted = /^"((?:[ !#-[\]-~]|\\["\\])*)"$/.exec(header)?.[1]?.replaceAll(/\\(["\\])/g, '$1')
  const key = quoted ?? (/^[!#-~][ -~]*$/.test(header) ? header : '')
  if (key.trim() === '' || key.length > keyMax) {
    throw new ApiError('invalid_request', {
      detail: `Idempotency-Key must be 1 to ${keyMax} printable ASCII characters, in double quotes or without; a UUID is a good one.`,
    })
  }
  return key
}

/** Under `Idempotency-Key`, for a day: another request under it is refused. */
export function keyFromHeader(key: string, request: KeyedRequest): RequestKey {
  return { hash: hashKey('key', key, request), fingerprint: fingerprintOf(key, request), livesMs: idempotencyKeyMs }
}

/** Under `X-Atlan-Request-Id`, for 15 minutes: another request under it is a new one, so what it asks is part of the key. */
export function keyFromRequestId(id: string, request: KeyedRequest): RequestKey {
  const fingerprint = fingerprintOf(id, request)
  return { hash: hashKey('request', `${id} ${fingerprint}`, request), fingerprint, livesMs: requestIdMs }
}

function hashKey(kind: string, key: string, { actor, method, route }: KeyedRequest): string {
  return hash('sha256', JSON.stringify([kind, actor.kind, actor.id, method, route, key]), 'base64url')
}

/** Keyed by what the client drew and nobody keeps: whoever reads the table cannot try out bodies, which may hold a password. */
function fingerprintOf(key: string, { url, body }: KeyedRequest): string {
  return createHmac('sha256', key)
    .update(`${url}\n${JSON.stringify(body) ?? ''}`)
    .digest('base64url')
}
