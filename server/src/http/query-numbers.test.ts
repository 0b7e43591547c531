import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'

let t: TestApp

before(async () => {
  t = await startTestApp()
  const emails = Array.from({ length: 25 }, (_, index) => `user${String(index).padStart(2, '0')}@example.com`)
  await t.post('/api/service/users', { emails })
})

after(() => t[Symbol.asyncDispose]())

const lists = [
  '/api/service/users',
  '/api/service/groups',
  '/api/service/roles',
  '/api/service/apikeys',
  '/api/service/personas',
  '/api/service/purposes',
  '/api/muster/invitations',
  '/api/muster/outbox',
]

/** What a coercing reader takes for a number. Security contract, V-D2. */
const tricks = [
  '1e2',
  '0x10',
  '0b1',
  '0o7',
  '1.5',
  '1.0',
  '-1',
  '+1',
  '%201',
  '1%20',
  'NaN',
  'Infinity',
  '-0',
  '1_000',
  '1,000',
  '٣',
  '１０',
  'true',
  'null',
  '[1]',
  '12345678901234567890',
  '1%00',
  "1'or'1",
]

test('numbers in queries are digits and nothing else, on every list (V-D2)', async () => {
  for (const path of lists) {
    for (const name of ['limit', 'offset']) {
      for (const value of tricks) {
        const answer = await t.get(`${path}?${name}=${encodeURIComponent(decodeURIComponent(value))}`)
        assert.equal(answer.status, 400, `${path}?${name}=${value}`)
        assert.match(answer.json.error, /^(invalid_request|limit_too_large)$/)
        assert.ok(answer.json.message.includes(name), 'the message names the parameter')
      }
      assert.equal((await t.get(`${path}?${name}=1&${name}=2`)).status, 400, `${path}: ${name} twice`)
      assert.equal((await t.get(`${path}?${name}=1&${name}=1`)).status, 400, `${path}: ${name} twice the same`)
    }
  }
})

test('a page has 20 rows where limit is 0, empty or missing, and as many as asked for up to 100; 101 names the maximum (V-D2)', async () => {
  const count = async (query: string) => (await t.get(`/api/service/users${query}`)).json.count
  for (const query of ['', '?limit=', '?limit=0', '?limit=00', '?limit=&offset='])
    assert.equal(await count(query), 20, query)
  for (const [query, expected] of [
    ['?limit=1', 1],
    ['?limit=007', 7],
    ['?limit=24', 24],
    ['?limit=25', 25],
    ['?limit=100', 25],
  ] as const)
    assert.equal(await count(query), expected, query)
  for (const path of lists) {
    for (const limit of ['101', '1000', '999999999']) {
      const answer = await t.get(`${path}?limit=${limit}`)
      assert.deepEqual([answer.status, answer.json.error], [400, 'limit_too_large'], `${path} ${limit}`)
      assert.match(answer.json.message, /\b100\b/)
    }
  }
})

test('an offset beyond the end is an empty page; the largest is 2147483647 (V-D2)', async () => {
  for (const offset of ['25', '26', '2147483647']) {
    const { status, json } = await t.get(`/api/service/users?offset=${offset}`)
    assert.deepEqual([status, json.records, json.count, json.totalRecord], [200, [], 0, 25], offset)
  }
  assert.equal((await t.get('/api/service/users?offset=24')).json.count, 1)
  for (const offset of ['2147483648', '9999999999', '99999999999'])
    assert.equal((await t.get(`/api/service/users?offset=${offset}`)).status, 400, offset)
})

test('true and false are read in any case, empty is absent, everything else is 400', async () => {
  for (const [value, total] of [
    ['True', 25],
    ['TRUE', 25],
    ['true', 25],
    ['', 25],
    ['False', 0],
    ['false', 0],
    ['FALSE', 0],
  ] as const) {
    assert.equal((await t.get(`/api/service/users?count=${value}&limit=1`)).json.totalRecord, total, value)
  }
  for (const value of ['1', '0', 'yes', 'no', 'on', 't', 'null', '%20true'])
    assert.equal((await t.get(`/api/service/users?count=${value}`)).status, 400, value)
})

test('a scalar given twice, as a list or as an object is 400; unknown parameters are let be', async () => {
  for (const name of ['sort', 'filter', 'count'])
    assert.equal((await t.get(`/api/service/users?${name}=a&${name}=b`)).status, 400, name)
  for (const query of [
    'limit[]=1',
    'limit[a]=1',
    '__proto__=1',
    'constructor=1',
    'x=1&x=2',
    '=',
    '&&',
    'limit',
    'a%00b=1',
  ]) {
    assert.equal((await t.get(`/api/service/users?${query}`)).status, 200, query)
  }
})
