import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkFilter } from './check-filter.ts'
import type { CheckedNode, Field } from './field.ts'
import { fieldMap } from './field-map.ts'
import { FilterError } from './filter-error.ts'
import { filterMatches } from './filter-memory.ts'
import { parseFilter } from './parse-filter.ts'
import { peopleFields, personOf, rowOf, type Person } from './testdata/people.ts'

function check(text: string): CheckedNode {
  return checkFilter(parseFilter(text), peopleFields)
}

function matches(text: string, person: Partial<Person>): boolean {
  return filterMatches(check(text), rowOf(personOf(person)))
}

const misfits: [text: string, at: string, message: RegExp][] = [
  ['{"$or":[{"nope":1}]}', '$or[0].nope', /unknown field "nope"; allowed are id, username, email/],
  ['nope eq 1', 'column 1', /unknown field "nope"; allowed are/],
  ['{"users.email":"x"}', 'users.email', /unknown field/],
  ['{"Email":"x"}', 'Email', /unknown field/],
  ['{"":"x"}', '""', /unknown field ""/],
  ['{"toString":"x"}', 'toString', /unknown field/],
  ['{"enabled":{"$gt":true}}', 'enabled.$gt', /gt does not fit "enabled", of type boolean/],
  ['{"enabled":{"$in":[true]}}', 'enabled.$in', /a list does not fit/],
  ['{"enabled":{"$like":"t%"}}', 'enabled.$like', /a pattern does not fit "enabled"/],
  ['{"enabled":"true"}', 'enabled', /compared with true or false/],
  ['{"enabled":1}', 'enabled', /compared with true or false/],
  ['active eq "yes"', 'column 1', /compared with true or false/],
  ['active eq 1', 'column 1', /compared with true or false/],
  ['{"groupCount":1.5}', 'groupCount', /compared with a whole number/],
  ['{"groupCount":9007199254740992}', 'groupCount', /whole number between/],
  ['{"groupCount":"1"}', 'groupCount', /compared with a number/],
  ['{"groupCount":{"$in":[1,2.5]}}', 'groupCount.$in', /whole number/],
  ['{"groupCount":{"$ilike":"1%"}}', 'groupCount.$ilike', /a pattern does not fit "groupCount", of type number/],
  ['groupCount co "1"', 'column 1', /a pattern does not fit/],
  ['{"createdTimestamp":"yesterday"}', 'createdTimestamp', /compared with a time: RFC 3339/],
  ['{"createdTimestamp":"2026-01-01"}', 'createdTimestamp', /RFC 3339/],
  ['{"createdTimestamp":"1700000000000"}', 'createdTimestamp', /RFC 3339/],
  ['{"createdTimestamp":1.5}', 'createdTimestamp', /whole number/],
  ['{"createdTimestamp":true}', 'createdTimestamp', /RFC 3339/],
  ['{"createdTimestamp":{"$like":"2026%"}}', 'createdTimestamp.$like', /a pattern does not fit/],
  ['{"username":5}', 'username', /compared with a text/],
  ['{"username":{"$in":["x",true]}}', 'username.$in', /compared with a text/],
  ['{"home":{"$ilike":"x%"}}', 'home.$ilike', /only be compared with its exact letters/],
  ['{"id":{"$ilike":"x%"}}', 'id.$ilike', /only be compared with its exact letters/],
  ['username gt null', 'column 1', /"username" cannot be ordered against null/],
  ['status gt "A"', 'column 1', /gt does not fit "status"/],
  ['status pr', 'column 1', /pr does not fit "status"/],
  ['status eq null', 'column 1', /pr does not fit "status"/],
  ['username[a eq 1]', 'column 1', /a value path does not fit "username"/],
  ['status[a eq 1]', 'column 1', /a value path does not fit "status"/],
  ['emails[nope eq "x"]', 'column 8', /unknown field "nope"; allowed are type, value/],
]

test('an unknown field, an operator that does not fit and a value of another type are refused by name and place', () => {
  for (const [text, at, message] of misfits) {
    assert.throws(
      () => check(text),
      (error) => {
        assert.ok(error instanceof FilterError, text)
        assert.equal(error.at, at, text)
        assert.match(error.message, message, text)
        return true
      },
      text,
    )
  }
})

const anna = { id: 'p1', username: 'Anna.B', email: 'Anna@Example.com', home: 'Haus', last_login_at: 1_700_000_000_000 }

