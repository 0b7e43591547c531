import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { rawRequest } from '../http/testdata/raw-request.ts'

/** None is the default: what is met below was set. */
const env = {
  MUSTER_HEADERS_MAX_BYTES: '20000',
  MUSTER_HEADERS_MAX: '25',
  MUSTER_BODY_MAX_BYTES: '20000',
  MUSTER_PUBLIC_BODY_MAX_BYTES: '2000',
  MUSTER_JSON_DEPTH_MAX: '10',
  MUSTER_JSON_NODES_MAX: '1100',
  MUSTER_NAME_MAX_CHARACTERS: '120',
  MUSTER_ATTRIBUTE_MAX_BYTES: '300',
  MUSTER_PATH_ID_MAX_CHARACTERS: '70',
  MUSTER_INVITES_PER_CALL_MAX: '3',
  MUSTER_MEMBERS_PER_CALL_MAX: '12',
}

let t: TestApp
let userId: string

before(async () => {
  t = await startTestApp({ env })
  userId = await t.invite('person@example.com')
})
after(() => t[Symbol.asyncDispose]())

/** What an update of a user answers: the body alone decides. */
async function update(body: string): Promise<[number, string | undefined]> {
  const { status, json } = await t.request('POST', `/api/service/users/${userId}`, { rawBody: body })
  return [status, json.error]
}

const fine = [200, undefined]
const wrong = [400, 'invalid_body']

async function raw(headers: readonly string[]): Promise<{ status: number; closed: boolean }> {
  const own = ['GET /api/service/whoami HTTP/1.1', 'Host: acme.localhost', `Authorization: Bearer ${t.acme.token}`]
  return rawRequest(t.port, [...own, ...headers, '', ''].join('\r\n'))
}

test('request line and headers together', async () => {
  assert.equal((await raw([`X-A: ${'x'.repeat(19_600)}`])).status, 200)
  const over = await raw([`X-A: ${'x'.repeat(20_001)}`])
  assert.deepEqual([over.status, over.closed], [431, true])
})

test('the number of headers', async () => {
  const more = (count: number) => raw(Array.from({ length: count - 2 }, (_, index) => `X-${index}: 1`))
  assert.equal((await more(25)).status, 200)
  assert.equal((await more(26)).status, 431)
})

test('V-D5: the size of a body, with a credential and without one', async () => {
  const ofSize = (bytes: number) => `{"x":"${'y'.repeat(bytes - 8)}"}`
  assert.deepEqual(await update(ofSize(20_000)), fine)
  assert.deepEqual(await update(ofSize(20_001)), [413, 'body_too_large'])
  const anonymous = async (bytes: number) =>
    (await t.request('POST', '/auth/accept-invite', { rawBody: ofSize(bytes), token: null })).json.error
  assert.equal(await anonymous(2_000), 'invalid_body')
  assert.equal(await anonymous(2_001), 'body_too_large')
})

test('depth and number of values', async () => {
  const deep = (depth: number) => `{"x":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`
  assert.deepEqual(await update(deep(10)), fine)
  assert.deepEqual(await update(deep(11)), wrong)
  const wide = (values: number) => `{"x":[${Array.from({ length: values - 2 }, () => '1').join(',')}]}`
  assert.deepEqual(await update(wide(1_100)), fine)
  assert.deepEqual(await update(wide(1_101)), wrong)
})

test('names in code points, values of attributes in bytes', async () => {
  const named = (count: number) => JSON.stringify({ firstName: '😀'.repeat(count) })
  assert.deepEqual(await update(named(120)), fine)
  assert.deepEqual(await update(named(121)), wrong)
  const valued = (bytes: number) => JSON.stringify({ attributes: { skills: ['é'.repeat(bytes / 2)] } })
  assert.deepEqual(await update(valued(300)), fine)
  assert.deepEqual(await update(valued(302)), wrong)
})

test('an id in an address', async () => {
  const asked = async (length: number) => (await t.get(`/api/service/users/${'a'.repeat(length)}`)).json.error
  assert.equal(await asked(70), 'user_not_found')
  assert.equal(await asked(71), 'route_not_found')
})

test('people in one invitation call, ids in one call of memberships', async () => {
  const invite = (count: number) =>
    t.post('/api/service/users', { emails: Array.from({ length: count }, (_, index) => `p${index}@example.com`) })
  assert.equal((await invite(3)).status, 200)
  assert.match((await invite(4)).json.message, /invites 4 people; send at most 3/)
  const group = await t.addGroup('data')
  const ids = (count: number) => Array.from({ length: count }, () => userId)
  for (const [path, key] of [
    [`/api/service/groups/${group}/members`, 'users'],
    [`/api/service/groups/${group}/members/remove`, 'users'],
    [`/api/service/users/${userId}/groups`, 'groups'],
  ] as const) {
    const send = (count: number) => t.post(path, { [key]: key === 'users' ? ids(count) : ids(count).map(() => group) })
    assert.equal((await send(12)).status, 200, path)
    assert.match((await send(13)).json.message, /13 ids; send at most 12/, path)
  }
  const create = (name: string, count: number) =>
    t.post('/api/service/groups', { group: { name, attributes: { alias: [name] } }, users: ids(count) })
  assert.equal((await create('twelve', 12)).status, 200)
  assert.match((await create('thirteen', 13)).json.message, /13 people; send at most 12/)
})
