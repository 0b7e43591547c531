import Type from 'typebox'
import { ApiError } from '../errors/api-error.ts'
import type { FieldMap } from '../filter/field.ts'
import { defaultLimits, type Limits } from '../limits/limits.ts'

export interface Sort {
  readonly key: string
  readonly descending: boolean
}

/** The parameters all lists share, read and checked. */
export interface ListQuery {
  readonly limit: number
  readonly offset: number
  readonly sort: Sort | null
  readonly withTotals: boolean
  readonly filter: string | null
  /** Where a walk goes on; null at its beginning, and in lists that have none. */
  readonly cursor: string | null
  /** Null means all. */
  readonly columns: ReadonlySet<string> | null
  readonly maxLoginEvents: number
  /** Those the filter is held to when it is read. */
  readonly limits: Limits
}

/** What a list allows. */
export interface ListRules {
  readonly sortKeys: readonly string[]
  readonly columns: readonly string[]
  /** Whether rows show login events, whose number `maxLoginEvents` sets. */
  readonly hasLoginEvents?: true
  /** Whether pages can be asked for by cursor. */
  readonly isWalked?: true
}

type RawQuery = Readonly<Record<string, unknown>>

/**
 * @throws invalid_request · limit_too_large · invalid_sort · invalid_columns
 * @source contract/rest-api.md, 4.1
 */
export function readListQuery(raw: RawQuery, rules: ListRules, limits: Limits): ListQuery {
  const offset = readWholeNumber(raw, 'offset', limits.offsetMax) ?? 0
  const cursor = rules.isWalked === true ? readScalar(raw, 'cursor') : null
  if (cursor !== null && offset > 0) throw invalid('offset and cursor are both given; a cursor says where to go on.')
  return {
    limit: readLimit(raw, limits),
    offset,
    cursor,
    sort: readSort(readScalar(raw, 'sort'), rules.sortKeys),
    withTotals: readBoolean(raw, 'count') ?? true,
    filter: readScalar(raw, 'filter'),
    columns: readColumns(raw['columns'], rules.columns, limits),
    // Elsewhere it is a parameter like any unknown one.
    maxLoginEvents: rules.hasLoginEvents === true ? (readWholeNumber(raw, 'maxLoginEvents', 100) ?? 1) : 1,
    limits,
  }
}

function readLimit(raw: RawQuery, { pageSizeDefault, pageSizeMax }: Limits): number {
  const limit = readWholeNumber(raw, 'limit', 9_999_999_999) ?? 0
  if (limit > pageSizeMax) {
    throw new ApiError('limit_too_large', { detail: `limit is ${limit}; the largest page is ${pageSizeMax}.` })
  }
  return limit === 0 ? pageSizeDefault : limit
}

/** One value or none; an empty one counts as absent. */
export function readScalar(raw: RawQuery, name: string): string | null {
  const value = raw[name]
  if (value === undefined || value === '') return null
  if (typeof value !== 'string') throw invalid(`${name} is given more than once; send it once.`)
  if (value.includes('\0')) throw invalid(`${name} contains a NUL character.`)
  return value
}

/** Repeated or comma-joined values; empty ones are dropped. */
export function readValues(raw: RawQuery, name: string): string[] {
  const value = raw[name]
  const texts = Array.isArray(value) ? value : [value]
  return texts
    .flatMap((text) => (typeof text === 'string' ? text.split(',') : []))
    .map((text) => text.trim())
    .filter(Boolean)
}

/** Digits only: what a number parser would also take (1e2, 0x10, 1.5) is a mistake here. */
export function readWholeNumber(raw: RawQuery, name: string, max: number): number | null {
  const text = readScalar(raw, name)
  if (text === null) return null
  if (!/^[0-9]{1,10}$/.test(text)) throw invalid(`${name} is not a whole number; send digits only.`)
  const value = Number(text)
  if (value > max) throw invalid(`${name} is ${value}; the largest is ${max}.`)
  return value
}

