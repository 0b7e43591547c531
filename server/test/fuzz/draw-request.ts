import fc, { type Arbitrary } from 'fast-check'
import { resolve, type ContractPage, type Operation } from '../contract-page.ts'
import { Known, whichKnown } from './known-values.ts'
import { mutation, oddText, rawChange, type Mutation, type RawChange } from './odd-values.ts'
import { valuesOf, type Place, type Schema } from './schema-values.ts'

export type Caller = 'admin' | 'person' | 'member' | 'guest' | 'nobody' | 'unknown' | 'foreigner'

/** A request as it was drawn: names of known values are filled in when it is sent. */
export interface DrawnRequest {
  readonly operation: Operation
  readonly caller: Caller
  /** For each parameter of the path. */
  readonly ids: Readonly<Record<string, unknown>>
  readonly query: readonly (readonly [name: string, value: unknown])[]
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: DrawnBody | null
}

export interface DrawnBody {
  readonly value: unknown
  readonly mutation: Mutation | null
  readonly raw: RawChange | null
  readonly type: string
}

const caller: Arbitrary<Caller> = fc.oneof(
  { weight: 14, arbitrary: fc.constant('admin' as const) },
  { weight: 5, arbitrary: fc.constant('person' as const) },
  { weight: 5, arbitrary: fc.constantFrom<Caller>('member', 'guest', 'nobody', 'unknown', 'foreigner') },
)

/** Every operation of the contract page, with arbitraries made from its schemas; new operations join by being there. */
export function requestsOf(page: ContractPage, operation: Operation): Arbitrary<DrawnRequest> {
  const place: Place = {
    lookUp: (reference) => resolve<Schema>(page, { $ref: reference }),
    collection: collectionOf(operation.path),
  }
  return fc.record({
    operation: fc.constant(operation),
    caller,
    ids: idsOf(operation),
    query: queryOf(page, operation, place),
    headers: headersOf(operation),
    body: bodyOf(operation, place),
  })
}

/** What {id} stands behind: `/users/{id}/groups` → users. */
function collectionBefore(path: string, parameter: string): string {
  const parts = path.split('/')
  return parts[parts.indexOf(`{${parameter}}`) - 1] ?? ''
}

/** Where an address takes something else than the key of its own name. */
const keysOfIds: Readonly<Record<string, string>> = {
  'oauth-clients.id': 'oauth-clients.clientId',
  'idp.alias': 'mappers.identityProviderAlias',
  'decentralized-roles.heldId': 'decentralized-roles.id',
}

/** What the answer is about: `/users/{id}` → users, `/users/{id}/groups` → groups. The exchange takes what clients show. */
export function collectionOf(path: string): string {
  if (path.endsWith('/oauth-clients/token')) return 'oauth-clients'
  return path.split('/').findLast((part) => !part.startsWith('{')) ?? ''
}

function idsOf({ path }: Operation): Arbitrary<Record<string, unknown>> {
  const names = [...path.matchAll(/\{([^}]+)\}/g)].map((match) => match[1] ?? '')
  const drawn = names.map((name) => {
    const key = `${collectionBefore(path, name)}.${name}`
    const seen = whichKnown.map((at) => new Known(keysOfIds[key] ?? key, at))
    return [
      name,
      fc.oneof(
        { weight: 10, arbitrary: seen },
        { weight: 1, arbitrary: fc.uuid() },
        { weight: 1, arbitrary: whichKnown.map((at) => new Known('*.id', at)) },
        { weight: 1, arbitrary: oddText },
      ),
    ] as const
  })
  return fc.record(Object.fromEntries(drawn))
}

type Pair = readonly [name: string, value: unknown]

/** Documented parameters with fitting values, with others, twice, or under names nobody knows. */
function queryOf(page: ContractPage, operation: Operation, place: Place): Arbitrary<readonly Pair[]> {
  const declared = (operation.spec.parameters ?? []).filter((parameter) => parameter.in === 'query')
  const keys = recordKeysOf(page, operation)
  const pairs = declared.map(({ name, schema }): Arbitrary<Pair> => {
    const fitting = special(name, keys) ?? valuesOf((schema ?? {}) as Schema, name, place) // JSON Schema, as everywhere on the page
    const values = fc.oneof({ weight: 8, arbitrary: fitting }, { weight: 1, arbitrary: oddText })
    return fc.tuple(fc.constant(name), values)
  })
  const stray: Arbitrary<Pair> = fc.tuple(
    fc.oneof(fc.constantFrom('access_token', 'x', '__proto__', 'limit[]'), oddText),
    oddText,
  )
  return fc.array(
    pairs.length === 0
      ? stray
      : fc.oneof({ weight: 12, arbitrary: fc.oneof(...pairs) }, { weight: 1, arbitrary: stray }),
    {
      maxLength: pairs.length === 0 ? 1 : 3,
    },
  )
}

/** Languages inside parameters, which no schema tells of: they speak of the keys of the records that come back. */
function special(name: string, keys: readonly string[]): Arbitrary<unknown> | undefined {
  if (keys.length === 0) return undefined
  const key = fc.constantFrom(...keys, 'attributes.designation', 'nothing')
  if (name === 'sort') return fc.tuple(fc.constantFrom('', '-', '+'), key).map(([sign, field]) => sign + field)
  if (name === 'columns') return fc.array(key, { maxLength: 4 })
  return name === 'filter' ? filterOn(key) : undefined
}

