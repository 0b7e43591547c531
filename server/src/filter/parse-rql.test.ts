import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FilterError } from './filter-error.ts'
import { rqlLimits } from './filter-limits.ts'
import { parseRql } from './parse-rql.ts'
import { and, compare, eq, ilike, like, oneOf, or, shape } from './testdata/shape.ts'

const sentByClients: [string, object][] = [
  ['{"email":{"$ilike":"%text%"}}', ilike('email', '', 'text', '')],
  ['{"email":{"$in":["a@example.com", "b@example.com"]}}', oneOf('email', 'a@example.com', 'b@example.com')],
  ['{"email":{"$in":[""]}}', oneOf('email')],
  ['{"email":{"$in":null}}', oneOf('email')],
  ['{"username":"x"}', eq('username', 'x')],
  ['{"username":"null"}', eq('username', 'null')],
  ['{"$and":[{"username":{"$eq":"x"}}]}', eq('username', 'x')],
  ['{"username":{"$in":["a", "b"]}}', oneOf('username', 'a', 'b')],
  ['{"username":{"$in":[""]}}', oneOf('username')],
  ['{"id":"x"}', eq('id', 'x')],
  ['{"id":{"$in":["x","y"]}}', oneOf('id', 'x', 'y')],
  ['{"$and":[{"alias":{"$ilike":"%text%"}}]}', ilike('alias', '', 'text', '')],
  ['{"name":{"$ilike":"$%"}}', ilike('name', '$', '')],
  [
    '{"$or": [{"level": "workspace"}, {"level": "admin-subrole"}]}',
    or(eq('level', 'workspace'), eq('level', 'admin-subrole')),
  ],
  ['{"displayName":"x"}', eq('displayName', 'x')],
  ['{"clientId":"x"}', eq('clientId', 'x')],
]

test('every RQL filter that a client really sends is understood, byte for byte', () => {
  for (const [text, expected] of sentByClients) assert.deepEqual(shape(parseRql(text)), expected, text)
})

const grammar: [string, object][] = [
  [' {\t"a" :\r\n1 } ', eq('a', 1)],
  ['{}', and()],
  ['{"$and":[]}', and()],
  ['{"$or":[]}', or()],
  ['{"$or":[{},{"a":true}]}', or(and(), eq('a', true))],
  ['{"a":"x","b":false}', and(eq('a', 'x'), eq('b', false))],
  ['{"a":{"$eq":1,"$neq":2}}', and(eq('a', 1), compare('a', 'ne', 2))],
  ['{"a":{"$lt":-1.5e2}}', compare('a', 'lt', -150)],
  ['{"a":{"$lte":"x"}}', compare('a', 'le', 'x')],
  ['{"a":{"$gte":"x"}}', compare('a', 'ge', 'x')],
  [
    '{"a":{"$or":[{"$eq":"x"},{"$ilike":"y%"}],"$neq":"z"}}',
    and(or(eq('a', 'x'), ilike('a', 'y', '')), compare('a', 'ne', 'z')),
  ],
  ['{"a":{"$and":[{"$or":[{"$gt":1},{"$lt":0}]}]}}', or(compare('a', 'gt', 1), compare('a', 'lt', 0))],
  ['{"a":{"$in":[1,"x",true,null,""]}}', oneOf('a', 1, 'x', true)],
  ['{"a":{"$in":[]}}', oneOf('a')],
  ['{"a":{"$like":""}}', like('a', '')],
  ['{"a":{"$like":"x"}}', like('a', 'x')],
  ['{"a":{"$like":"%"}}', like('a', '', '')],
  ['{"a":{"$like":"%%x%%%y%"}}', like('a', '', 'x', 'y', '')],
  ['{"a":{"$like":"_\\\\$*?[%"}}', like('a', '_\\$*?[', '')],
  ['{"attributes.job title":"x"}', eq('attributes.job title', 'x')],
  ['{"\\u0061":"\\ud83d\\ude00\\"\\/\\n"}', eq('a', '😀"/\n')],
]

test('RQL: each form of the grammar has one meaning', () => {
  for (const [text, expected] of grammar) assert.deepEqual(shape(parseRql(text)), expected, text)
})

const mistakes: [text: string, at: string, message: RegExp][] = [
  [
    '{"$and":[{"a":1},{"email":{"$foo":1}}]}',
    '$and[1].email.$foo',
    /unknown operator "\$foo".*\$and\[1\]\.email\.\$foo/,
  ],
  ['{"$foo":1}', '$foo', /unknown operator "\$foo"/],
  ['{"$eq":1}', '$eq', /\$eq stands where a field/],
  ['{"a":{"b":1}}', 'a.b', /unknown operator "b"/],
  ['{"a":{}}', 'a', /"a" has no operator/],
  ['{"a":{"$or":[{}]}}', 'a.$or[0]', /"a" has no operator/],
  ['{"a":null}', 'a', /null is no value.*"a"/],
  ['{"a":{"$eq":null}}', 'a.$eq', /null/],
  ['{"a":{"$like":null}}', 'a.$like', /\$like takes a text/],
  ['{"a":{"$ilike":5}}', 'a.$ilike', /\$ilike takes a text/],
  ['{"a":["x"]}', 'a', /"a" has a list without \$in/],
  ['{"a":{"$eq":["x"]}}', 'a.$eq', /compared with one/],
  ['{"a":{"$eq":{"$eq":1}}}', 'a.$eq', /compared with one/],
  ['{"a":{"$in":"x"}}', 'a.$in', /\$in takes a list/],
  ['{"a":{"$in":["x",["y"]]}}', 'a.$in[1]', /\$in takes a list of texts/],
  ['{"$and":{"a":1}}', '$and', /\$and takes a list of objects/],
  ['{"$or":["a"]}', '$or[0]', /\$or takes a list of objects/],
  ['{"a b":{"$x":1}}', '"a b".$x', /unknown operator "\$x"/],
  ['["a"]', 'column 1', /a filter is a JSON object/],
  ['"a"', 'column 1', /a filter is a JSON object/],
]

