import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'

/** None is the default: what is met below was set. */
const env = {
  MUSTER_PAGE_SIZE_DEFAULT: '2',
  MUSTER_PAGE_SIZE_MAX: '25',
  MUSTER_EVENTS_PAGE_SIZE_MAX: '120',
  MUSTER_OFFSET_MAX: '11000',
  MUSTER_COLUMNS_MAX: '12',
  MUSTER_FILTER_MAX_BYTES: '2000',
  MUSTER_FILTER_DEPTH_MAX: '5',
  MUSTER_FILTER_TERMS_MAX: '11',
  MUSTER_FILTER_VALUES_MAX: '52',
  MUSTER_TEXT_FILTER_MAX_BYTES: '1100',
  MUSTER_TEXT_FILTER_DEPTH_MAX: '6',
  MUSTER_TEXT_FILTER_TERMS_MAX: '13',
}

let t: TestApp

before(async () => {
  t = await startTestApp({ env })
  const emails = ['a@example.com', 'b@example.com', 'c@example.com']
  await t.post('/api/service/users', { emails })
})
after(() => t[Symbol.asyncDispose]())

async function errorOf(path: string): Promise<string | undefined> {
  return (await t.get(path)).json.error
}

const filtered = (filter: string) => errorOf(`/api/service/users?filter=${encodeURIComponent(filter)}`)

/** The bound is taken, and one more refused with this code. */
async function assertBound(ask: (size: number) => Promise<string | undefined>, bound: number, code: string) {
  assert.equal(await ask(bound), undefined, `${bound}`)
  assert.equal(await ask(bound + 1), code, `${bound + 1}`)
}

test('pages, offsets and columns', async () => {
  assert.equal((await t.get('/api/service/users')).json.count, 2)
  assert.equal((await t.get('/api/service/users?limit=0')).json.count, 2)
  await assertBound((size) => errorOf(`/api/service/users?limit=${size}`), 25, 'limit_too_large')
  await assertBound((size) => errorOf(`/api/service/users?offset=${size}`), 11_000, 'invalid_request')
  await assertBound((size) => errorOf(`/api/service/events/main?max=${size}`), 120, 'limit_too_large')
  await assertBound((size) => errorOf(`/api/service/events/main?first=${size}`), 11_000, 'invalid_request')
  const columns = (count: number) => Array.from({ length: count }, () => 'email').join(',')
  await assertBound((size) => errorOf(`/api/service/users?columns=${columns(size)}`), 12, 'invalid_columns')
})

test('filters in RQL', async () => {
  const sized = (bytes: number) => `{"email":"${'x'.repeat(bytes - 12)}"}`
  await assertBound((size) => filtered(sized(size)), 2_000, 'invalid_filter')
  const nested = (depth: number) => `${'{"$and":['.repeat(depth)}{"email":"x"}${']}'.repeat(depth)}`
  await assertBound((size) => filtered(nested(size)), 5, 'invalid_filter')
  const terms = (count: number) => `{"$and":[${Array.from({ length: count }, () => '{"email":"x"}').join(',')}]}`
  await assertBound((size) => filtered(terms(size)), 11, 'invalid_filter')
  const values = (count: number) => JSON.stringify({ id: { $in: Array.from({ length: count }, () => 'x') } })
  await assertBound((size) => filtered(values(size)), 52, 'invalid_filter')
  const looked = (size: number) => errorOf(`/api/service/identity/users?filter=${encodeURIComponent(values(size))}`)
  await assertBound(looked, 52, 'invalid_filter')
})

test('filters in SCIM text', async () => {
  const sized = (bytes: number) => `email eq "${'x'.repeat(bytes - 11)}"`
  await assertBound((size) => filtered(sized(size)), 1_100, 'invalid_filter')
  const nested = (depth: number) => `${'('.repeat(depth)}email eq "x"${')'.repeat(depth)}`
  await assertBound((size) => filtered(nested(size)), 6, 'invalid_filter')
  const terms = (count: number) => Array.from({ length: count }, () => 'email eq "x"').join(' and ')
  await assertBound((size) => filtered(terms(size)), 13, 'invalid_filter')
})
