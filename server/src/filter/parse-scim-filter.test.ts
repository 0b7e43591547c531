import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FilterError } from './filter-error.ts'
import { scimLimits } from './filter-limits.ts'
import { parseFilter } from './parse-filter.ts'
import { parseScimFilter } from './parse-scim-filter.ts'
import { printScimFilter } from './print-scim-filter.ts'
import { anyScimTree } from './testdata/arbitraries.ts'
import { and, compare, element, eq, not, or, pattern, present, shape } from './testdata/shape.ts'

const work = eq('type', 'work')

const understood: [text: string, tree: object, source: string][] = [
  ['email eq "x"', eq('email', 'x'), 'seed'],
  ['userName eq "user01@ex.test"', eq('userName', 'user01@ex.test'), 'Okta, Entra'],
  [
    'externalId eq "c0ffee00-0000-4000-8000-000000000001"',
    eq('externalId', 'c0ffee00-0000-4000-8000-000000000001'),
    'Entra',
  ],
  [
    'emails[type eq "work"].value eq "user01@ex.test"',
    element('emails', and(work, eq('value', 'user01@ex.test'))),
    'Entra, K11',
  ],
  ['id eq "u-7" and manager eq "u-2"', and(eq('id', 'u-7'), eq('manager', 'u-2')), 'Entra'],
  ['id eq "g-1" and members eq "u-7"', and(eq('id', 'g-1'), eq('members', 'u-7')), 'Entra'],
  ['userName Eq "john"', eq('userName', 'john'), 'RFC 7644'],
  ['name.familyName co "O\'Malley"', pattern('name.familyName', '', "O'Malley", ''), 'RFC 7644'],
  ['userName sw "J"', pattern('userName', 'J', ''), 'RFC 7644'],
  [
    'urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J"',
    pattern('urn:ietf:params:scim:schemas:core:2.0:User:userName', 'J', ''),
    'RFC 7644',
  ],
  ['title pr', present('title'), 'RFC 7644'],
  [
    'meta.lastModified gt "2011-05-13T04:42:34Z"',
    compare('meta.lastModified', 'gt', '2011-05-13T04:42:34Z'),
    'RFC 7644',
  ],
  ['title pr and userType eq "Employee"', and(present('title'), eq('userType', 'Employee')), 'RFC 7644'],
  ['schemas eq "urn:x:2.0:User"', eq('schemas', 'urn:x:2.0:User'), 'RFC 7644'],
  [
    'userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")',
    and(
      eq('userType', 'Employee'),
      or(pattern('emails', '', 'example.com', ''), pattern('emails.value', '', 'example.org', '')),
    ),
    'RFC 7644',
  ],
  [
    'userType ne "Employee" and not (emails co "a")',
    and(compare('userType', 'ne', 'Employee'), not(pattern('emails', '', 'a', ''))),
    'RFC 7644',
  ],
  ['userType eq "E" and (emails.type eq "work")', and(eq('userType', 'E'), eq('emails.type', 'work')), 'RFC 7644'],
  [
    'emails[type eq "work" and value co "@x"]',
    element('emails', and(work, pattern('value', '', '@x', ''))),
    'RFC 7644',
  ],
  [
    'emails[type eq "work"] or ims[type eq "xmpp"]',
    or(element('emails', work), element('ims', eq('type', 'xmpp'))),
    'RFC 7644',
  ],
  ['urn:x:enterprise:2.0:User:manager.value eq "1"', eq('urn:x:enterprise:2.0:User:manager.value', '1'), 'item 91'],
  ['members.$ref eq "x"', eq('members.$ref', 'x'), 'item 91'],
  ['a eq"x"', eq('a', 'x'), 'item 91'],
  ['not(a pr)', not(present('a')), 'item 91'],
  ['NOT (a PR) AND b Pr', and(not(present('a')), present('b')), 'item 92'],
  ['a pr or b pr and c pr', or(present('a'), and(present('b'), present('c'))), 'item 93'],
  ['a pr and b pr or c pr', or(and(present('a'), present('b')), present('c')), 'item 93'],
  ['not (a pr) and b pr', and(not(present('a')), present('b')), 'item 93'],
  ['a pr or b pr or c pr', or(present('a'), present('b'), present('c')), 'item 93'],
  ['a pr and (b pr and c pr)', and(present('a'), and(present('b'), present('c'))), 'item 93'],
  ['((a pr))', present('a'), 'item 93'],
  ['a eq "\\u00e9\\ud83d\\ude00\\"\\\\\\/\\b\\f\\n\\r\\t"', eq('a', 'é😀"\\/\b\f\n\r\t'), 'item 94'],
  ['a eq -1.5e+2', eq('a', -150), 'item 94'],
  [
    'a eq true and b ne false or c eq null',
    or(and(eq('a', true), compare('b', 'ne', false)), eq('c', null)),
    'item 94',
  ],
  ['emails[not (type eq "work") or (value pr)]', element('emails', or(not(work), present('value'))), 'item 101'],
  [
    'emails[type eq "work" or type eq "home"].value pr',
    element('emails', and(or(work, eq('type', 'home')), present('value'))),
    'K11',
  ],
  ['a co ""', pattern('a', '', ''), 'a wildcard is one'],
  ['a sw "%_*"', pattern('a', '%_*', ''), 'no wildcards inside texts'],
  ['a ew "x"', pattern('a', '', 'x'), 'item 95'],
  ['not eq "x"', eq('not', 'x'), 'a name like any other'],
  ['and pr and or pr or pr pr', or(and(present('and'), present('or')), present('pr')), 'names like any other'],
  [' \ta  eq\r\n1 ', eq('a', 1), 'blanks'],
  ['(a eq 1)and(b eq 2)', and(eq('a', 1), eq('b', 2)), 'blanks'],
]

