import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { isDatabaseTrouble } from '../db/dialects/violations.ts'
import { ApiError } from '../errors/api-error.ts'
import { catalogue } from '../errors/catalogue.ts'

export interface ErrorBody {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: number
  readonly error: string
  readonly message: string
  readonly info: null
  readonly requestId: string
}

/** The one shape of an error under /api (contract/rest-api.md, section 3; RFC 9457). */
export function errorBody(error: ApiError, requestId: string): ErrorBody {
  const { status, title } = catalogue[error.code]
  return {
    type: `urn:muster:error:${error.code}`,
    title,
    status,
    detail: error.message,
    code: status,
    error: error.code,
    message: error.message,
    info: null,
    requestId,
  }
}

function sendError(request: FastifyRequest, reply: FastifyReply, error: ApiError): FastifyReply {
  const wantsProblem = (request.headers.accept ?? '').includes('application/problem+json')
  return reply
    .code(error.status)
    .headers(error.headers)
    .type(wantsProblem ? 'application/problem+json; charset=utf-8' : 'application/json; charset=utf-8')
    .send(JSON.stringify(errorBody(error, request.id)))
}

export function renderError(thrown: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const error = toApiError(thrown)
  // What is refused to keep the load down must cost next to nothing; the request has its line in the log anyway.
  const isShed = error.code === 'unavailable' && error.cause === undefined
  if (error.status >= 500 && !isShed) request.log.error({ err: thrown }, error.message)
  else if (error.cause !== undefined) request.log.debug({ err: error.cause }, error.message)
  return sendError(request, reply, error)
}

const frameworkErrors: Readonly<Record<string, () => ApiError>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: () =>
    new ApiError('body_too_large', { detail: 'The body is larger than this address accepts.' }),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () =>
    new ApiError('unsupported_media_type', { detail: 'Send the body as Content-Type: application/json.' }),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () =>
    new ApiError('invalid_request', { detail: 'The body is not as long as Content-Length says.' }),
  FST_ERR_BAD_URL: () =>
    new ApiError('invalid_request', { detail: 'The address is not a valid URL; check its percent-encoding.' }),
}

/** Everything that rises to the edge becomes one of the catalogue; what nobody foresaw says nothing about itself. */
export function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown
  if (isDatabaseTrouble(thrown)) {
    return new ApiError('unavailable', {
      detail: 'The database cannot answer now; try again in a moment.',
      cause: thrown,
      headers: { 'retry-after': '2' },
    })
  }
  const code = thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
  const status = thrown instanceof Error && 'statusCode' in thrown ? thrown.statusCode : undefined
  const known = frameworkErrors[code]?.()
  if (known !== undefined) return known
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new ApiError('invalid_request', { detail: 'The request could not be read.', cause: thrown })
  }
  return new ApiError('internal', {
    detail: 'Something went wrong here; the log of the server has the details under this request id.',
    cause: thrown,
  })
}
