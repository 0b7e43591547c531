import fc, { type Arbitrary } from 'fast-check'
import type { Field, FilterRow } from '../src/filter/field.ts'
import { valueTypeOf } from '../src/filter/field.ts'
import type { ListShape } from '../src/lists/list-shape.ts'

/** A field by one of its names, with values that its rows hold. */
interface Asked {
  readonly name: string
  readonly type: ReturnType<typeof valueTypeOf>
  readonly values: Arbitrary<unknown>
}

/** Filters in both languages over the real fields of a list, most of which tell its rows apart; some cannot be used at all. */
export function filterTexts(
  shape: ListShape,
  rows: readonly FilterRow[],
  moreNames: readonly string[],
): Arbitrary<string> {
  const asked = [...shape.fields.names, ...moreNames].flatMap((name) => {
    const field = shape.fields.find(name)
    return field === undefined ? [] : [{ name, type: valueTypeOf(field), values: valuesOf(field, rows) }]
  })
  const field = fc.constantFrom(...asked)
  return fc.oneof(
    rqlOf(field, 2).map((filter) => JSON.stringify(filter)),
    scimOf(field, 2),
  )
}

/** What the rows hold in this column, whole and in part, and what they do not. */
function valuesOf(field: Field, rows: readonly FilterRow[]): Arbitrary<unknown> {
  const column = field.type === 'derived' ? '' : field.column
  const held = rows.map((row) => row[column]).filter((value) => value !== undefined)
  switch (valueTypeOf(field)) {
    case 'boolean':
      return fc.boolean()
    case 'number':
      return fc.oneof(fc.integer({ min: -1, max: 5 }), ...some(held))
    case 'time':
      return fc.oneof(fc.constantFrom(0, 1, '2026-01-02T03:04:05Z', 1_767_323_045_000), ...some(held))
    default:
      return textsLike(held.length > 0 ? held.map(String) : everyText(rows))
  }
}

function some(values: readonly unknown[]): Arbitrary<unknown>[] {
  return values.length === 0 ? [] : [fc.constantFrom(...values)]
}

function everyText(rows: readonly FilterRow[]): string[] {
  return rows.flatMap((row) => Object.values(row).flat()).filter((value) => typeof value === 'string')
}

function textsLike(texts: readonly string[]): Arbitrary<string> {
  const whole = fc.constantFrom(...texts, 'Enabled', 'Pending', 'Disabled', '$admin', '$member', '')
  const part = fc.tuple(whole, fc.nat(4), fc.nat(4)).map(([text, start, length]) =>
    Array.from(text)
      .slice(start, start + length)
      .join(''),
  )
  const otherCase = whole.map((text) => text.toUpperCase())
  return fc.oneof({ weight: 3, arbitrary: whole }, { weight: 2, arbitrary: part }, { weight: 1, arbitrary: otherCase })
}

const ordered = ['$eq', '$neq', '$lt', '$gt', '$lte', '$gte']
const patterns = ['$like', '$ilike']

function rqlOf(field: Arbitrary<Asked>, depth: number): Arbitrary<object> {
  const leaf = field.chain(({ name, type, values }) => {
    const like = fc
      .array(fc.oneof(values.map(String), fc.constant('%')), { minLength: 1, maxLength: 3 })
      .map((parts) => parts.join(''))
    const forms: Arbitrary<unknown>[] = [
      values,
      fc.tuple(fc.constantFrom(...(type === 'boolean' ? ['$eq', '$neq'] : ordered)), values).map(pair),
      fc.array(values, { maxLength: 3 }).map((several) => ({ $in: several })),
      ...(type === 'text' ? [fc.tuple(fc.constantFrom(...patterns), like).map(pair)] : []),
    ]
    return fc.oneof(...forms).map((condition) => ({ [name]: condition }))
  })
  if (depth === 0) return leaf
  const group = fc
    .tuple(fc.constantFrom('$and', '$or'), fc.array(rqlOf(field, depth - 1), { minLength: 1, maxLength: 3 }))
    .map(pair)
  return fc.oneof({ weight: 3, arbitrary: leaf }, { weight: 1, arbitrary: group })
}

function pair([key, value]: readonly [string, unknown]): object {
  return { [key]: value }
}

const comparisons = ['eq', 'ne', 'lt', 'gt', 'le', 'ge']
const searches = ['co', 'sw', 'ew']

function scimOf(field: Arbitrary<Asked>, depth: number): Arbitrary<string> {
  const leaf = field.chain(({ name, type, values }) => {
    const operators =
      type === 'boolean' || type === 'id' ? ['eq', 'ne'] : [...comparisons, ...(type === 'text' ? searches : [])]
    const compared = fc
      .tuple(fc.constantFrom(...operators), values)
      .map(([op, value]) => `${name} ${op} ${JSON.stringify(value)}`)
    return fc.oneof({ weight: 9, arbitrary: compared }, { weight: 1, arbitrary: fc.constant(`${name} pr`) })
  })
  if (depth === 0) return leaf
  const inner = scimOf(field, depth - 1)
  const joined = fc.tuple(inner, fc.constantFrom('and', 'or'), inner).map(([a, op, b]) => `(${a}) ${op} (${b})`)
  return fc.oneof(
    { weight: 3, arbitrary: leaf },
    { weight: 1, arbitrary: joined },
    { weight: 1, arbitrary: inner.map((text) => `not (${text})`) },
  )
}
