import fc from 'fast-check'

/** A filter as it is meant; `print` writes it, `matches` reads a resource by it. Neither knows the server's parser or SQL. */
export type Filter =
  | { readonly kind: 'and' | 'or'; readonly of: readonly Filter[] }
  | { readonly kind: 'not'; readonly of: Filter }
  | { readonly kind: 'term'; readonly path: Path; readonly op: Op; readonly value: string | boolean | null }
  | { readonly kind: 'present'; readonly path: Path }
  | { readonly kind: 'element'; readonly list: string; readonly of: Filter }

type Op = 'eq' | 'ne' | 'co' | 'sw' | 'ew' | 'gt' | 'ge' | 'lt' | 'le'

interface Path {
  /** Member of the resource, or of an element inside brackets. */
  readonly name: string
  readonly sub?: string
  readonly urn?: string
  readonly type: 'text' | 'exact' | 'boolean'
}

// Resources are JSON of any shape; what is found is narrowed where it is read.
// oxlint-disable-next-line typescript/no-explicit-any
type Json = any

export function print(filter: Filter): string {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return filter.of.map((part) => `(${print(part)})`).join(` ${filter.kind} `)
    case 'not':
      return `not (${print(filter.of)})`
    case 'present':
      return `${spelled(filter.path)} pr`
    case 'element':
      return `${filter.list}[${print(filter.of)}]`
    case 'term':
      return `${spelled(filter.path)} ${filter.op} ${JSON.stringify(filter.value)}`
  }
}

function spelled({ name, sub, urn }: Path): string {
  return `${urn === undefined ? '' : `${urn}:`}${name}${sub === undefined ? '' : `.${sub}`}`
}

/** What contract/scim.md 5.10 says of a resource as clients see it. */
export function matches(filter: Filter, resource: Json): boolean {
  switch (filter.kind) {
    case 'and':
      return filter.of.every((part) => matches(part, resource))
    case 'or':
      return filter.of.some((part) => matches(part, resource))
    case 'not':
      return !matches(filter.of, resource)
    case 'element':
      return (resource[filter.list] ?? []).some((element: Json) => matches(filter.of, element))
    case 'present':
      return valuesOf(filter.path, resource).some(isThere)
    case 'term':
      return holds(filter, resource)
  }
}

/** The values a path leads to; of an element without the value asked for, nothing. */
function valuesOf({ name, sub, urn }: Path, resource: Json): Json[] {
  const home = urn === undefined ? resource : resource[urn]
  const value = home?.[name] ?? (lists.some((list) => list === name) ? [] : undefined)
  if (Array.isArray(value)) return value.map((element) => element[sub ?? 'value'])
  if (sub !== undefined) return [value?.[sub]]
  return [typeof value === 'object' && value !== null ? value.value : value]
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null && value !== ''
}

function holds({ path, op, value }: Extract<Filter, { kind: 'term' }>, resource: Json): boolean {
  const values = valuesOf(path, resource)
  if (value === null) return values.some(isThere) === (op === 'ne')
  if (values.length === 0) return op === 'ne'
  return values.some((found) => compares(found, op, value, path))
}

function compares(found: unknown, op: Op, value: string | boolean, { type, name, sub }: Path): boolean {
  if (type === 'boolean') {
    // Without a word about it an element is not the primary one.
    const seen = found === undefined && (name === 'primary' || sub === 'primary') ? false : found
    return op === 'eq' ? seen === value : seen !== value
  }
  if (!isThere(found)) return op === 'ne'
  const fold = (text: string) => (type === 'exact' ? text : text.normalize('NFKC').toLowerCase())
  const [a, b] = [fold(String(found)), fold(String(value))]
  switch (op) {
    case 'eq':
      return a === b
    case 'ne':
      return a !== b
    case 'co':
      return a.includes(b)
    case 'sw':
      return a.startsWith(b)
    case 'ew':
      return a.endsWith(b)
    default: {
      // Code points, not the units that JavaScript compares by.
      const order = Buffer.compare(Buffer.from(a), Buffer.from(b))
      return { gt: order > 0, ge: order >= 0, lt: order < 0, le: order <= 0 }[op]
    }
  }
}

