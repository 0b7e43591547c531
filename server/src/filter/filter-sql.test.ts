import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import type { DialectName } from '../db/db.ts'
import { toKey } from '../db/normal-key.ts'
import { checkFilter } from './check-filter.ts'
import { drivingSearch, tellingPart } from './driving-search.ts'
import { fieldMap } from './field-map.ts'
import { filterToSql } from './filter-sql.ts'
import { parseFilter } from './parse-filter.ts'
import { peopleFields, type PeopleDatabase } from './testdata/people.ts'

const handles: Record<DialectName, Kysely<PeopleDatabase>> = {
  sqlite: new Kysely({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  }),
  postgres: new Kysely({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  }),
}

function where(text: string, dialect: DialectName): { sql: string; parameters: readonly unknown[] } {
  const tree = checkFilter(parseFilter(text), peopleFields)
  const { sql, parameters } = handles[dialect]
    .selectFrom('people')
    .select('id')
    .where(filterToSql(tree, dialect))
    .compile()
  return { sql: sql.slice(sql.indexOf(' where ') + 7), parameters }
}

const conditions: [text: string, sql: string, parameters: unknown[]][] = [
  ['{"username":"x"}', '"people"."username" = ?', ['x']],
  ['{"username":{"$like":"x"}}', '"people"."username" = ?', ['x']],
  ['{"email":"X"}', '"people"."email_key" = ?', ['x']],
  ['{"email":{"$ilike":"%X%"}}', '"people"."email_key" glob +?', ['*x*']],
  ['{"username":{"$like":"%*?[]%"}}', '"people"."username" glob +?', ['*[*][?][[]]*']],
  ['username ew "%_\\\\"', '"people"."username_key" glob +?', ['*%_\\']],
  ['username sw "X"', '("people"."username_key" >= ? and "people"."username_key" < ?)', ['x', 'y']],
  ['username sw "a\\uD7FF"', '("people"."username_key" >= ? and "people"."username_key" < ?)', ['a\ud7ff', 'a\ue000']],
  [
    'username sw "a\\uDBFF\\uDFFF"',
    '("people"."username_key" >= ? and "people"."username_key" < ?)',
    ['a\u{10ffff}', 'b'],
  ],
  ['username sw "\\uDBFF\\uDFFF"', '("people"."username_key" >= ?)', ['\u{10ffff}']],
  [
    '{"username":{"$like":"a%b"}}',
    '("people"."username" >= ? and "people"."username" < ? and "people"."username" glob +?)',
    ['a', 'b', 'a*b'],
  ],
  ['username co ""', '(1 = 1)', []],
  ['{"id":{"$in":["a","b","c"]}}', '"people"."id" in (?, ?, ?, ?)', ['a', 'b', 'c', 'c']],
  ['{"id":{"$in":["a"]}}', '"people"."id" in (?)', ['a']],
  ['{"id":{"$in":[]}}', '(1 = 0)', []],
  ['{"enabled":true}', '"people"."enabled" = ?', [1]],
  ['{"lastLoginTime":{"$lt":5}}', '("people"."last_login_at" < ? and "people"."last_login_at" <> 0)', [5]],
  ['{}', '(1 = 1)', []],
  ['{"$or":[]}', '(1 = 0)', []],
  [
    'not (id eq "a" or id eq "b" and enabled eq true)',
    'not (("people"."id" = ? or ("people"."id" = ? and "people"."enabled" = ?)))',
    ['a', 'b', 1],
  ],
]

test('a filter becomes one condition with every value bound', () => {
  for (const [text, sql, parameters] of conditions) assert.deepEqual(where(text, 'sqlite'), { sql, parameters }, text)
})

test('PostgreSQL differs in wildcards only, and escapes its own', () => {
  assert.deepEqual(where('{"username":{"$like":"%a_\\\\*%b%%"}}', 'postgres'), {
    sql: '"people"."username" like $1',
    parameters: [String.raw`%a\_\\*%b%`],
  })
  assert.deepEqual(where('username co "%"', 'postgres'), {
    sql: '"people"."username_key" like $1',
    parameters: [String.raw`%\%%`],
  })
})