const comparisons = ['$eq', '$neq', '$lt', '$gt', '$lte', '$gte', '$like', '$ilike', '$in', '$and', '$or', '$not']
const words = ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le', 'pr', 'xx']

function filterOn(key: Arbitrary<string>): Arbitrary<unknown> {
  const value = fc.oneof(
    fc.constantFrom<unknown>('a', '%a%', '', true, false, 0, 5, 1_767_323_045_000, '2026-01-02T00:00:00Z', null, []),
    fc.array(fc.constantFrom('a', 'b'), { maxLength: 3 }),
    oddText,
  )
  const seen = whichKnown.map((at) => new Known('*.id', at))
  const ids = fc.oneof(
    seen,
    fc.array(seen, { maxLength: 3 }).map((several) => ({ $in: several })),
  )
  const term = fc.oneof(
    ids.map((wanted) => ({ id: wanted })),
    fc.tuple(key, value).map(([field, wanted]) => ({ [field]: wanted })),
    fc.tuple(key, fc.constantFrom(...comparisons), value).map(([field, op, wanted]) => ({ [field]: { [op]: wanted } })),
  )
  const group = fc
    .tuple(fc.constantFrom('$and', '$or'), fc.array(term, { maxLength: 3 }))
    .map(([op, terms]) => ({ [op]: terms }))
  const scim = fc
    .tuple(key, fc.constantFrom(...words), value)
    .map(([field, op, wanted]) => `${field} ${op}${op === 'pr' ? '' : ` ${JSON.stringify(wanted)}`}`)
  const joined = fc
    .tuple(scim, fc.constantFrom('and', 'or', 'xor'), scim)
    .map(([a, op, b]) => `not (${a}) ${op} (${b})`)
  return fc.oneof(term, group, scim, joined, fc.constantFrom('{', '{"a":', '((', 'a eq', 'not', '{"$and":{}}'))
}

/** Keys of the records a list answers with. */
function recordKeysOf(page: ContractPage, { spec }: Operation): string[] {
  const answer = resolve(page, spec.responses['200'] ?? spec.responses['204'])
  const schema = answer.content?.['application/json']?.schema as Schema | undefined // JSON Schema, as everywhere on the page
  const list = schema?.properties?.['records'] ?? schema
  const record = list?.items
  const reference = record?.['$ref']
  const found = typeof reference === 'string' ? resolve<Schema>(page, { $ref: reference }) : record
  return Object.keys(found?.properties ?? {})
}

/** Documented headers, and those that any request may carry. */
function headersOf({ spec }: Operation): Arbitrary<Record<string, unknown>> {
  const declared = (spec.parameters ?? [])
    .filter((parameter) => parameter.in === 'header')
    .map(({ name }) => name.toLowerCase())
  const drawn = declared.map(
    (name) =>
      [
        name,
        fc.oneof(
          fc.constantFrom('*', '"1"', '"0", W/"x"', 'x', '""'),
          fc.nat(5).map((at) => new Known(`header.${name}`, at)),
          fc.nat(60).map((key) => `key-${key}`),
        ),
      ] as const,
  )
  const common = {
    accept: fc.constantFrom('application/json', 'application/problem+json', '*/*', 'text/html', 'image/png', ''),
    'x-atlan-request-id': fc.oneof(fc.uuid(), fc.constantFrom('a', 'x'.repeat(200), '<script>', 'ä')),
    'user-agent': fc.constantFrom('Atlan-PythonSDK/9.0', '', 'x'.repeat(2_000), '(){ :;}; x'),
    cookie: fc.constantFrom('__Host-muster=x', 'muster-invite=minv_x', 'a=b; a=c', '='),
    'x-forwarded-host': fc.constantFrom('other.localhost', 'evil.example'),
    'accept-encoding': fc.constantFrom('gzip, deflate', 'identity;q=0'),
  }
  return fc.record({ ...Object.fromEntries(drawn), ...common }, { requiredKeys: [] })
}

const jsonType = 'application/json'
const otherTypes = [
  'application/json; charset=utf-8',
  'APPLICATION/JSON',
  'application/problem+json',
  'text/plain',
  'text/json',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/scim+json',
  'x',
  '',
]

function bodyOf({ method, spec }: Operation, place: Place): Arbitrary<DrawnBody | null> {
  const schema = spec.requestBody?.content[jsonType]?.schema as Schema | undefined // JSON Schema, as above
  const examples = Object.values(spec.requestBody?.content[jsonType]?.examples ?? {})
  const example = spec.requestBody?.content[jsonType]?.example
  const given = [example, ...examples.map((one) => ('value' in one ? one.value : undefined))].filter(
    (value) => value !== undefined,
  )
  const values: Arbitrary<unknown> =
    schema === undefined
      ? fc.constantFrom({}, [])
      : fc.oneof(
          { weight: 6, arbitrary: valuesOf(schema, '', place) },
          ...given.map((value) => ({ weight: 1, arbitrary: fc.constant(value) })),
        )
  const some = fc.record({
    value: values,
    mutation: fc.option(mutation, { freq: 2 }),
    raw: fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: rawChange }),
    type: fc.oneof(
      { weight: 12, arbitrary: fc.constant(jsonType) },
      { weight: 1, arbitrary: fc.constantFrom(...otherTypes) },
    ),
  })
  const isUsual = schema !== undefined && method !== 'GET'
  return fc.oneof(
    { weight: isUsual ? 9 : 1, arbitrary: some },
    { weight: isUsual ? 1 : 4, arbitrary: fc.constant(null) },
  )
}