test('SCIM: the whole grammar is understood, with its precedence and what clients send besides', () => {
  for (const [text, tree, source] of understood)
    assert.deepEqual(shape(parseScimFilter(text)), tree, `${source}: ${text}`)
})

const refusals: [text: string, at: string, message: RegExp][] = [
  ['', 'column 1', /ends where the name of an attribute/],
  ['  ', 'column 3', /ends where/],
  ['a', 'column 2', /ends where an operator/],
  ['a eq', 'column 5', /ends where a text in double quotes/],
  ['a eq ', 'column 6', /ends where/],
  ['a eq "x" and', 'column 13', /ends where the name/],
  ['a eq "x" b', 'column 10', /"b" stands where "and", "or" or the end/],
  ['a eq "x")', 'column 9', /"\)" stands where/],
  ['(a eq "x"', 'column 10', /ends where "and", "or" or "\)"/],
  ['(a eq "x"]', 'column 10', /"]" stands where/],
  ['()', 'column 2', /"\)" stands where the name/],
  ['a xx "x"', 'column 3', /"xx" stands where an operator/],
  ['a "x"', 'column 3', /stands where an operator/],
  ['eq "x"', 'column 4', /stands where an operator/],
  ['not a pr', 'column 5', /"a" stands where an operator/],
  ['a eq x', 'column 6', /"x" stands where a text/],
  ['a eq True', 'column 6', /"True" stands where/],
  ["a eq 'x'", 'column 6', /"'" stands where/],
  ['a eq 01', 'column 6', /"01"/],
  ['a eq 1e999', 'column 6', /too large/],
  ['a eq "x', 'column 6', /no closing quote/],
  ['a eq "\\q"', 'column 6', /escape/],
  ['a eq "\u0001"', 'column 7', /control character/],
  ['a eq "\\u0000"', 'column 6', /NUL/],
  ['a eq "\\udc00"', 'column 6', /surrogate/],
  ['a co 1', 'column 6', /co takes a text/],
  ['a sw null', 'column 6', /sw takes a text/],
  ['a[b eq 1', 'column 9', /ends where "and", "or" or "]"/],
  ['a[b[c eq 1]]', 'column 4', /inside brackets/],
  ['a[b.c eq 1]', 'column 3', /only sub-attributes/],
  ['a[urn:x:b eq 1]', 'column 3', /only sub-attributes/],
  ['a[b eq 1] eq 2', 'column 11', /"eq" stands where/],
  ['a[b eq 1].c', 'column 12', /ends where an operator/],
  ['a[b eq 1].c[d eq 1]', 'column 12', /"\[" stands where an operator/],
  ['a[b eq 1].c.d eq 1', 'column 11', /only sub-attributes/],
  ['a[]', 'column 3', /"]" stands where/],
  ['a..b pr', 'column 1', /"a\.\.b" stands where the name/],
  ['a. pr', 'column 1', /stands where the name/],
  ['.a pr', 'column 1', /stands where the name/],
  ['1a pr', 'column 1', /"1a" stands where the name/],
  ['x:a pr', 'column 1', /"x:a" stands where the name/],
  ['urn:x: pr', 'column 1', /stands where the name/],
  ['__proto__ pr', 'column 1', /"__proto__" stands where the name/],
  ['a eq 1;drop', 'column 7', /";" stands where/],
  ['😀 pr', 'column 1', /"😀" stands where the name/],
]