/** Texts that trip wildcards, folding and quoting. */
const texts = [
  'a',
  'A',
  'Ab',
  'b%',
  'b_',
  'b\\c',
  'x"y',
  "o'k",
  'É',
  'é',
  'e\u0301',
  'Ａ',
  'ΣΑΣ',
  '𝒳',
  'z z',
  '.',
  'true',
]
const types = ['work', 'home', 'Other']
const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'

const text = fc.constantFrom(...texts)
const single: readonly Path[] = [
  ...['displayName', 'nickName', 'title', 'userType'].map((name): Path => ({ name, type: 'text' })),
  ...['givenName', 'familyName', 'middleName'].map((sub): Path => ({ name: 'name', sub, type: 'text' })),
  ...['department', 'employeeNumber'].map((name): Path => ({ name, urn: enterprise, type: 'text' })),
  { name: 'manager', sub: 'value', urn: enterprise, type: 'exact' },
  { name: 'externalId', type: 'exact' },
]
const lists = ['emails', 'phoneNumbers', 'roles'] as const
const parts: readonly Path[] = lists.flatMap((name) => [
  { name, type: 'text' } satisfies Path,
  ...['value', 'type', 'display'].map((sub): Path => ({ name, sub, type: 'text' })),
])
const elementParts: readonly Path[] = ['value', 'type', 'display'].map((name) => ({ name, type: 'text' }))
const ops: readonly Op[] = ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le']

function textTerms(paths: readonly Path[]): fc.Arbitrary<Filter> {
  const path = fc.constantFrom(...paths)
  return fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant('term' as const),
        path,
        op: fc.constantFrom(...ops),
        value: fc.oneof(text, fc.constantFrom('', ...types)),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('present' as const), path }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('term' as const),
        path,
        op: fc.constantFrom('eq' as const, 'ne' as const),
        value: fc.constant(null),
      }),
    },
  )
}

function flags(paths: readonly Path[]): fc.Arbitrary<Filter> {
  return fc.record({
    kind: fc.constant('term' as const),
    path: fc.constantFrom(...paths),
    op: fc.constantFrom('eq' as const, 'ne' as const),
    value: fc.boolean(),
  })
}

function combined(leaf: fc.Arbitrary<Filter>): fc.Arbitrary<Filter> {
  return fc.letrec<{ node: Filter }>((tie) => ({
    node: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      fc.record({
        kind: fc.constantFrom('and' as const, 'or' as const),
        of: fc.array(tie('node'), { minLength: 2, maxLength: 3 }),
      }),
      fc.record({ kind: fc.constant('not' as const), of: tie('node') }),
    ),
  })).node
}

const inBrackets = combined(fc.oneof(textTerms(elementParts), flags([{ name: 'primary', type: 'boolean' }])))
const leaf = fc.oneof(
  { weight: 4, arbitrary: textTerms(single) },
  { weight: 3, arbitrary: textTerms(parts) },
  {
    weight: 1,
    arbitrary: flags([
      { name: 'active', type: 'boolean' },
      { name: 'emails', sub: 'primary', type: 'boolean' },
    ]),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('element' as const), list: fc.constantFrom(...lists), of: inBrackets }),
  },
)

export const anyFilter: fc.Arbitrary<Filter> = combined(leaf)

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 })
const element = fc.record(
  { value: text, type: fc.constantFrom(...types), display: text, primary: fc.boolean() },
  { requiredKeys: ['value'] },
)
const list = maybe(fc.array(element, { maxLength: 3 }))

/** What a user may be made of, but for the name, which is unique. */
export const anyUser = fc.record({
  displayName: maybe(text),
  nickName: maybe(text),
  title: maybe(text),
  userType: maybe(text),
  externalId: maybe(text),
  active: fc.boolean(),
  name: maybe(fc.record({ givenName: text, familyName: text, middleName: text }, { requiredKeys: [] })),
  emails: list,
  phoneNumbers: list,
  roles: list,
  [enterprise]: maybe(
    fc.record({ department: text, employeeNumber: text, manager: fc.record({ value: text }) }, { requiredKeys: [] }),
  ),
})
