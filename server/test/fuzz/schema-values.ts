import fc, { type Arbitrary } from 'fast-check'
import { Known, whichKnown } from './known-values.ts'
import { oddText } from './odd-values.ts'

/** As much of JSON Schema as openapi.json uses; another keyword is an error, so that nothing is drawn past it. */
export interface Schema {
  readonly [keyword: string]: unknown
  readonly type?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly additionalProperties?: Schema | boolean
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
}

export interface Place {
  readonly lookUp: (reference: string) => Schema
  readonly collection: string
}

const understood = new Set([
  'type',
  'properties',
  'required',
  'items',
  'anyOf',
  'additionalProperties',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'enum',
  'const',
  'pattern',
  'patternProperties',
  'maxProperties',
  '$ref',
  'description',
  'default',
  'title',
  'format',
  'example',
  'examples',
  'deprecated',
])

const arrayMax = 4

/** The test clock stands in January 2026. */
const instants = [
  '2026-01-01T00:00:00Z',
  '2026-02-01T00:00:00.000Z',
  '2029-01-01T00:00:00Z',
  '2030-01-01T00:00:00+02:00',
]

/**
 * Values that a schema allows, most of them of a kind that means something: what the server has shown under the same name.
 *
 * @param name of the property, or of the list that holds the value
 * @param place where references lead, and which collection is spoken of
 */
export function valuesOf(schema: Schema, name: string, place: Place): Arbitrary<unknown> {
  const strange = Object.keys(schema).filter((keyword) => !understood.has(keyword) && !keyword.startsWith('x-'))
  if (strange.length > 0) throw new Error(`fuzz/schema-values.ts draws no "${strange.join('", "')}" yet (at ${name})`)
  const { $ref: reference, enum: choices, const: only } = schema
  if (typeof reference === 'string') return valuesOf(place.lookUp(reference), name, place)
  if (Array.isArray(choices)) return fc.constantFrom<unknown>(...choices)
  if (only !== undefined) return fc.constant(only)
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map((branch) => valuesOf(branch, name, place)))
  switch (schema.type) {
    case 'string':
      return textsOf(schema, name, place)
    case 'integer':
      return integersOf(schema)
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true })
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'array':
      return fc.array(valuesOf(schema.items ?? {}, name, place), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? arrayMax, arrayMax),
      })
    case 'object':
      return objectsOf(schema, place)
    default:
      return fc.oneof(known(name, place), fc.jsonValue({ maxDepth: 2 }))
  }
}

/** Large and small ones, as far as the schema lets both be. */
function integersOf({ minimum, maximum = 2 ** 40 }: Schema): Arbitrary<number> {
  const max = Math.min(maximum, 2 ** 53 - 1)
  const least = minimum ?? 0
  return fc.oneof(
    fc.integer({ min: minimum ?? -9, max }),
    fc.integer({ min: least, max: Math.min(max, Math.max(least, 20)) }),
  )
}

function known(name: string, { collection }: Place): Arbitrary<Known> {
  return whichKnown.map((at) => new Known(name, at, collection))
}

function textsOf({ minLength = 0, maxLength = 1_000 }: Schema, name: string, place: Place): Arbitrary<unknown> {
  const fits = (text: string): boolean => text.length >= minLength && text.length <= maxLength
  return fc.oneof(
    { weight: 12, arbitrary: known(name, place) },
    { weight: 3, arbitrary: fc.string({ minLength: Math.max(minLength, 1), maxLength: Math.min(maxLength, 12) }) },
    { weight: 1, arbitrary: oddText.filter(fits) },
    { weight: name === 'username' ? 9 : 0, arbitrary: fc.nat(5_000).map((at) => `fuzz${at}`) },
    // One that is not easily guessed.
    { weight: name === 'password' ? 20 : 0, arbitrary: fc.constant('quince-lantern-47-plover') },
    // Addresses and instants are forms of text that chance never hits.
    { weight: /^(?:validFrom|expiresAt)$/.test(name) ? 20 : 0, arbitrary: fc.constantFrom(...instants) },
    { weight: /^e-?mails?$/i.test(name) ? 9 : 0, arbitrary: fc.nat(500).map((at) => `fuzz-${at}@example.com`) },
    // Of somebody who accepted (callers.ts): such people cannot be invited.
    { weight: /^e-?mails?$/i.test(name) ? 2 : 0, arbitrary: fc.constant('person-1@example.com') },
  )
}

/** Required keys always, others each with a chance; keys that are free get a few. */
function objectsOf(schema: Schema, place: Place): Arbitrary<unknown> {
  const { properties = {}, required = [], additionalProperties } = schema
  const drawn = Object.fromEntries(Object.entries(properties).map(([key, part]) => [key, valuesOf(part, key, place)]))
  const named = fc.record(drawn, { requiredKeys: [...required].filter((key) => key in drawn) })
  if (typeof additionalProperties !== 'object') return named
  const keys = fc.oneof(fc.constantFrom('designation', 'alias', 'isDefault', 'x'), fc.string({ maxLength: 8 }))
  const free = fc.dictionary(keys, valuesOf(additionalProperties, 'attribute', place), { maxKeys: 3 })
  return fc.tuple(named, free).map(([own, more]) => ({ ...more, ...own }))
}
