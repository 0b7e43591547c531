import { isObject } from '../scim-value.ts'
import { invalidSyntax, invalidValue, ScimError } from '../scim-error.ts'

export const pageSizeDefault = 100
export const pageSizeMax = 1_000
const searchUrn = 'urn:ietf:params:scim:api:messages:2.0:SearchRequest'

/** What a list is asked for, by GET or by `.search`. */
export interface ListRequest {
  readonly filter: string | undefined
  readonly sortBy: string | undefined
  readonly descending: boolean
  /** From 1. */
  readonly startIndex: number
  /** As asked for, before the maximum; undefined: nothing was said. */
  readonly count: number | undefined
  /** Undefined: paged by index. Empty: the first page of a walk. */
  readonly cursor: string | undefined
  readonly attributes: readonly string[]
  readonly excludedAttributes: readonly string[]
}

type Parameters = ReadonlyMap<string, unknown>

/**
 * Reads the parameters of a query; names in any case, unknown ones ignored (items 10, 116–121, 126, K18).
 *
 * @throws ScimError invalidValue
 */
export function readListQuery(query: Readonly<Record<string, unknown>>): ListRequest {
  const parameters = new Map(Object.entries(query).map(([name, value]) => [name.toLowerCase(), value]))
  for (const [name, value] of parameters)
    if (Array.isArray(value) && known.has(name)) throw invalidValue(`${name} is given more than once.`)
  return toRequest(parameters, (value) => String(value).split(','))
}

const known = new Set([
  'filter',
  'sortby',
  'sortorder',
  'startindex',
  'count',
  'cursor',
  'attributes',
  'excludedattributes',
])

/**
 * Reads a SearchRequest.
 *
 * @throws ScimError invalidSyntax · invalidValue
 * @source contract/scim.md 142–144
 */
export function readSearchRequest(body: unknown, isStrict: boolean): ListRequest {
  if (!isObject(body)) throw invalidSyntax('The body takes a SearchRequest message.')
  const parameters = new Map(
    Object.entries(body).map(([name, value]): [string, unknown] => [name.toLowerCase(), value]),
  )
  const schemas = parameters.get('schemas')
  const isNamed = Array.isArray(schemas) && schemas.some((urn) => String(urn).toLowerCase() === searchUrn.toLowerCase())
  if (isStrict && !isNamed) throw invalidSyntax(`schemas takes ${searchUrn}.`)
  return toRequest(parameters, (value, name) => {
    if (!Array.isArray(value)) throw invalidValue(`${name} takes a list.`)
    return value.map(String)
  })
}

function toRequest(parameters: Parameters, readNames: (value: unknown, name: string) => string[]): ListRequest {
  const names = (name: string) => {
    const value = parameters.get(name)
    if (value === undefined || value === null || value === '') return []
    return readNames(value, name).filter((one) => one.trim() !== '')
  }
  const cursor = parameters.get('cursor')
  if (cursor !== undefined && cursor !== null && typeof cursor !== 'string') throw invalidValue('cursor takes a text.')
  if (typeof cursor === 'string' && readText(parameters, 'startindex') !== undefined)
    throw invalidValue('startIndex and cursor cannot be used together.')
  return {
    filter: readText(parameters, 'filter'),
    sortBy: readText(parameters, 'sortby'),
    descending: readOrder(parameters),
    startIndex: Math.max(1, readWhole(parameters, 'startindex') ?? 1),
    count: readCount(parameters),
    cursor: typeof cursor === 'string' ? cursor : undefined,
    attributes: names('attributes'),
    excludedAttributes: names('excludedattributes'),
  }
}

function readText(parameters: Parameters, name: string): string | undefined {
  const value = parameters.get(name)
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string' && typeof value !== 'number') throw invalidValue(`${name} takes a text.`)
  return String(value)
}

function readOrder(parameters: Parameters): boolean {
  const order = readText(parameters, 'sortorder')?.toLowerCase() ?? 'ascending'
  if (order !== 'ascending' && order !== 'descending') throw invalidValue('sortOrder takes ascending or descending.')
  return order === 'descending'
}

function readCount(parameters: Parameters): number | undefined {
  const count = readWhole(parameters, 'count')
  return count === undefined ? undefined : Math.max(0, count)
}

function readWhole(parameters: Parameters, name: string): number | undefined {
  const text = readText(parameters, name)
  if (text === undefined) return undefined
  if (!/^[+-]?\d{1,10}$/.test(text.trim())) throw invalidValue(`${name} takes a whole number.`)
  return Number(text)
}

/** @throws ScimError invalidCount when another page size is asked for in the middle of a walk */
export function pageSizeOf({ count, cursor }: ListRequest, ofWalk: number | undefined): number {
  if (ofWalk === undefined) return Math.min(count ?? pageSizeDefault, pageSizeMax)
  if (count !== undefined && count !== ofWalk && cursor !== '')
    throw new ScimError(400, `count has to stay as on the first page, where it was ${ofWalk}.`, {
      scimType: 'invalidCount',
    })
  return ofWalk
}
