import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import type { Answer, RequestOptions } from '../../test/test-client.ts'
import { assertErrorShape, headerMap } from './testdata/error-shape.ts'

const users = '/api/service/users'
let t: TestApp

before(async () => {
  t = await startTestApp()
})

after(() => t[Symbol.asyncDispose]())

function shape(answer: Answer, code: Parameters<typeof assertErrorShape>[1], place: string): void {
  assertErrorShape({ status: answer.status, headers: headerMap(answer.headers), body: answer.text }, code, place)
}

/** One request per way in which the framework or our own code refuses. */
const refusals: readonly (readonly [string, string, string, RequestOptions, Parameters<typeof assertErrorShape>[1]])[] =
  [
    ['bad JSON', 'POST', users, { rawBody: '{' }, 'invalid_body'],
    ['a body of the wrong type', 'POST', users, { rawBody: '[]' }, 'invalid_body'],
    ['no body', 'POST', users, {}, 'invalid_body'],
    ['an empty JSON body', 'POST', users, { rawBody: '' }, 'invalid_body'],
    [
      'another type',
      'POST',
      users,
      { rawBody: 'a=b', headers: { 'content-type': 'text/plain' } },
      'unsupported_media_type',
    ],
    ['no type', 'POST', users, { rawBody: '{}', headers: { 'content-type': '' } }, 'unsupported_media_type'],
    [
      'a compressed body',
      'POST',
      users,
      { rawBody: '{}', headers: { 'content-encoding': 'gzip' } },
      'unsupported_media_type',
    ],
    ['a large body', 'POST', users, { rawBody: `"${'x'.repeat(256 * 1024)}"` }, 'body_too_large'],
    ['no credential', 'GET', users, { token: null }, 'invalid_token'],
    ['an unknown address', 'GET', '/api/service/nope', {}, 'route_not_found'],
    ['an address outside the API', 'GET', '/nope', { token: null }, 'route_not_found'],
    ['the root', 'GET', '/', { token: null }, 'route_not_found'],
    ['a page that is none', 'GET', '/auth/nope', { token: null }, 'route_not_found'],
    ['a LATER route', 'GET', '/api/meta/types/typedefs?type=struct', { token: null }, 'route_not_found'],
    [
      'a LATER token route',
      'POST',
      '/auth/realms/default/protocol/openid-connect/token',
      { token: null, rawBody: '{}' },
      'route_not_found',
    ],
    ['a wrong verb', 'DELETE', `${users}/7c1d`, {}, 'method_not_allowed'],
    ['an unknown object', 'GET', `${users}/7c1d`, {}, 'user_not_found'],
    ['a bad query', 'GET', `${users}?limit=x`, {}, 'invalid_request'],
    ['a bad filter', 'GET', `${users}?filter=x`, {}, 'invalid_filter'],
    ['a large page', 'GET', `${users}?limit=101`, {}, 'limit_too_large'],
    ['an unknown host', 'GET', users, { host: 'evil.example' }, 'unknown_host'],
  ]

test('every refusal is one JSON object of one shape, whoever refuses', async () => {
  for (const [place, method, path, options, code] of refusals) {
    const answer = await t.request(method, path, options)
    if (path.startsWith('/api/service') || path.startsWith('/api/muster')) shape(answer, code, place)
    else {
      // Outside the API nothing promises how long an answer may be kept.
      const headers = new Map([...headerMap(answer.headers), ['cache-control', 'no-store']])
      assertErrorShape({ status: answer.status, headers, body: answer.text }, code, place)
    }
  }
})

test('application/problem+json is sent to whoever asks for it, and to nobody else', async () => {
  for (const [accept, type] of [
    ['application/problem+json', 'application/problem+json'],
    ['application/json, application/problem+json;q=0.9', 'application/problem+json'],
    ['application/json', 'application/json'],
    ['*/*', 'application/json'],
    ['text/html', 'application/json'],
  ]) {
    const answer = await t.get('/api/service/nope', { headers: { accept: accept ?? '' } })
    assert.equal(answer.headers['content-type'], `${type}; charset=utf-8`, accept)
    shape(answer, 'route_not_found', accept ?? '')
  }
})

