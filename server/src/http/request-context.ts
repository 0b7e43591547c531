import type { FastifyContextConfig, FastifyInstance, FastifyRequest } from 'fastify'
import { anonymous, type Actor } from '../access/actor.ts'
import type { Ctx, Origin } from '../access/ctx.ts'
import type { Db } from '../db/db.ts'
import { ApiError, invalidToken } from '../errors/api-error.ts'
import type { Limits } from '../limits/limits.ts'
import { refuseByRole } from './operation.ts'
import type { Overload } from './overload/overload.ts'
import type { RateGate } from './rate-gate.ts'

declare module 'fastify' {
  interface FastifyRequest {
    ctx: Ctx
  }
}

/** What the platform needs from features; app.ts hands it over as functions. */
export interface ContextSource {
  readonly db: Db
  readonly clock: () => Date
  /** The tenant a host stands for; undefined for a host that is none. */
  tenantForHost(host: string, now: Date): Promise<string | undefined>
  /** The actor behind a bearer token, when the address accepts its kind. @throws invalid_token */
  authenticate(request: {
    readonly db: Db
    readonly tenantId: string
    readonly token: string
    readonly path: string
    readonly now: Date
  }): Promise<Actor>
  readonly limits: Limits
  readonly overload: Overload
  readonly rates: RateGate
  readonly spaces: readonly Space[]
}

/** A part of the address space that speaks another protocol, and asks for credentials of its own. */
export interface Space {
  /** Whether a path belongs to it, known routes or not. */
  owns(path: string): boolean
  /** Lets a request in before anything of it is read. Throws the space's own refusals. */
  admit(request: FastifyRequest, found: Pick<Ctx, 'db' | 'tenantId' | 'now'>): Promise<Actor>
}

/** What every answer under /api carries: nothing of it may be kept or framed. */
export const apiHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
}

/** In this order, and before any body is read: host, load, rate of the address, credential, rates of the caller, role. */
export function addRequestContext(app: FastifyInstance, source: ContextSource): void {
  const { limits, overload, rates } = source
  app.decorateRequest('ctx')
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-atlan-request-id', request.id)
    const path = pathOf(request.url)
    if (isOutsideTenants(path)) return
    if (path.startsWith('/api/')) reply.headers(apiHeaders)
    refuseBadFraming(request, limits)
    const now = source.clock()
    const tenantId = await source.tenantForHost(request.host, now)
    if (tenantId === undefined) {
      throw new ApiError('unknown_host', { detail: 'No workspace is served under this host name; check the address.' })
    }
    // Made anew by each look at it; empty for addresses that are none.
    const config = request.routeOptions.config ?? nowhere
    overload.admit(request, reply, tenantId, config)
    const arrival = { request, reply, tenantId, now: now.getTime() }
    const db = source.db.forTenant(tenantId)
    const found = { db, tenantId, now }
    const space = source.spaces.find((candidate) => candidate.owns(path))
    if (space === undefined) refuseTwoCredentials(request)
    const isOpen = space === undefined && !needsBearer(config, path)
    const actor = isOpen ? anonymous : await findActor(source, request, found, space)
    request.ctx = {
      db,
      tenantId,
      actor: actor instanceof Stranger ? anonymous : actor,
      now,
      requestId: request.id,
      origin: originOf(request, space === undefined ? 'rest' : 'scim'),
      limits,
    }
    if (isOpen || actor instanceof Stranger) await rates.passAnonymous(arrival)
    else {
      // Nothing is waited for but where the database must be asked.
      const waiting = rates.passActor(arrival, actor)
      if (waiting !== undefined) await waiting
    }
    if (actor instanceof Stranger) throw actor.refusal
    // Other spaces answer for their own addresses: what is no id there is refused in their words.
    if (space === undefined) refuseBadIds(request, limits)
    refuseByRole(request, config.access)
    if (config.invites === true) await rates.passInvite(arrival, actor)
  })
  app.addHook('onSend', (_request, reply, payload, done) => {
    rates.stripRedirect(reply)
    done(null, payload)
  })
}

const nowhere: Readonly<FastifyContextConfig> = {}

