import Type, { type TObject, type TSchema } from 'typebox'
import type { ErrorCode } from '../errors/catalogue.ts'
import { keyMax } from '../repeats/request-key.ts'
import { takesKey } from './read-request-key.ts'

interface Declared {
  readonly method: string
  readonly errors?: readonly ErrorCode[]
  readonly isCreate?: true
}

const ifMatch = Type.String({
  description: 'The ETag you read: if it changed meanwhile, nothing happens and the answer is 412.',
})
const idempotencyKey = Type.String({
  minLength: 1,
  maxLength: keyMax,
  description: 'Names this request for 24 hours: sent again under it, it is not done again and gets the same answer.',
})
const requestId = Type.String({
  maxLength: 100,
  description: 'Does the same for 15 minutes, as official clients send it; another body is another request.',
})

/** The headers that mean something to an operation beyond what HTTP says of all. */
export function headersOf({ method, errors, isCreate }: Declared): TObject | null {
  const headers: Record<string, TSchema> = {
    ...(errors?.includes('version_mismatch') === true ? { 'If-Match': Type.Optional(ifMatch) } : {}),
    ...(takesKey(method) ? { 'Idempotency-Key': Type.Optional(idempotencyKey) } : {}),
    ...(isCreate === true ? { 'X-Atlan-Request-Id': Type.Optional(requestId) } : {}),
  }
  return Object.keys(headers).length === 0 ? null : Type.Object(headers)
}

/** What a success of such an operation may carry beside its body. */
export const repeatHeaders: Readonly<Record<string, TSchema>> = {
  'Idempotent-Replayed': Type.Literal('true', {
    description: 'This is the answer to an earlier request of the same key.',
  }),
}