test('RQL: a mistake in meaning names the culprit and its path', () => {
  for (const [text, at, message] of mistakes) refused(text, at, message)
})

const brokenJson: [text: string, at: string, message: RegExp][] = [
  ['', 'column 1', /ends where/],
  ['{', 'column 2', /ends where a key in double quotes/],
  ['{"a"', 'column 5', /ends where a colon/],
  ['{"a":', 'column 6', /ends where a text/],
  ['{"a":1', 'column 7', /ends where a comma or }/],
  ['{"a":1,}', 'column 8', /"}" stands where a key/],
  ['{"a":1}}', 'column 8', /"}" stands where the end/],
  ['{"a":1} x', 'column 9', /"x" stands where the end/],
  ['{a:1}', 'column 2', /"a:1" stands where a key/],
  ["{'a':1}", 'column 2', /"'" stands where a key/],
  ['{"a":x}', 'column 6', /"x" stands where a text/],
  ['{"a":True}', 'column 6', /"True" stands where/],
  ['{"a":NaN}', 'column 6', /"NaN"/],
  ['{"a":01}', 'column 6', /"01"/],
  ['{"a":1.}', 'column 6', /"1\."/],
  ['{"a":+1}', 'column 6', /"\+"/],
  ['{"a":0x10}', 'column 6', /"0x10"/],
  ['{"a":1e999}', 'column 6', /too large/],
  ['{"a":[1 2]}', 'column 9', /"2" stands where a comma or ]/],
  ['{"a":"x"y"}', 'column 9', /"y" stands where a comma/],
  ['{"a":"x}', 'column 6', /no closing quote/],
  ['{"a":"x\\"}', 'column 6', /no closing quote/],
  ['{"a":"\n"}', 'column 7', /control character/],
  ['{"a":"\\x41"}', 'column 6', /escape/],
  ['{"a":"\\u0000"}', 'column 6', /NUL/],
  ['{"a":"\\ud800"}', 'column 6', /surrogate/],
  ['{"a":"\ud800"}', 'column 6', /surrogate/],
  ['{"a":1,"a":2}', 'column 8', /"a" stands twice/],
  ['{"a":1,"\\u0061":2}', 'column 8', /"a" stands twice/],
  ['{"a":{"$eq":1,"$eq":2}}', 'column 15', /"\$eq" stands twice/],
  ['{"__proto__":1}', 'column 2', /"__proto__" is not allowed/],
  ['{"\\u005f_proto__":{"$eq":1}}', 'column 2', /"__proto__" is not allowed/],
  ['{"a":{"constructor":1}}', 'column 7', /"constructor" is not allowed/],
  ['{"$and":[{"prototype":1}]}', 'column 11', /"prototype" is not allowed/],
  ['/* c */{"a":1}', 'column 1', /"\/" stands where/],
]

test('RQL: text that is not strict JSON is refused with its column, duplicate and reserved keys too', () => {
  for (const [text, at, message] of brokenJson) refused(text, at, message)
})

test('RQL: each limit holds at its bound and refuses one past it', () => {
  const sized = (bytes: number): string => `{"a":"${'x'.repeat(bytes - 8)}"}`
  const nested = (depth: number): string => `${'{"$and":['.repeat(depth)}{"a":{"$in":["x"]}}${']}'.repeat(depth)}`
  const nestedOperators = (depth: number): string => `{"a":${'{"$or":['.repeat(depth)}{"$in":[1]}${']}'.repeat(depth)}}`
  const terms = (count: number): string => `{"$or":[${Array.from({ length: count }, () => '{"a":1}').join()}]}`
  const empties = (count: number): string => `{"$or":[${Array.from({ length: count }, () => '{}').join()}]}`
  const values = (count: number): string =>
    `{"a":{"$in":[${Array.from({ length: count }, (_, index) => index).join()}]}}`
  const bounds: [(size: number) => string, number, RegExp][] = [
    [sized, rqlLimits.sizeMaxBytes, /32769 bytes; the limit is 32768/],
    [nested, 16, /nested deeper than 16/],
    [nestedOperators, 16, /nested deeper than 16/],
    [terms, 100, /too many terms; the limit is 100/],
    [empties, 100, /too many terms/],
    [values, 500, /\$in has 501 values; the limit is 500/],
  ]
  for (const [filter, bound, message] of bounds) {
    assert.ok(parseRql(filter(bound)), `${message} at ${bound}`)
    assert.throws(() => parseRql(filter(bound + 1)), message)
  }
  assert.throws(() => parseRql(`{"a":"${'é'.repeat(rqlLimits.sizeMaxBytes / 2)}"}`), /bytes/)
  assert.equal(parseRql(`{"$or":[${Array.from({ length: 100 }, () => '{"a":{"$in":[1,2,3]}}').join()}]}`).kind, 'or')
})

test('RQL: limits are parameters', () => {
  assert.throws(() => parseRql('{"$and":[{"a":1}]}', { ...rqlLimits, depthMax: 0 }), /nested deeper than 0|too deeply/)
  assert.throws(() => parseRql('{"a":1,"b":2}', { ...rqlLimits, termsMax: 1 }), /limit is 1/)
})

function refused(text: string, at: string, message: RegExp): void {
  assert.throws(
    () => parseRql(text),
    (error) => {
      assert.ok(error instanceof FilterError, text)
      assert.equal(error.at, at, text)
      assert.match(error.message, message, text)
      return true
    },
    text,
  )
}