/** Somebody whose credential was refused: an address over its rate hears of that first. */
class Stranger {
  readonly refusal: Error

  constructor(refusal: Error) {
    this.refusal = refusal
  }
}

async function findActor(
  source: ContextSource,
  request: FastifyRequest,
  found: Pick<Ctx, 'db' | 'tenantId' | 'now'>,
  space: Space | undefined,
): Promise<Actor | Stranger> {
  try {
    if (space !== undefined) return await space.admit(request, found)
    return await source.authenticate({
      ...found,
      token: bearerToken(request),
      // As it was declared: the address itself may spell letters as percent codes.
      path: request.routeOptions.url ?? pathOf(request.url),
    })
  } catch (error) {
    if (error instanceof Error && 'status' in error && error.status === 401) return new Stranger(error)
    throw error
  }
}

/** What is longer than any id cannot be one, and is not looked for. */
function refuseBadIds({ params }: FastifyRequest, { pathIdMaxCharacters: idMax }: Limits): void {
  if (typeof params !== 'object' || params === null) return
  const ids = Object.values(params).filter((value) => typeof value === 'string')
  if (ids.some((id) => id.includes('\0')))
    throw new ApiError('invalid_request', { detail: 'The address contains a NUL character.' })
  if (ids.some((id) => id.length > idMax)) {
    throw new ApiError('route_not_found', { detail: `No id is longer than ${idMax} characters; check the address.` })
  }
}

/** The path of what was asked for, also where that came in the absolute form (RFC 9112, 3.2.2). */
export function pathOf(url: string): string {
  const end = url.indexOf('?')
  const target = end === -1 ? url : url.slice(0, end)
  return target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/]*/i, '')
}

/** Probes answer for the whole process, whatever host they are asked under. */
function isOutsideTenants(path: string): boolean {
  return path === '/healthz' || path === '/readyz' || path === '/metrics'
}

/** Unknown addresses of the API ask for a credential first: what exists is nobody's business without one. */
function needsBearer({ access }: FastifyContextConfig, path: string): boolean {
  if (access !== undefined) return access !== 'public'
  return path.startsWith('/api/service') || path.startsWith('/api/muster')
}

function bearerToken(request: FastifyRequest): string {
  const header = request.headers.authorization
  if (header === undefined) throw invalidToken('')
  const token = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(header)?.[1]
  if (token === undefined) throw invalidToken()
  return token
}

function refuseBadFraming(request: FastifyRequest, { headersMax }: Limits): void {
  const { rawHeaders } = request.raw
  if (rawHeaders.length / 2 > headersMax) {
    throw new ApiError('headers_too_large', {
      detail: `The request has more than ${headersMax} headers.`,
      headers: { connection: 'close' },
    })
  }
  if (countHeader(request, 'host') > 1)
    throw new ApiError('invalid_request', { detail: 'The request has two Host headers.' })
  if (request.headers['content-encoding'] !== undefined) {
    throw new ApiError('unsupported_media_type', { detail: 'Send the body without Content-Encoding.' })
  }
  const expectation = request.headers.expect
  if (expectation !== undefined && expectation.toLowerCase() !== '100-continue') {
    throw new ApiError('expectation_failed', { detail: 'The only expectation met here is 100-continue.' })
  }
}

/** Node joins or drops repeated headers; only the raw ones tell. */
export function countHeader({ raw: { rawHeaders } }: FastifyRequest, wanted: string): number {
  let count = 0
  for (let index = 0; index < rawHeaders.length; index += 2) if (rawHeaders[index]?.toLowerCase() === wanted) count += 1
  return count
}

function refuseTwoCredentials(request: FastifyRequest): void {
  if (countHeader(request, 'authorization') < 2) return
  throw new ApiError('invalid_request', {
    detail: 'The request has two Authorization headers; send one.',
    headers: { 'www-authenticate': 'Bearer realm="muster", error="invalid_request"' },
  })
}

function originOf(request: FastifyRequest, door: Origin['door']): Origin {
  return { address: request.ip, userAgent: (request.headers['user-agent'] ?? '').slice(0, 300), door }
}