const readings: [text: string, expected: boolean, rule: string][] = [
  ['{"username":"Anna.B"}', true, 'usernames compare exactly'],
  ['{"username":"anna.b"}', false, 'usernames compare exactly'],
  ['{"username":{"$in":["anna.b"]}}', false, 'usernames compare exactly'],
  ['{"username":{"$like":"anna%"}}', false, '$like knows case'],
  ['{"username":{"$like":"Anna%"}}', true, '$like knows case'],
  ['{"username":{"$ilike":"aNNa%"}}', true, '$ilike ignores case'],
  ['{"username":{"$ilike":"ANNA.B"}}', true, '$ilike without a wildcard is equality'],
  ['{"username":{"$ilike":"anna_b"}}', false, '_ is no wildcard'],
  ['username co "NNA"', true, 'SCIM patterns ignore case where there is a key'],
  ['username eq "anna.b"', false, 'SCIM eq is exact on an exact field'],
  ['home co "AUS"', false, 'SCIM patterns are exact where there is no key'],
  ['home ew "aus"', true, 'SCIM patterns are exact where there is no key'],
  ['{"email":"anna@example.COM"}', true, 'e-mail ignores case in $eq'],
  ['{"email":{"$neq":"ANNA@example.com"}}', false, 'e-mail ignores case in $neq'],
  ['{"email":{"$in":["x","ANNA@EXAMPLE.COM"]}}', true, 'e-mail ignores case in $in'],
  ['{"email":{"$like":"ANNA@%"}}', true, 'e-mail ignores case in $like'],
  ['{"email":{"$ilike":"%＠EXAMPLE%"}}', true, 'a key is NFKC'],
  ['{"email":{"$gte":"ANNA"}}', true, 'e-mail ignores case in $gte'],
  ['{"email":{"$lt":"ANNB"}}', true, 'e-mail ignores case in $lt'],
  ['{"id":"P1"}', false, 'ids compare exactly'],
  ['{"id":"service-account-p1"}', true, "a field may rewrite the client's value"],
  ['{"id":{"$in":["service-account-p1"]}}', true, "a field may rewrite the client's value"],
  ['{"email":{"$in":[""]}}', false, 'an empty text in $in matches nothing'],
  ['{"lastLoginTime":{"$in":["",null]}}', false, 'an empty text in $in matches nothing, whatever the type'],
  ['{"lastLoginTime":"2023-11-14T22:13:20Z"}', true, 'times are instants'],
  ['{"lastLoginTime":"2023-11-14T23:13:20.000+01:00"}', true, 'times are instants'],
  ['{"lastLoginTime":1700000000000}', true, 'times are epoch ms too'],
  ['active eq "True"', true, 'texts of booleans where the field takes them'],
  ['active ne "FALSE"', true, 'texts of booleans where the field takes them'],
  ['name.familyName eq "Haus"', true, 'an alias is the field'],
  ['{"attributes.home":"Haus"}', true, 'a resolved field is a field'],
  ['status eq "Enabled"', true, 'derived fields are compared'],
  ['emails[type eq "home" and value eq "haus"]', true, 'one element satisfies a value path'],
  ['emails[type eq "home" and value co "example"]', false, 'one element satisfies a value path'],
  ['emails[type eq "work"].value sw "anna"', true, 'the sub-attribute belongs to the same element'],
  ['emails co "EXAMPLE"', true, 'a complex attribute means its values'],
  ['{}', true, 'no condition holds for all'],
  ['{"$or":[]}', false, 'no alternative holds for none'],
]

test('each kind of field is compared as the contract says', () => {
  for (const [text, expected, rule] of readings) assert.equal(matches(text, anna), expected, `${rule}: ${text}`)
})

const patterns: [pattern: string, text: string, expected: boolean][] = [
  ['a', 'a', true],
  ['a', 'aa', false],
  ['', '', true],
  ['', 'a', false],
  ['%', '', true],
  ['a%', 'a', true],
  ['a%a', 'a', false],
  ['a%a', 'aa', true],
  ['%aba%aba%', 'ababa', false],
  ['%aba%aba%', 'abaaba', true],
  ['a%b%c', 'abc', true],
  ['a%b%c', 'acb', false],
  ['ab%bc', 'abc', false],
  ['%b%b', 'ab', false],
  ['%a%b', 'xbab', true],
]

test('the pieces of a pattern follow each other without overlap', () => {
  for (const [pattern, username, expected] of patterns) {
    assert.equal(
      matches(JSON.stringify({ username: { $like: pattern } }), { username }),
      expected,
      `${pattern} on ${username}`,
    )
  }
})