test('lists of any length share ten statements', () => {
  const text = (count: number): string =>
    `{"id":{"$in":[${Array.from({ length: count }, (_, index) => `"${index}"`).join()}]}}`
  const shapes = new Set(Array.from({ length: 500 }, (_, index) => where(text(index + 1), 'sqlite').sql))
  assert.equal(shapes.size, 10)
  assert.equal(where(text(500), 'sqlite').parameters.length, 512)
})

const searches: [text: string, expected: object | undefined][] = [
  ['{"email":{"$ilike":"%TEX%"}}', { kind: 'piece', column: 'people.email_key', text: 'tex', isIndexed: false }],
  ['{"email":{"$like":"%TEX%"}}', { kind: 'piece', column: 'people.email_key', text: 'tex', isIndexed: false }],
  ['username co "😀😀😀"', { kind: 'piece', column: 'people.username_key', text: '😀😀😀', isIndexed: false }],
  ['username sw "abc"', { kind: 'piece', column: 'people.username_key', text: 'abc', isIndexed: false }],
  [
    'enabled eq true and (email co "abc" and username co "abcd")',
    { kind: 'piece', column: 'people.username_key', text: 'abcd', isIndexed: false },
  ],
  ['{"email":{"$ilike":"a%bcde%fgh"}}', { kind: 'piece', column: 'people.email_key', text: 'bcde', isIndexed: false }],
  ['{"email":{"$ilike":"%te%"}}', undefined],
  ['username co "😀😀"', undefined],
  ['{"email":{"$ilike":"text"}}', undefined],
  ['{"username":{"$like":"%text%"}}', undefined],
  ['home co "text"', undefined],
  ['emails co "text"', undefined],
  ['email co "text" or enabled eq true', undefined],
  ['not (email co "text")', undefined],
  ['{}', undefined],
]

test('a list may start from the longest piece that every row of the answer must hold, and a trigram index knows', () => {
  for (const [text, expected] of searches) {
    const search = drivingSearch(checkFilter(parseFilter(text), peopleFields))
    if (expected === undefined) assert.equal(search, undefined, text)
    else assert.deepEqual(search, expected, text)
  }
})

test('a trigram index on a column without a key is searched with exact letters', () => {
  const fields = fieldMap({
    code: { type: 'text', column: 'a.code', trigram: true },
    name: { type: 'text', column: 'a.name', key: { column: 'a.name_key', normalise: toKey } },
  })
  const search = (text: string): object | undefined => drivingSearch(checkFilter(parseFilter(text), fields))
  assert.deepEqual(search('code co "ABC" and name co "abcd"'), {
    kind: 'piece',
    column: 'a.code',
    text: 'ABC',
    isIndexed: false,
  })
  assert.equal(search('name co "abcd"'), undefined)
})

test('a list may start from the prefix of a unique field when nothing longer is sought', () => {
  const fields = fieldMap({
    email: {
      type: 'text',
      column: 'a.email',
      key: { column: 'a.email_key', normalise: toKey },
      trigram: true,
      unique: true,
    },
    name: { type: 'text', column: 'a.name', key: { column: 'a.name_key', normalise: toKey }, trigram: true },
  })
  const search = (text: string): object | undefined => drivingSearch(checkFilter(parseFilter(text), fields))
  assert.deepEqual(search('{"email":{"$ilike":"AB%"}}'), {
    kind: 'prefix',
    column: 'a.email_key',
    text: 'ab',
    isIndexed: true,
  })
  assert.deepEqual(search('{"email":{"$like":"Ab%cde%"}}'), {
    kind: 'prefix',
    column: 'a.email',
    text: 'Ab',
    isIndexed: true,
  })
  assert.deepEqual(search('email sw "abc" and name co "defg"'), {
    kind: 'piece',
    column: 'a.name_key',
    text: 'defg',
    isIndexed: false,
  })
  assert.equal(search('{"name":{"$ilike":"ab%"}}'), undefined)
})

test('the trigram index is asked for the end of a piece, before the @ of an address', () => {
  const parts: readonly (readonly [string, string])[] = [
    ['abc', 'abc'],
    ['abcdefghi', 'bcdefghi'],
    ['first.last.77@example.com', '.last.77'],
    ['abc@example.com', 'abc'],
    ['ab@example.com', 'mple.com'],
    ['@example.com', 'mple.com'],
    ['a😀b😀c😀d😀e😀', 'b😀c😀d😀e😀'],
  ]
  for (const [piece, part] of parts) assert.equal(tellingPart(piece), part, piece)
})
