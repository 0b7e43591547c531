import Type, { type TSchema } from 'typebox'
import { ApiError } from '../errors/api-error.ts'
import { catalogue, type ErrorCode } from '../errors/catalogue.ts'
import type { Operation } from './operation.ts'
import { errorBody } from './render-error.ts'

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

/** Error answers by status, each listing its codes. */
export function errorResponses<B extends TSchema>(spec: Operation<B>): Record<number, object> {
  const byStatus = Map.groupBy(codesOf(spec), (code) => catalogue[code].status)
  return Object.fromEntries(
    [...byStatus].toSorted(([a], [b]) => a - b).map(([status, codes]) => [status, responseFor(codes)]),
  )
}

function responseFor(codes: readonly ErrorCode[]): object {
  const example = (code: ErrorCode) => ({
    summary: catalogue[code].title,
    value: errorBody(new ApiError(code, { detail: `${catalogue[code].title}.` }), '5d0c7f7e-6f0a-4a55-9f57-0d2f1f5f7a11'),
  })
  return {
    description: codes.map((code) => `${code}: ${catalogue[code].title}`).join('; '),
    'x-error-codes': codes,
    content: {
      'application/json': {
        schema: Type.Unsafe<unknown>({ $ref: 'Error#' }),
        examples: Object.fromEntries(codes.map((code) => [code, example(code)])),
      },
    },
  }
}

/** Everything the operation can refuse: its own codes, and those its access, body and parameters bring along. */
function codesOf<B extends TSchema>(spec: Operation<B>): ErrorCode[] {
  const codes = new Set<ErrorCode>(['invalid_request', 'unknown_host', 'headers_too_large', 'request_timeout', 'expectation_failed'])
  for (const code of spec.errors ?? []) codes.add(code)
  if (spec.access !== 'public') for (const code of ['invalid_token', 'insufficient_role'] as const) codes.add(code)
  for (const code of ['invalid_body', 'body_too_large', 'unsupported_media_type'] as const) codes.add(code)
  if (spec.url.includes(':')) codes.add('route_not_found')
  codes.add('internal')
  codes.add('unavailable')
  return [...codes]
}
