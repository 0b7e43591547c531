import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { sql, type Kysely } from 'kysely'
import { withMigrationHandle } from '../db/open.ts'
import { checkFilter } from './check-filter.ts'
import type { CheckedNode } from './field.ts'
import { FilterError } from './filter-error.ts'
import { rqlLimits, scimLimits, type FilterLimits } from './filter-limits.ts'
import { filterToSql } from './filter-sql.ts'
import { parseFilter } from './parse-filter.ts'
import { oddText } from './testdata/arbitraries.ts'
import { createPeople, peopleFields, personOf, type PeopleDatabase } from './testdata/people.ts'

const payloads = [
  "' or '1'='1",
  "'; drop table people; --",
  '" or ""="',
  '") or 1=1 --',
  "' union select username, email, 1 from people --",
  '1; select pg_sleep(10)',
  "'||(select 1)||'",
  "\\'; --",
  '%',
  '_',
  '*',
  '[a-z]*',
  '${7*7}',
  '{{7*7}}',
  '$1',
  '?',
  ':id',
  '@id',
  'people.email_key',
  '"people"."email"',
  '/**/or/**/1=1',
  '\u02bc or 1=1',
  '\uff07 or 1=1',
  'x\u2028y',
  "E'\\x27'",
  'char(39)',
  '0x27',
  "');attach database 'x' as y;--",
  '$$',
  '{"$ne":null}',
]
const wrappings = [
  (text: string) => text,
  (text: string) => `a${text}`,
  (text: string) => `${text}b`,
  (text: string) => `'${text}'`,
  (text: string) => `"${text}"`,
  (text: string) => `${text}--`,
  (text: string) => `)${text}(`,
  (text: string) => `%${text}%`,
  (text: string) => `\\${text}\\`,
  (text: string) => `;${text};`,
]
const injections = payloads.flatMap((payload) => wrappings.map((wrap) => wrap(payload)))

test('300 injection texts as values find the one row that holds them, by the statement of a harmless value', async () => {
  assert.equal(new Set(injections).size, 300)
  await withSqlite(async (db) => {
    await db
      .insertInto('people')
      .values(injections.map((username, index) => personOf({ id: `p${index}`, username })))
      .execute()
    for (const [index, text] of injections.entries()) {
      const value = JSON.stringify(text)
      assert.deepEqual(await idsOf(db, `{"username":${value}}`), [`p${index}`], text)
      assert.deepEqual(await idsOf(db, `username eq ${value}`), [`p${index}`], text)
      assert.ok((await idsOf(db, `username co ${value}`)).includes(`p${index}`), text)
      assert.equal(statement(db, `{"username":${value}}`), statement(db, '{"username":"x"}'), text)
      assert.equal(statement(db, `username co ${value}`), statement(db, 'username co "x"'), text)
    }
    assert.equal((await idsOf(db, '{}')).length, injections.length)
  })
})

test('300 injection texts as names, operators and bare filters are refused', () => {
  for (const text of injections) {
    const name = JSON.stringify(text)
    for (const filter of [
      `{${name}:"x"}`,
      `{"username":{${name}:"x"}}`,
      `${text} eq "x"`,
      `username ${text} "x"`,
      `username eq ${text}`,
      text,
    ]) {
      if (isScimValue(filter)) continue
      assert.throws(() => read(filter), FilterError, filter)
    }
  }
})

/** Of the 1,800 texts above, those that happen to be a comparison with a quoted text. */
function isScimValue(filter: string): boolean {
  return /^username eq "[^"\\]*"$/.test(filter)
}

const open: FilterLimits = {
  rql: { sizeMaxBytes: 1e7, depthMax: 16, termsMax: 100, inValuesMax: 500 },
  scim: { sizeMaxBytes: 1e7, depthMax: 40, termsMax: 100 },
}

const excessive: [what: string, filter: string][] = [
  ['10,000 levels of $and', `${'{"$and":['.repeat(10_000)}{}${']}'.repeat(10_000)}`],
  ['10,000 levels of $or in operators', `{"username":${'{"$or":['.repeat(10_000)}{"$eq":"x"}${']}'.repeat(10_000)}}`],
  ['10,000 open braces', '{"a":'.repeat(10_000)],
  ['10,000 open brackets', `{"a":${'['.repeat(10_000)}`],
  ['10,000 parentheses', `${'('.repeat(10_000)}username pr${')'.repeat(10_000)}`],
  ['10,000 negations', `${'not ('.repeat(10_000)}username pr${')'.repeat(10_000)}`],
  ['10,000 open parentheses', '('.repeat(10_000)],
  ['10,000 value paths', 'a['.repeat(10_000)],
  ['101 terms of RQL', `{"$or":[${'{"username":"x"},'.repeat(100)}{"username":"x"}]}`],
  ['101 terms of SCIM', `${'username pr or '.repeat(100)}username pr`],
  ['10,000 empty conditions', `{"$or":[${'{},'.repeat(10_000)}{}]}`],
  ['a million digits', `username eq ${'1'.repeat(1_000_000)}x`],
  ['a million backslashes', `{"username":"${'\\'.repeat(1_000_000)}`],
  ['a million name characters', `${'a.'.repeat(500_000)} pr`],
  ['a million colons', `urn${':a'.repeat(500_000)}: pr`],
  ['a million blanks', `username${' '.repeat(1_000_000)}`],
  ['a million wildcards', `{"username":{"$like":"${'%a'.repeat(500_000)}"}}`],
]

