import fc, { type Arbitrary } from 'fast-check'
import { together, type FilterNode, type FilterTerm } from '../filter-tree.ts'
import { personOf, type Person } from './people.ts'

/** Characters that each language, each database and Unicode treat in their own way. */
const characters = Array.from(
  'aAbBzZ0 %_*?[]^\\$!-"\'.@\t\nßéÉe\u0301İıςΣﬁＡ％\u00ad\u200b\u202e\ud7ff\ue000\ufffd\uffff😀\u{1f468}\u200d\u{10ffff}',
)
const plainText = fc.string({ unit: fc.constantFrom('a', 'A', 'b'), maxLength: 5 })
export const oddText = fc.string({ unit: fc.constantFrom(...characters), maxLength: 6 })
const text = fc.oneof(plainText, oddText)
const smallNumber = fc.integer({ min: -2, max: 4 })
const time = fc.constantFrom(-1, 0, 1, 1_700_000_000_000, 1_700_000_000_001)
const bit = fc.constantFrom(0, 1)

export const people: Arbitrary<Person[]> = fc
  .array(
    fc.record({
      username: text,
      email: text,
      home: text,
      enabled: bit,
      group_count: smallNumber,
      created_at: time,
      last_login_at: time,
    }),
    { minLength: 3, maxLength: 12 },
  )
  .map((rows) => rows.map((row, index) => personOf({ ...row, id: `p${index}` })))

const textFields = ['username', 'email', 'home', 'attributes.home']
const orderedFields = ['groupCount', 'createdTimestamp', 'lastLoginTime', ...textFields]
const fieldNames = [...orderedFields, 'enabled', 'status', 'id']

/** Texts that occur in the rows, whole or in part, so that filters find something. */
function textsOf(rows: readonly Person[]): Arbitrary<string> {
  const found = rows.flatMap(({ username, email, home }) => [username, email, home])
  const whole = fc.constantFrom(...found)
  const part = fc.tuple(whole, fc.nat(3), fc.nat(3)).map(([from, start, length]) =>
    Array.from(from)
      .slice(start, start + length)
      .join(''),
  )
  return fc.oneof(whole, part, text)
}

function valuesOf(field: string, texts: Arbitrary<string>): Arbitrary<string | number | boolean> {
  if (field === 'enabled') return fc.boolean()
  if (field === 'groupCount') return smallNumber
  if (field === 'status') return fc.constantFrom('Enabled', 'Disabled', 'Pending', 'enabled')
  if (field === 'id') return fc.constantFrom('p0', 'p1', 'service-account-p1', 'P1')
  if (textFields.includes(field)) return texts
  return fc.oneof(
    time,
    time.map((ms) => new Date(ms).toISOString()),
  )
}

type Entry = [key: string, value: unknown]

/** One or two operators that fit the field, or a group of such. */
function operatorsOf(field: string, texts: Arbitrary<string>, depth: number): Arbitrary<object> {
  const values = valuesOf(field, texts)
  const equality = ['$eq', '$neq']
  const comparisons = orderedFields.includes(field) ? [...equality, '$lt', '$gt', '$lte', '$gte'] : equality
  const entries: Arbitrary<Entry>[] = [fc.tuple(fc.constantFrom(...comparisons), values)]
  if (field !== 'enabled')
    entries.push(
      fc.tuple(fc.constant('$in'), fc.oneof(fc.array(values, { maxLength: 4 }), fc.constantFrom(null, ['']))),
    )
  const like = field === 'username' || field === 'email' ? ['$like', '$ilike'] : ['$like']
  const patterns = fc
    .array(fc.oneof(texts, fc.constantFrom('%', 'a', 'b')), { maxLength: 5 })
    .map((parts) => parts.join(''))
  if (textFields.includes(field)) entries.push(fc.tuple(fc.constantFrom(...like), patterns))
  if (depth > 0)
    entries.push(
      fc.tuple(fc.constantFrom('$and', '$or'), fc.array(operatorsOf(field, texts, depth - 1), { maxLength: 2 })),
    )
  return objectOf(fc.oneof(...entries), 1)
}

/** RQL of every form, as text. */
export function rqlFor(rows: readonly Person[]): Arbitrary<string> {
  const texts = textsOf(rows)
  const field: Arbitrary<Entry> = fc
    .constantFrom(...fieldNames)
    .chain((name) => fc.tuple(fc.constant(name), fc.oneof(valuesOf(name, texts), operatorsOf(name, texts, 1))))
  const condition = (depth: number): Arbitrary<object> => {
    if (depth === 0) return objectOf(field, 1)
    const group: Arbitrary<Entry> = fc.tuple(
      fc.constantFrom('$and', '$or'),
      fc.array(condition(depth - 1), { maxLength: 3 }),
    )
    return objectOf(fc.oneof(field, group), 0)
  }
  return condition(2).map((filter) => JSON.stringify(filter))
}