function readBoolean(raw: RawQuery, name: string): boolean | null {
  const text = readScalar(raw, name)?.toLowerCase()
  if (text === undefined) return null
  if (text !== 'true' && text !== 'false') throw invalid(`${name} must be true or false.`)
  return text === 'true'
}

function readSort(text: string | null, keys: readonly string[]): Sort | null {
  if (text === null) return null
  // A plus sign in a query string arrives as a blank.
  const prefix = /^[-+ ]/.exec(text)?.[0]
  const key = prefix === undefined ? text : text.slice(1)
  if (!keys.includes(key)) {
    throw new ApiError('invalid_sort', {
      detail: `sort names an unknown key; use one of ${keys.join(', ')}, with - before it for descending.`,
    })
  }
  return { key, descending: prefix === '-' }
}

function readColumns(value: unknown, allowed: readonly string[], { columnsMax }: Limits): ReadonlySet<string> | null {
  const names = readValues({ columns: value }, 'columns')
  if (names.length === 0) return null
  if (names.length > columnsMax)
    throw new ApiError('invalid_columns', { detail: `columns names more than ${columnsMax} columns.` })
  if (!names.every((name) => allowed.includes(name))) {
    throw new ApiError('invalid_columns', { detail: `columns names an unknown column; use ${allowed.join(', ')}.` })
  }
  return new Set(names)
}

function invalid(detail: string): ApiError {
  return new ApiError('invalid_request', { detail })
}

/**
 * The parameters of a walk: those of a list, but for offset and totals.
 *
 * @throws invalid_request · limit_too_large · invalid_sort · invalid_columns
 */
export function readWalkQuery(raw: RawQuery, rules: ListRules, limits: Limits): ListQuery {
  if (readScalar(raw, 'offset') !== null) throw invalid('A walk has no offset; send cursor to go on.')
  return { ...readListQuery(raw, { ...rules, isWalked: true }, limits), withTotals: false }
}

const filterLanguages =
  'RQL JSON when the first character is {: $and $or $eq $neq $lt $gt $lte $gte $like $ilike $in, % as wildcard. ' +
  'Otherwise SCIM text: eq ne co sw ew gt ge lt le pr, and, or, not, parentheses.'

/** For the contract page, with the limits that hold when none is set; the reading above is what counts. */
export function listQuerySchema(rules: ListRules, fields?: FieldMap) {
  const { offsetMax } = defaultLimits
  const { limit, ...narrowing } = commonParameters(rules, fields)
  return Type.Object({
    limit,
    offset: Type.Optional(Type.Integer({ minimum: 0, maximum: offsetMax, default: 0, description: 'Rows to skip.' })),
    count: Type.Optional(Type.Boolean({ default: true, description: 'false leaves totalRecord and filterRecord 0.' })),
    ...(rules.isWalked === true ? { cursor: cursorParameter } : {}),
    ...narrowing,
  })
}

export function walkQuerySchema(rules: ListRules, fields?: FieldMap) {
  return Type.Object({ cursor: cursorParameter, ...commonParameters(rules, fields) })
}

const cursorParameter = Type.Optional(
  Type.String({
    description: 'nextCursor of the page before, with the same filter and sort; none for the first page.',
  }),
)

function commonParameters(rules: ListRules, fields?: FieldMap) {
  const { pageSizeDefault, pageSizeMax } = defaultLimits
  return {
    limit: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: pageSizeMax,
        default: pageSizeDefault,
        description: 'Page size; 0 means 20.',
      }),
    ),
    sort: Type.Optional(
      Type.String({ description: `One of ${rules.sortKeys.join(', ')}; - before it for descending.` }),
    ),
    filter: Type.Optional(
      Type.String({
        description: `${filterLanguages}${fields === undefined ? '' : ` Fields: ${fields.names.join(', ')}.`}`,
      }),
    ),
    columns: Type.Optional(
      Type.Array(Type.String(), { description: `Repeated or comma-joined: ${rules.columns.join(', ')}.` }),
    ),
    ...(rules.hasLoginEvents === true
      ? { maxLoginEvents: Type.Optional(Type.Integer({ minimum: 0, maximum: 100, default: 1 })) }
      : {}),
  }
}
