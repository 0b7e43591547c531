import Type, { type TSchema } from 'typebox'
import { ApiError } from '../errors/api-error.ts'
import { catalogue, type ErrorCode } from '../errors/catalogue.ts'
import { takesKey } from './read-request-key.ts'
import { errorBody, type ErrorBody } from './render-error.ts'

export const ErrorObject = Type.Object(
  {
    type: Type.String({ description: 'urn:muster:error:<code>' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.Integer({ description: 'The HTTP status again, where official clients look for it.' }),
    error: Type.String({ description: 'Stable code; see the catalogue of errors.' }),
    message: Type.String({ description: 'Equal to detail.' }),
    info: Type.Null(),
    requestId: Type.String(),
  },
  { $id: 'Error' },
)

/** What of an operation decides about its refusals. */
interface Refusing {
  readonly method: string
  readonly url: string
  readonly access: unknown
  readonly errors?: readonly ErrorCode[]
  readonly takesForm?: true
}

/** What a browser gets. */
export const page = { 'text/html': { schema: Type.String(), example: '<!doctype html>…' } }

/** Error answers by status; each names its codes by the examples it refers to. */
export function errorResponses(spec: Refusing): Record<number, object> {
  const byStatus = Map.groupBy(codesOf(spec), (code) => catalogue[code].status)
  return Object.fromEntries(
    [...byStatus]
      .toSorted(([a], [b]) => a - b)
      .map(([status, codes]) => [status, responseFor(codes, isShownAsPage(spec, codes))]),
  )
}

/** Its own refusals a form answers with a page; everything before them is refused as everywhere. */
function isShownAsPage({ takesForm, errors = [] }: Refusing, codes: readonly ErrorCode[]): boolean {
  return takesForm === true && codes.some((code) => errors.includes(code))
}

function responseFor(codes: readonly ErrorCode[], isPage: boolean): object {
  const headers = Object.assign({}, ...codes.map((code) => headersOf[code] ?? {}))
  return {
    description: codes.map((code) => `${code}: ${catalogue[code].title}`).join('; '),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    content: {
      'application/json': {
        schema: Type.Unsafe<unknown>({ $ref: 'Error#' }),
        examples: Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
      },
      ...(isPage ? page : {}),
    },
  }
}

/** What comes with a refusal beside the body. */
const headersOf: Readonly<Partial<Record<ErrorCode, Readonly<Record<string, TSchema>>>>> = {
  invalid_token: {
    'WWW-Authenticate': Type.String({ description: 'Bearer, with error="invalid_token" when a credential was sent.' }),
  },
  insufficient_role: { 'WWW-Authenticate': Type.String({ description: 'Bearer, with error="insufficient_scope".' }) },
  request_in_progress: { 'Retry-After': Type.Integer({ description: 'Seconds; with request_in_progress.' }) },
  unavailable: { 'Retry-After': Type.Integer({ description: 'Seconds.' }) },
  rate_limited: {
    'Retry-After': Type.Integer({ description: 'Seconds.' }),
    'RateLimit-Policy': Type.String({ description: 'The rate: q requests in w seconds.' }),
    RateLimit: Type.String({ description: 'What is left of it: r is 0, t equals Retry-After.' }),
  },
}

/** What an error of this code looks like, for the contract page. */
export function errorExample(code: ErrorCode): { readonly summary: string; readonly value: ErrorBody } {
  const { title } = catalogue[code]
  return {
    summary: title,
    value: errorBody(new ApiError(code, { detail: `${title}.` }), '5d0c7f7e-6f0a-4a55-9f57-0d2f1f5f7a11'),
  }
}

/** Everything the operation can refuse: its own codes, and those its access, body and parameters bring along. */
function codesOf(spec: Refusing): ErrorCode[] {
  const codes = new Set<ErrorCode>([
    'invalid_request',
    'unknown_host',
    'headers_too_large',
    'request_timeout',
    'expectation_failed',
    'rate_limited',
  ])
  for (const code of spec.errors ?? []) codes.add(code)
  if (isCritical(spec.access)) for (const code of ['reauth_required', 'right_required'] as const) codes.add(code)
  if (spec.access !== 'public') for (const code of ['invalid_token', 'insufficient_role'] as const) codes.add(code)
  // A GET's body is never read; its Content-Encoding is refused all the same.
  if (spec.method !== 'GET') for (const code of ['invalid_body', 'body_too_large'] as const) codes.add(code)
  if (takesKey(spec.method))
    for (const code of ['request_in_progress', 'idempotency_key_reused'] as const) codes.add(code)
  codes.add('unsupported_media_type')
  if (spec.url.includes(':')) codes.add('route_not_found')
  codes.add('internal')
  codes.add('unavailable')
  return [...codes]
}

function isCritical(access: unknown): boolean {
  return typeof access === 'object' && access !== null && 'isCritical' in access
}