function objectOf(entry: Arbitrary<Entry>, minLength: number): Arbitrary<object> {
  const several = fc.uniqueArray(entry, { minLength, maxLength: 2, selector: ([key]) => key })
  // Most have one entry: an AND of many seldom finds anything.
  return fc
    .oneof({ weight: 3, arbitrary: fc.tuple(entry) }, { weight: 1, arbitrary: several })
    .map((entries) => Object.fromEntries(entries))
}

const ops = ['eq', 'ne', 'lt', 'gt', 'le', 'ge'] as const
const at = ''

function compareOf(
  field: string,
  values: Arbitrary<string | number | boolean | null>,
  isOrdered: boolean,
): Arbitrary<FilterTerm> {
  const op = isOrdered ? fc.constantFrom(...ops) : fc.constantFrom('eq' as const, 'ne' as const)
  return fc.record({ kind: fc.constant('compare'), field: fc.constant(field), op, value: values, at: fc.constant(at) })
}

function patternOf(field: string, texts: Arbitrary<string>): Arbitrary<FilterTerm> {
  const around = (value: string): string[][] =>
    value === ''
      ? [['', '']]
      : [
          [value, ''],
          ['', value],
          ['', value, ''],
        ]
  const pieces = texts.chain((value) => fc.constantFrom(...around(value)))
  return fc.record({
    kind: fc.constant('pattern'),
    field: fc.constant(field),
    letters: fc.constant('by-field'),
    pieces,
    at: fc.constant(at),
  })
}

function treeOf(term: Arbitrary<FilterNode>, depth: number): Arbitrary<FilterNode> {
  if (depth === 0) return term
  const inner = treeOf(term, depth - 1)
  const group = fc
    .tuple(fc.constantFrom('and' as const, 'or' as const), fc.array(inner, { minLength: 2, maxLength: 3 }))
    .map(([kind, of]) => together(kind, of, at))
  const negation = inner.map((of): FilterNode => ({ kind: 'not', of, at }))
  return fc.oneof({ weight: 2, arbitrary: term }, { weight: 2, arbitrary: group }, { weight: 1, arbitrary: negation })
}

/** Trees that SCIM can say and the fields of the people table allow. */
export function scimFor(rows: readonly Person[]): Arbitrary<FilterNode> {
  const texts = textsOf(rows)
  const comparisons = fieldNames.map((field) => compareOf(field, valuesOf(field, texts), orderedFields.includes(field)))
  const absences = ['email', 'lastLoginTime', 'groupCount', 'enabled', 'id'].map((field) =>
    compareOf(field, fc.constant(null), false),
  )
  const patterns = [...textFields, 'emails'].map((field) => patternOf(field, texts))
  const presences = ['username', 'lastLoginTime', 'createdTimestamp', 'enabled', 'id'].map((field) =>
    fc.constant<FilterNode>({ kind: 'present', field, at }),
  )
  const elements = fc.oneof(
    compareOf('type', fc.constantFrom('work', 'home'), false),
    compareOf('value', texts, true),
    patternOf('value', texts),
  )
  const valuePath = treeOf(elements, 1).map((of): FilterNode => ({ kind: 'valuePath', field: 'emails', of, at }))
  return treeOf(fc.oneof(...comparisons, ...absences, ...patterns, ...presences, valuePath, valuePath), 3)
}

const names = fc.constantFrom(
  'a',
  'A-b_1',
  'not',
  'and',
  'or',
  'pr',
  '$ref',
  'name.givenName',
  'urn:ietf:params:scim:schemas:core:2.0:User:name.x',
)

/** Trees of the whole SCIM grammar, whatever their fields may be. */
export const anyScimTree: Arbitrary<FilterNode> = (() => {
  const values = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    oddText,
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
    fc.boolean(),
    fc.constant(null),
  )
  const term = (name: Arbitrary<string>): Arbitrary<FilterNode> =>
    name.chain((field) =>
      fc.oneof(
        compareOf(field, values, true),
        patternOf(field, oddText),
        fc.constant<FilterNode>({ kind: 'present', field, at }),
      ),
    )
  const elements = treeOf(term(fc.constantFrom('type', 'value', 'and', '$ref')), 2)
  const valuePath = fc.tuple(names, elements).map(([field, of]): FilterNode => ({ kind: 'valuePath', field, of, at }))
  return treeOf(fc.oneof(term(names), term(names), valuePath), 3)
})()
