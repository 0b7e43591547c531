import type { ErrorCode } from '../errors/catalogue.ts'
import { ApiError } from '../errors/api-error.ts'
import { FilterError } from '../filter/filter-error.ts'

const errorUrn = 'urn:ietf:params:scim:api:messages:2.0:Error'

/** RFC 7644 section 3.12 and RFC 9865 section 2.2: no others exist. */
export type ScimType =
  | 'invalidFilter'
  | 'tooMany'
  | 'uniqueness'
  | 'mutability'
  | 'invalidSyntax'
  | 'invalidPath'
  | 'noTarget'
  | 'invalidValue'
  | 'invalidVers'
  | 'sensitive'
  | 'invalidCursor'
  | 'expiredCursor'
  | 'invalidCount'

interface Options {
  readonly scimType?: ScimType
  readonly headers?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

/** A refusal in SCIM's own words; the detail says how to fix it and never repeats a value. */
export class ScimError extends Error {
  readonly status: number
  readonly scimType: ScimType | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, detail: string, { scimType, headers = {}, cause }: Options = {}) {
    super(detail, cause === undefined ? undefined : { cause })
    this.status = status
    this.scimType = scimType
    this.headers = headers
  }
}

export function invalidValue(detail: string): ScimError {
  return new ScimError(400, detail, { scimType: 'invalidValue' })
}

export function invalidSyntax(detail: string): ScimError {
  return new ScimError(400, detail, { scimType: 'invalidSyntax' })
}

export function invalidPath(detail: string): ScimError {
  return new ScimError(400, detail, { scimType: 'invalidPath' })
}

export function notMutable(detail: string): ScimError {
  return new ScimError(400, detail, { scimType: 'mutability' })
}

export function noTarget(detail: string): ScimError {
  return new ScimError(400, detail, { scimType: 'noTarget' })
}

export function notUnique(detail: string): ScimError {
  return new ScimError(409, detail, { scimType: 'uniqueness' })
}

export function noResource(): ScimError {
  return new ScimError(404, 'There is no resource with this id.')
}

/** The body of every refusal: `status` is a text. Contract, item 25. */
export function scimErrorBody({ status, scimType, message }: ScimError): object {
  return {
    schemas: [errorUrn],
    status: String(status),
    ...(scimType === undefined ? {} : { scimType }),
    detail: message,
  }
}

/** Rules of the directory, as SCIM spells them. */
const typeOf: Readonly<Partial<Record<ErrorCode, ScimType>>> = {
  user_exists: 'uniqueness',
  username_exists: 'uniqueness',
  group_exists: 'uniqueness',
  invalid_body: 'invalidValue',
  invalid_email: 'invalidValue',
  invalid_filter: 'invalidFilter',
}

/** Where the directory's own words repeat a value. */
const detailOf: Readonly<Partial<Record<ErrorCode, string>>> = {
  user_exists: 'A user with this e-mail address exists already.',
  username_exists: 'A user with this userName exists already.',
}

/** Whatever rises to SCIM's edge; `toApiError` has made one of the catalogue of what was thrown by nobody in particular. */
export function toScimError(thrown: unknown, toApiError: (thrown: unknown) => ApiError): ScimError {
  if (thrown instanceof ScimError) return thrown
  if (thrown instanceof FilterError) {
    return new ScimError(400, `The filter cannot be used: ${thrown.brief}.`, { scimType: 'invalidFilter' })
  }
  const error = toApiError(thrown)
  const scimType = typeOf[error.code]
  return new ScimError(error.status, detailOf[error.code] ?? error.message, {
    headers: error.headers,
    cause: error.cause,
    ...(scimType === undefined ? {} : { scimType }),
  })
}