test('the request id of the client comes back in header and body; one that is no plain id is replaced by a fresh one', async () => {
  const given = '5d0c7f7e-6f0a-4a55-9f57-0d2f1f5f7a11'
  const refused = await t.get('/api/service/nope', { headers: { 'x-atlan-request-id': given } })
  assert.deepEqual([refused.headers['x-atlan-request-id'], refused.json.requestId], [given, given])
  assert.equal(
    (await t.get('/api/service/whoami', { headers: { 'X-ATLAN-REQUEST-ID': given } })).headers['x-atlan-request-id'],
    given,
  )
  const seen = new Set<unknown>()
  for (const id of ['', 'a b', '<script>', 'ü', 'x'.repeat(101), 'a,b', '../..', '"']) {
    const { headers, json } = await t.get('/api/service/nope', { headers: { 'x-atlan-request-id': id } })
    assert.match(json.requestId, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.equal(headers['x-atlan-request-id'], json.requestId)
    seen.add(json.requestId)
  }
  assert.equal(seen.size, 8)
})

test('a wrong verb is 405 and names the right ones; for an unknown address every verb is 404', async () => {
  const id = '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f18'
  const cases: readonly (readonly [string, string, string])[] = [
    ['DELETE', `${users}/${id}`, 'GET, HEAD, POST'],
    ['PUT', `${users}/${id}`, 'GET, HEAD, POST'],
    ['PATCH', users, 'GET, HEAD, POST'],
    ['OPTIONS', users, 'GET, HEAD, POST'],
    ['TRACE', users, 'GET, HEAD, POST'],
    ['PROPFIND', users, 'GET, HEAD, POST'],
    ['GET', `${users}/${id}/roles`, 'PUT'],
    ['HEAD', `${users}/${id}/delete`, 'POST'],
    ['GET', `/api/service/groups/${id}/delete`, 'POST'],
    ['POST', '/api/service/whoami', 'GET, HEAD'],
    ['POST', '/api/muster/outbox', 'GET, HEAD'],
    ['DELETE', '/auth/accept-invite', 'GET, HEAD, POST'],
    ['POST', '/healthz', 'GET, HEAD'],
  ]
  for (const [method, path, allow] of cases) {
    const answer = await t.request(method, path)
    assert.equal(answer.status, 405, `${method} ${path}: ${answer.text}`)
    assert.equal(answer.headers.allow, allow, `${method} ${path}`)
    if (method !== 'HEAD') assert.equal(answer.json.error, 'method_not_allowed')
  }
  for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD']) {
    assert.equal((await t.request(method, '/api/service/nope')).status, 404, method)
  }
})

test('addresses are compared as they stand: no other case, no doubled or trailing slash, no dot segments, no suffix', async () => {
  for (const path of [
    '/API/service/users',
    '/api/service//users',
    '//api/service/users',
    '/api/service/users;a=b',
    '/api/service/./users',
    '/api/service/x/../users',
    '/api/service/users%2F',
    '/api/service/users.json',
  ]) {
    const answer = await t.get(path)
    assert.equal(answer.status, 404, `${path}: ${answer.text}`)
    assert.match(answer.headers['content-type'] ?? '', /json/)
  }
  assert.equal(
    (await t.get('/api/service/users%00')).json.error,
    'invalid_request',
    'NUL is refused wherever it stands',
  )
})

test('an id of 100 characters is looked for; a longer one is 404 too, never an error of the router', async () => {
  shape(await t.get(`${users}/${'a'.repeat(100)}`), 'user_not_found', '100 characters')
  for (const length of [101, 1_000, 50_000]) {
    const answer = await t.get(`${users}/${'a'.repeat(length)}`)
    assert.equal(answer.status, 404, `${length}`)
    assert.match(answer.json.error, /^(user|route)_not_found$/)
    shape(answer, answer.json.error, `${length} characters`)
  }
})

test('an address that is no URL is 400 in the same shape', async () => {
  for (const path of ['/api/service/%zz', '/api/service/users/%', '/api/service/users/%c3%28', '/%ff']) {
    const { status, json, headers } = await t.get(path)
    assert.equal(status, 400, path)
    assert.deepEqual([json.error, json.code, json.message], ['invalid_request', 400, json.detail])
    assert.equal(headers['x-atlan-request-id'], json.requestId, path)
    assert.equal(headers['cache-control'], 'no-store', path)
  }
})

test('answers below /api may be neither kept nor framed nor sniffed, errors included (V-W5)', async () => {
  for (const path of ['/api/service/whoami', '/api/service/nope', '/api/muster/outbox', `${users}?limit=x`]) {
    const { headers } = await t.get(path)
    assert.equal(headers['cache-control'], 'no-store', path)
    assert.equal(headers['x-content-type-options'], 'nosniff', path)
    assert.match(String(headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/, path)
    assert.equal(headers['referrer-policy'], 'no-referrer', path)
    assert.equal(headers['x-powered-by'], undefined)
    assert.equal(headers.server, undefined)
  }
})
