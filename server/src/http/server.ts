import type { Socket } from 'node:net'
import Fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify'
import { v4 as uuid } from 'uuid'
import { ApiError } from '../errors/api-error.ts'
import type { Limits } from '../limits/limits.ts'
import { decodeUtf8, parseJsonStrictly } from './parse-json.ts'
import { errorBody, renderError } from './render-error.ts'
import { apiHeaders, pathOf } from './request-context.ts'
import { compileValidator } from './validate-body.ts'

// An import would look at every export of the module, and so load a client for HTTP that takes 10 MB and is not used.
const { STATUS_CODES } = process.getBuiltinModule('node:http')

/** How often what comes too slowly is looked for. Node's own 30 s would double every timeout. */
const timeoutCheckMs = 1_000

/** Errors of a space that has words of its own. */
export interface SpaceErrors {
  owns(path: string): boolean
  readonly render: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => FastifyReply
}

interface ServerOptions {
  readonly log: FastifyBaseLogger
  readonly trustedProxies: readonly string[]
  readonly limits: Limits
  readonly spaceErrors: readonly SpaceErrors[]
}

/** Fastify with everything written out that it would otherwise decide by itself (architecture.md, Fastify). */
export function createServer({ log, trustedProxies, limits, spaceErrors }: ServerOptions): FastifyInstance {
  const app = Fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    bodyLimit: limits.bodyMaxBytes,
    requestTimeout: limits.requestTimeoutMs,
    connectionTimeout: 0,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    genReqId: (request) => requestIdFrom(request.headers['x-atlan-request-id']),
    // Longer than any request line: an over-long id meets the same hooks as others, and names nothing.
    routerOptions: { maxParamLength: limits.headersMaxBytes },
    http: {
      maxHeaderSize: limits.headersMaxBytes,
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: Math.min(timeoutCheckMs, Math.ceil(limits.headersTimeoutMs / 4)),
      requireHostHeader: false,
    },
    // No hook has seen these: what every answer carries is said here.
    frameworkErrors: (error, request, reply) => {
      const space = spaceErrors.find((candidate) => candidate.owns(pathOf(request.url)))
      const answered = reply.headers({ 'x-atlan-request-id': request.id, ...apiHeaders })
      void (space?.render ?? renderError)(error, request, answered)
    },
    clientErrorHandler: brokenRequestAnswerer(limits),
  })
  // One more than allowed, so that a request with too many is seen and refused instead of quietly cut.
  app.server.maxHeadersCount = limits.headersMax + 1
  // Node would answer by itself, without a body; as a request it meets request-context.ts like any other.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
  app.setErrorHandler(renderError)
  app.setSerializerCompiler(() => (value) => JSON.stringify(value))
  app.setValidatorCompiler(compileValidator)
  addJsonParser(app, limits)
  // Whoever needs no credential must not make the server read much, but for what comes large by its nature and says so.
  app.addHook('onRoute', (route) => {
    if (route.config?.access === 'public') route.bodyLimit = Math.max(route.bodyLimit ?? 0, limits.publicBodyMaxBytes)
  })
  return app
}

function addJsonParser(app: FastifyInstance, limits: Limits): void {
  const jsonLimits = { depthMax: limits.jsonDepthMax, nodesMax: limits.jsonNodesMax }
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      // Official clients announce JSON and send nothing on GET, POST and DELETE.
      done(
        null,
        body.length === 0
          ? undefined
          : parseJsonStrictly(typeof body === 'string' ? body : decodeUtf8(body), jsonLimits),
      )
    } catch (error) {
      done(error instanceof Error ? error : new Error('unreadable body', { cause: error }))
    }
  })
}

/** The client's own id when it is one we can repeat safely, else a new one. */
function requestIdFrom(header: string | string[] | undefined): string {
  return typeof header === 'string' && /^[A-Za-z0-9._:-]{1,100}$/.test(header) ? header : uuid()
}

/** What Node's parser refuses never becomes a request: it is answered here, in the same shape. */
function brokenRequestAnswerer(limits: Limits): (error: NodeJS.ErrnoException, socket: Socket) => void {
  return (error, socket) => {
    if (!socket.writable) return
    const refusal = refusalFor(error.code, limits)
    const requestId = uuid()
    const body = JSON.stringify(errorBody(refusal, requestId))
    socket.end(
      `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? ''}\r\nContent-Type: application/json; charset=utf-8\r\n` +
        `X-Atlan-Request-Id: ${requestId}\r\nCache-Control: no-store\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
  }
}

function refusalFor(code: string | undefined, { headersMaxBytes }: Limits): ApiError {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new ApiError('headers_too_large', {
      detail: `The request line and headers together may have ${headersMaxBytes} bytes.`,
    })
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new ApiError('request_timeout', { detail: 'The request did not arrive in time; send it again.' })
  }
  return new ApiError('invalid_request', { detail: 'This is not a well-formed HTTP request.' })
}
