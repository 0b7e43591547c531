import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FilterError } from '../filter/filter-error.ts'
import { parseScimFilter } from '../filter/parse-scim-filter.ts'
import { profiles } from '../scim-tokens/scim-rules.schema.ts'
import { readListQuery } from './list/list-request.ts'
import { applyOperations } from './patch/apply.ts'
import { readPath } from './patch/path.ts'
import { readOperations } from './patch/read-operations.ts'
import { readProjection } from './projection.ts'
import { readResource } from './read-resource.ts'
import { resourceTypes } from './schemas/registry.ts'
import { ScimError } from './scim-error.ts'
import { emptyObject } from './scim-value.ts'

// contract/security-and-reliability.md F-25: whatever comes in, it is read or refused, and quickly.

const runs = 4_000
/** Wide of what it takes, so that a busy machine does not fail it. */
const eachMaxMs = 250
const { user } = resourceTypes(profiles.lenient)

const words = [
  'userName',
  'emails',
  'name.givenName',
  'eq',
  'pr',
  'co',
  'and',
  'or',
  'not',
  '(',
  ')',
  '[',
  ']',
  '"x"',
  '"',
  '\\',
  '\\u00',
  '.',
  ':',
  'urn:',
  'urn:ietf:params:scim:schemas:core:2.0:User',
  'null',
  'true',
  '1e9',
  '-',
  ' ',
  '$ref',
  '__proto__',
  'constructor',
  '\ud800',
  '𝒳',
  '\0',
  '%',
  'type',
  'value',
  'members',
  ',',
]
const soup = fc.oneof(
  fc.array(fc.constantFrom(...words), { maxLength: 40 }).map((parts) => parts.join(' ')),
  fc.array(fc.constantFrom(...words), { maxLength: 40 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc
    .tuple(
      fc.constantFrom('(', 'not (', 'emails[', '"', 'a eq ', '\\', 'urn:', ':', '.', ',', 'é['),
      fc.integer({ min: 1, max: 20_000 }),
    )
    .map(([part, times]) => part.repeat(times)),
)

/** Runs and lets refusals pass; anything else that is thrown, or that takes long, fails. */
function survives(read: () => unknown): void {
  const started = process.cpuUsage()
  try {
    read()
  } catch (error) {
    if (!(error instanceof ScimError) && !(error instanceof FilterError)) throw error
  }
  // The time of this process alone: others may be busy.
  const { user, system } = process.cpuUsage(started)
  const took = (user + system) / 1_000
  assert.ok(took < eachMaxMs, `it took ${took} ms`)
}

function survivesAll<T>(any: fc.Arbitrary<T>, read: (input: T) => unknown, numRuns = runs): void {
  fc.assert(
    fc.property(any, (input) => survives(() => read(input))),
    { numRuns },
  )
}

test('no text crashes the filter parser', () => survivesAll(soup, (text) => parseScimFilter(text)))

test('no text crashes the path parser', () => survivesAll(soup, (text) => readPath(text, user)))

test('no list of attributes crashes projections', () =>
  survivesAll(soup, (text) => readProjection({ attributes: text.split(','), excludedAttributes: [] }, [user])))

test('no parameters crash lists', () =>
  survivesAll(
    fc.dictionary(
      fc.constantFrom('filter', 'count', 'startIndex', 'cursor', 'sortBy', 'sortOrder', 'attributes'),
      fc.oneof(soup, fc.array(soup, { maxLength: 2 })),
    ),
    (query) => readListQuery(query),
  ))

const attributeNames = [
  'userName',
  'name',
  'emails',
  'active',
  'members',
  'schemas',
  'id',
  'meta',
  'x509Certificates',
  'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User',
  'manager',
  'op',
  'path',
  'value',
  'Operations',
  'type',
  'primary',
  '$ref',
  'constructor',
]
const anything = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('add', 'replace', 'remove', null, true, 'True', 7, 1.5, ''),
    soup,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...attributeNames), soup), tie('value'), {
      maxKeys: 6,
      noNullPrototype: true,
    }),
  ),
})).value

for (const profile of ['lenient', 'strict'] as const) {
  const rules = profiles[profile]
  test(`no JSON crashes the reading of resources under ${profile}`, () =>
    survivesAll(
      anything,
      (body) => {
        const whole = { schemas: [user.schema.id], ...(typeof body === 'object' ? body : { userName: body }) }
        return readResource(whole, user, { rules, notes: [], isPatch: false })
      },
      runs / 2,
    ))

  const operation = fc.record(
    {
      op: fc.constantFrom('add', 'replace', 'remove'),
      path: fc.oneof(soup, fc.constantFrom('emails', 'emails[type eq "x"].value', 'name', 'active')),
      value: anything,
    },
    { requiredKeys: ['op'], noNullPrototype: true },
  )
  test(`no message crashes PATCH under ${profile}`, () =>
    survivesAll(
      fc.oneof(anything, fc.array(operation, { maxLength: 4 })),
      (operations) => {
        const body = { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations: operations }
        const resource = Object.assign(emptyObject(), { userName: 'ann', emails: [{ value: 'a', type: 'x' }] })
        return applyOperations(resource, readOperations(body, rules), {
          type: user,
          reading: { rules, notes: [], isPatch: true },
        })
      },
      runs / 2,
    ))
}