test('excess is refused without overflow, and the answer does not repeat it', () => {
  for (const [what, filter] of excessive) {
    assert.throws(
      () => read(filter, open),
      (error) => error instanceof FilterError && error.message.length < 300,
      what,
    )
  }
})

test('every text over a limit is refused within 20 ms', () => {
  for (const [what, filter] of excessive) assert.ok(quickest(() => refuses(filter)) < 20, what)
  const largest = [
    `{"username":"${'x'.repeat(rqlLimits.sizeMaxBytes)}"}`,
    `username eq "${'x'.repeat(scimLimits.sizeMaxBytes)}"`,
  ]
  for (const filter of largest) assert.ok(quickest(() => refuses(filter)) < 20)
})

test('the largest filters that are allowed run on SQLite', async () => {
  const list = `{"$in":[${Array.from({ length: 257 }, () => 1).join()}]}`
  const lists = `{"groupCount":{"$or":[${Array.from({ length: 62 }, () => list).join()}]}}`
  const deep = `${'{"$or":['.repeat(16)}${Array.from({ length: 100 }, () => '{"username":{"$ilike":"%x%y%"}}').join()}${']}'.repeat(16)}`
  const negated = `${'not ('.repeat(40)}${Array.from({ length: 100 }, (_, index) => `username co "${index}"`).join(' or ')}${')'.repeat(40)}`
  const stars = `{"username":{"$like":"${'*'.repeat(4096)}%"}}`
  await withSqlite(async (db) => {
    await db
      .insertInto('people')
      .values(personOf({ username: 'x'.repeat(4096) }))
      .execute()
    for (const filter of [lists, deep, negated, stars])
      assert.ok(Array.isArray(await idsOf(db, filter)), filter.slice(0, 40))
  })
})

test('no text makes the parsers fail otherwise than by a FilterError of one line', () => {
  const seeds = [
    '{"$and":[{"username":{"$eq":"x"}},{"email":{"$in":["a",null]}}],"groupCount":{"$or":[{"$gt":1e3}]}}',
    'not (username eq "x") and (emails[type eq "work"].value co "y" or lastLoginTime gt 5) or urn:a:b:User:c pr',
  ]
  const mutated = fc
    .tuple(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(120), fc.nat(4), fc.oneof(oddText, fc.constantFrom(...Array.from('{}[]()":,$')))), {
        maxLength: 4,
      }),
    )
    .map(([seed, edits]) =>
      edits.reduce((text, [at, cut, insert]) => text.slice(0, at) + insert + text.slice(at + cut), seed),
    )
  let understood = 0
  fc.assert(
    fc.property(fc.oneof(mutated, fc.string({ unit: 'binary' }), fc.json()), (text) => {
      try {
        filterToSql(read(text), 'sqlite')
        understood += 1
      } catch (error) {
        assert.ok(error instanceof FilterError, String(error))
        assert.doesNotMatch(error.message, /[\n\r]/)
      }
    }),
    { numRuns: 5000 },
  )
  assert.ok(understood > 100, `only ${understood} texts were filters`)
})

test('no filter reaches the prototype of objects', () => {
  for (const name of [
    '__proto__',
    'constructor',
    'prototype',
    'attributes.__proto__',
    'attributes.constructor',
    'hasOwnProperty',
  ]) {
    const value = '{"$eq":"x","polluted":true}'
    for (const filter of [
      `{"${name}":${value}}`,
      `{"username":{"${name}":"x"}}`,
      `${name} eq "x"`,
      `emails[${name} eq "x"]`,
      `urn:x:${name} pr`,
    ]) {
      assert.throws(() => read(filter), FilterError, filter)
    }
  }
  assert.equal('polluted' in {}, false)
})

function read(filter: string, limits?: FilterLimits): CheckedNode {
  return checkFilter(parseFilter(filter, limits), peopleFields)
}

function refuses(filter: string): void {
  assert.throws(() => read(filter), FilterError)
}

/** Of five tries, so that a busy machine does not decide. */
function quickest(work: () => void): number {
  const times = Array.from({ length: 5 }, () => {
    const start = performance.now()
    work()
    return performance.now() - start
  })
  return Math.min(...times)
}

function withSqlite(work: (db: Kysely<PeopleDatabase>) => Promise<void>): Promise<void> {
  return withMigrationHandle({ kind: 'sqlite', file: ':memory:' }, async (db) => work(await createPeople(db, 'sqlite')))
}

async function idsOf(db: Kysely<PeopleDatabase>, filter: string): Promise<string[]> {
  const rows = await db
    .selectFrom('people')
    .select('id')
    .where(filterToSql(read(filter), 'sqlite'))
    .execute()
  return rows.map(({ id }) => id)
}

function statement(db: Kysely<PeopleDatabase>, filter: string): string {
  return sql`${filterToSql(read(filter), 'sqlite')}`.compile(db).sql
}