const never: [text: string, expected: boolean][] = [
  ['lastLoginTime pr', false],
  ['lastLoginTime eq null', true],
  ['lastLoginTime ne null', false],
  ['lastLoginTime eq 0', false],
  ['lastLoginTime ne 0', true],
  ['lastLoginTime ne 5', true],
  ['lastLoginTime lt 5', false],
  ['lastLoginTime le 0', false],
  ['lastLoginTime gt -5', false],
  ['lastLoginTime ge 0', false],
  ['not (lastLoginTime lt 5)', true],
  ['not (lastLoginTime eq 5)', true],
  ['{"lastLoginTime":{"$in":[0,1]}}', false],
]

test('a time that never was satisfies no comparison but ne, and not stays the complement', () => {
  for (const [text, expected] of never) assert.equal(matches(text, { last_login_at: 0 }), expected, text)
  assert.equal(matches('createdTimestamp eq 0', { created_at: 0 }), true)
})

test('presence is a text that is not empty, and any number or boolean', () => {
  for (const text of ['username pr', 'id pr', 'email pr'])
    assert.equal(matches(text, { id: '', username: '', email: '' }), false, text)
  for (const text of ['groupCount pr', 'enabled pr', 'createdTimestamp pr']) assert.equal(matches(text, {}), true, text)
})

test('only RFC 3339 instants that exist are times', () => {
  const instants: [string, number][] = [
    ['1970-01-01T00:00:00Z', 0],
    ['0001-01-01T00:00:00Z', -62_135_596_800_000],
    ['2024-02-29t23:59:60z', 1_709_251_200_000],
    ['2023-11-14T22:13:20.1239999-00:30', 1_700_001_800_123],
  ]
  for (const [text, ms] of instants)
    assert.equal(matches(`createdTimestamp eq "${text}"`, { created_at: ms }), true, text)
  const wrong = [
    '2023-02-29T00:00:00Z',
    '2023-13-01T00:00:00Z',
    '2023-00-01T00:00:00Z',
    '2023-01-00T00:00:00Z',
    '2023-01-01T24:00:00Z',
  ]
  const worse = [
    '2023-01-01T00:60:00Z',
    '2023-01-01T00:00:61Z',
    '2023-01-01T00:00:00',
    '2023-01-01 00:00:00Z',
    '2023-01-01T00:00:00+24:00',
  ]
  for (const text of [
    ...wrong,
    ...worse,
    '2023-01-01T00:00:00+0100',
    ' 2023-01-01T00:00:00Z',
    '2023-01-01T00:00:00.Z',
    '٢٠٢٣-01-01T00:00:00Z',
    '',
  ]) {
    assert.throws(() => check(`createdTimestamp eq "${text}"`), /RFC 3339/, text)
  }
})

test('a pattern has at most 16 wildcards and 4,096 characters after it was normalised', () => {
  const wildcards = (count: number): string => `{"username":{"$like":"${'x%'.repeat(count)}"}}`
  const long = (count: number, unit: string): string => `{"username":{"$ilike":"%${unit.repeat(count)}%"}}`
  check(wildcards(16))
  assert.throws(() => check(wildcards(17)), /too many wildcards; the limit is 16/)
  check(long(4096, 'x'))
  assert.throws(() => check(long(4097, 'x')), /the pattern is too long; the limit is 4096/)
  assert.throws(() => check(long(300, '\ufdfa')), /too long/) // one character that NFKC makes eighteen
  check(`{"username":{"$like":"${'%'.repeat(1000)}"}}`)
})

test('a field map says at once when it contradicts itself', () => {
  const id: Field = { type: 'id', column: 'a.id' }
  assert.throws(() => fieldMap({ id, ID: id }, { namesIgnoreCase: true }), /declares ID twice/)
  assert.throws(() => fieldMap({ id }, { aliases: { key: 'nope' } }), /alias of nothing/)
  assert.throws(() => fieldMap({ id }, { aliases: { id: 'id' } }), /declares id twice/)
})

test('names are found in any case only where the map says so', () => {
  const id: Field = { type: 'id', column: 'a.id' }
  assert.equal(fieldMap({ userId: id }).find('USERID'), undefined)
  const lenient = fieldMap({ userId: id }, { namesIgnoreCase: true, aliases: { Key: 'USERID' } })
  for (const name of ['userId', 'USERID', 'kEY']) assert.equal(lenient.find(name), id, name)
})

test('reserved names never reach a resolver', () => {
  const asked: string[] = []
  const fields = fieldMap({}, { resolve: (name) => void asked.push(name) })
  for (const name of ['__proto__', 'a.__proto__', 'attributes.constructor', 'urn:x:prototype', 'attributes.ok'])
    fields.find(name)
  assert.deepEqual(asked, ['attributes.ok'])
})
