import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import { ApiError } from '../errors/api-error.ts'
import { parseJsonStrictly } from '../http/parse-json.ts'
import type { Space } from '../http/request-context.ts'
import { invalidSyntax, ScimError } from './scim-error.ts'
import type { Ctx } from '../access/ctx.ts'
import { readInternals, type ScimInternals } from '../scim-tokens/scim-settings.service.ts'
import { admitScim, Refused } from './scim-gate.ts'
import type { Inspector } from './inspector/inspector.service.ts'
import { toEntry } from './inspector/log-request.ts'
import { openSession } from './open-session.ts'
import type { ScimSession } from './scim-session.ts'
import { ownsPath, renderScimError, scimPath, scimPrefixes } from './scim-space.ts'
import { serveScim } from './serve.ts'
import type { ScimToken } from '../scim-tokens/scim-tokens.schema.ts'

/** What the gate found of a request, and what became of it. */
interface ScimState {
  token: ScimToken | undefined
  session: ScimSession | undefined
  failure: ScimError | undefined
  settings: ScimInternals | undefined
  response: string
  responseBytes: number
}

declare module 'fastify' {
  interface FastifyRequest {
    scim: ScimState | undefined
  }
}

interface ScimDeps {
  /** Where a tenant is reached, from configuration: `https://acme.example.com`. */
  readonly baseUrl: (tenantId: string) => Promise<string>
  readonly inspector: Inspector
}

const bodyMaxBytes = 1_048_576
/** A PUT of a whole group of 100,000 must fit. */
const groupBodyMaxBytes = 16 * 1_048_576
const jsonLimits = { depthMax: 32, nodesMax: 50_000 }
const groupJsonLimits = { depthMax: 32, nodesMax: 1_000_000 }

/** SCIM's part of the address space: who may enter, before anything of a request is read. */
export function scimSpace(inspector: Inspector): Space {
  return {
    owns: ownsPath,
    admit: async (request, found) => {
      request.scim = {
        token: undefined,
        session: undefined,
        failure: undefined,
        settings: undefined,
        response: '',
        responseBytes: 0,
      }
      try {
        const { actor, token } = await admitScim(request, found)
        request.scim.settings = await readInternals(found, true)
        request.scim.token = token
        return actor
      } catch (error) {
        if (error instanceof Refused) await keepRefusal(inspector, request, found, error)
        throw error
      }
    },
  }
}

/** 401s are kept too: they are what administrators look for when a set-up does not work. */
async function keepRefusal(
  inspector: Inspector,
  request: FastifyRequest,
  found: Pick<Ctx, 'db' | 'tenantId' | 'now'>,
  error: Refused,
): Promise<void> {
  const { logDays } = await readInternals(found, false)
  inspector.keep(
    toEntry(request, {
      ...found,
      logDays,
      status: 401,
      token: error.token,
      trace: undefined,
      failure: error,
      cause: error.why,
      durationMs: 0,
      response: '',
      responseBytes: 0,
    }),
  )
}

/** Registers SCIM under all its prefixes; addresses below them are told apart by `serve.ts`, in any case. */
export async function registerScimRoutes(app: FastifyInstance, deps: ScimDeps): Promise<void> {
  app.decorateRequest('scim', undefined)
  for (const prefix of scimPrefixes) await app.register(async (scope) => registerUnder(scope, deps), { prefix })
}

const methods: HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

function registerUnder(app: FastifyInstance, deps: ScimDeps): void {
  app.setErrorHandler((error, request, reply) => renderScimError(error, request, reply))
  addParsers(app)
  const handler = (request: FastifyRequest, reply: FastifyReply) => serveRequest(request, reply, deps)
  const ofGroups = { method: methods, bodyLimit: groupBodyMaxBytes, schema: { hide: true }, handler }
  const others = { method: methods, bodyLimit: bodyMaxBytes, schema: { hide: true }, handler }
  const groups = '[Gg][Rr][Oo][Uu][Pp][Ss]'
  for (const version of ['', '/v2', '/V2']) {
    app.route({ ...ofGroups, url: `${version}/:type(^${groups}$)` })
    app.route({ ...ofGroups, url: `${version}/:type(^${groups}$)/*` })
  }
  app.route({ ...others, url: '' })
  app.route({ ...others, url: '/*' })
  app.setNotFoundHandler(handler)
  app.addHook('onSend', async (request, _reply, payload) => {
    if (request.scim === undefined || typeof payload !== 'string') return
    request.scim.response = payload
    request.scim.responseBytes = Buffer.byteLength(payload)
  })
  app.addHook('onResponse', async (request, reply) => keepAnswer(deps, request, reply))
}

function keepAnswer({ inspector }: ScimDeps, request: FastifyRequest, reply: FastifyReply): void {
  const { scim, ctx } = request
  // A body that could not be read is kept too: it never came to a session.
  if (scim?.token === undefined || scim.settings === undefined) return
  const { token, session, failure, settings, response, responseBytes } = scim
  inspector.keep(
    toEntry(request, {
      tenantId: ctx.tenantId,
      now: ctx.now,
      status: reply.statusCode,
      token,
      trace: session?.trace,
      failure,
      cause: session?.trace.cause ?? '',
      logDays: settings.logDays,
      durationMs: reply.elapsedTime,
      response,
      responseBytes,
    }),
  )
}

/** Both media types meet the same checks: depth, number of values, doubled and dangerous names. */
function addParsers(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  for (const type of ['application/scim+json', 'application/json']) {
    app.addContentTypeParser(type, { parseAs: 'string' }, (request, body, done) => {
      const isGroup = /^groups$/i.test(scimPath(request).segments[0] ?? '')
      try {
        done(null, body === '' ? undefined : parseJsonStrictly(body.toString(), isGroup ? groupJsonLimits : jsonLimits))
      } catch (error) {
        done(error instanceof ApiError ? invalidSyntax(error.message) : new Error('unreadable body', { cause: error }))
      }
    })
  }
}

async function serveRequest(
  request: FastifyRequest,
  reply: FastifyReply,
  { baseUrl }: ScimDeps,
): Promise<FastifyReply> {
  const { scim, ctx } = request
  if (scim?.token === undefined || scim.settings === undefined) throw new Error('a SCIM request came past the gate')
  const { version, segments } = scimPath(request)
  const base = `${await baseUrl(ctx.tenantId)}/api/scim/v2`
  const session = await openSession(ctx, scim.token, { base, settings: scim.settings })
  scim.session = session
  if (version !== 'v2') throw new ScimError(400, 'The version served here is v2.', { scimType: 'invalidVers' })
  const answer = await serveScim(session, {
    method: request.method === 'HEAD' ? 'GET' : request.method,
    segments,
    query: request.query as Readonly<Record<string, unknown>>, // Fastify's parser gives an object
    body: request.body,
    preconditions: { ifMatch: headerOf(request, 'if-match'), ifNoneMatch: headerOf(request, 'if-none-match') },
  })
  void reply.code(answer.status).headers(answer.headers ?? {})
  if (answer.body === undefined) return reply.send()
  const body = typeof answer.body === 'string' || 'pipe' in answer.body ? answer.body : JSON.stringify(answer.body)
  return reply.type('application/scim+json; charset=utf-8').send(body)
}

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}