test('SCIM: truncated, trailing, unbalanced and unknown text is refused with its column', () => {
  for (const [text, at, message] of refusals) {
    assert.throws(
      () => parseScimFilter(text),
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

test('SCIM: a bare word or date is a text only where that was asked for', () => {
  const loose: [string, object][] = [
    ['active eq True', eq('active', 'True')],
    ['active eq true', eq('active', true)],
    ['(a gt 2011-05-13T04:42:34Z)', compare('a', 'gt', '2011-05-13T04:42:34Z')],
    ['a eq 007 and b eq 7', and(eq('a', '007'), eq('b', 7))],
    ['a eq x@example.com', eq('a', 'x@example.com')],
    ['a[b sw x]', element('a', pattern('b', 'x', ''))],
  ]
  for (const [text, tree] of loose) {
    assert.deepEqual(shape(parseScimFilter(text, { looseLiterals: true })), tree, text)
    if (text !== 'active eq true') assert.throws(() => parseScimFilter(text), FilterError)
  }
  assert.throws(() => parseScimFilter('a eq )', { looseLiterals: true }), /where a value should be/)
})

test('SCIM: each limit holds at its bound and refuses one past it', () => {
  const sized = (bytes: number): string => `a eq "${'x'.repeat(bytes - 7)}"`
  const parentheses = (depth: number): string => `${'('.repeat(depth)}a pr${')'.repeat(depth)}`
  const negations = (depth: number): string => `${'not ('.repeat(depth)}a pr${')'.repeat(depth)}`
  const brackets = (depth: number): string => `a[${'('.repeat(depth - 1)}b pr${')'.repeat(depth - 1)}]`
  const terms = (count: number): string => Array.from({ length: count }, () => 'a pr').join(' or ')
  const bounds: [(size: number) => string, number, RegExp][] = [
    [sized, scimLimits.sizeMaxBytes, /8193 bytes; the limit is 8192/],
    [parentheses, 40, /nested deeper than 40 \(at column 41\)/],
    [negations, 40, /nested deeper than 40/],
    [brackets, 40, /nested deeper than 40/],
    [terms, 100, /too many terms; the limit is 100/],
  ]
  for (const [filter, bound, message] of bounds) {
    assert.ok(parseScimFilter(filter(bound)), `${message} at ${bound}`)
    assert.throws(() => parseScimFilter(filter(bound + 1)), message)
  }
  assert.ok(
    parseScimFilter(Array.from({ length: 50 }, () => '(a pr)').join(' or ')),
    'groups beside each other are not nested',
  )
  assert.ok(parseScimFilter(parentheses(41), { limits: { ...scimLimits, depthMax: 41 } }))
})

test('SCIM: what is printed reads back as the same tree', () => {
  fc.assert(
    fc.property(anyScimTree, (tree) => {
      const text = printScimFilter(tree)
      const limits = { sizeMaxBytes: 1e6, depthMax: 40, termsMax: 1e4 }
      assert.deepEqual(shape(parseScimFilter(text, { limits })), shape(tree), text)
    }),
    { numRuns: 1000 },
  )
})

test('SCIM: no more parentheses are printed than are needed', () => {
  for (const text of [
    'a pr and b pr or c pr',
    '(a pr or b pr) and not (c pr)',
    'a[b pr or c pr and d pr] or e eq 1.5',
  ]) {
    assert.equal(printScimFilter(parseScimFilter(text)), text)
  }
})

test('SCIM: what only RQL can say is not printed as something else', () => {
  for (const text of ['{"a":{"$in":[1]}}', '{"a":{"$like":"x%"}}', '{"a":{"$ilike":"%x%"}}', '{}', '{"$or":[]}']) {
    assert.throws(() => printScimFilter(parseFilter(text)), /SCIM has no words/, text)
  }
})

test('the first character that is not blank chooses the language', () => {
  assert.deepEqual(shape(parseFilter(' \r\n\t{"a":1}')), eq('a', 1))
  assert.deepEqual(shape(parseFilter(' a eq 1')), eq('a', 1))
  assert.throws(() => parseFilter('["a"]'), /name of an attribute/)
})
