import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { assertErrorShape } from './testdata/error-shape.ts'
import { rawRequest, type RawAnswer } from './testdata/raw-request.ts'

let t: TestApp

before(async () => {
  t = await startTestApp()
})

after(() => t[Symbol.asyncDispose]())

function ask(first: string, headers: readonly string[] = [], body = ''): Promise<RawAnswer> {
  const own = ['Host: acme.localhost', `Authorization: Bearer ${t.acme.token}`]
  return rawRequest(t.port, `${[first, ...own, ...headers, '', ''].join('\r\n')}${body}`)
}

const whoami = 'GET /api/service/whoami HTTP/1.1'
const invite = 'POST /api/service/users HTTP/1.1'

/** Bytes that are not one well-formed request. Security contract, V-D11. */
const broken: readonly (readonly [string, string, readonly string[], string])[] = [
  ['two lengths', invite, ['Content-Length: 2', 'Content-Length: 3'], '{}x'],
  ['length and chunks', invite, ['Transfer-Encoding: chunked', 'Content-Length: 4'], '0\r\n\r\n'],
  ['chunks and length', invite, ['Content-Length: 4', 'Transfer-Encoding: chunked'], '0\r\n\r\n'],
  ['an unknown coding', invite, ['Transfer-Encoding: xchunked'], '{}'],
  ['chunked not last', invite, ['Transfer-Encoding: chunked, gzip'], '0\r\n\r\n'],
  ['a length that is none', invite, ['Content-Length: 2x'], '{}'],
  ['a negative length', invite, ['Content-Length: -1'], ''],
  ['a chunk that is none', invite, ['Transfer-Encoding: chunked'], 'zz\r\n{}\r\n0\r\n\r\n'],
  ['a folded header', whoami, ['X-A: b', ' c'], ''],
  ['a header without colon', whoami, ['nonsense'], ''],
  ['a blank before the colon', whoami, ['X-A : b'], ''],
  ['a header with NUL', whoami, ['X-A: b\0c'], ''],
  ['a bare carriage return', whoami, ['X-A: b\rX-B: c'], ''],
  ['an unknown method', 'FOO /api/service/whoami HTTP/1.1', [], ''],
  ['a method in lower case', 'get /api/service/whoami HTTP/1.1', [], ''],
  ['another protocol', 'GET /api/service/whoami HTTPS/1.1', [], ''],
  ['a blank in the address', 'GET /api/service/who ami HTTP/1.1', [], ''],
]

test('bytes that are no well-formed request get our JSON and the connection is closed', async () => {
  for (const [place, first, headers, body] of broken) {
    const answer = await ask(first, headers, body)
    assert.equal(answer.status, 400, `${place}: ${answer.body}`)
    assert.equal(JSON.parse(answer.body).error, 'invalid_request', place)
    assert.equal(answer.headers.get('connection'), 'close', place)
    assert.ok(answer.closed, `${place}: closed`)
  }
  for (const bytes of [
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    'GET / HTTP/1.1\nHost: acme.localhost\n\n',
    'hello\r\n\r\n',
    '\0\0\0\0',
  ]) {
    const answer = await rawRequest(t.port, Buffer.from(bytes, 'latin1'))
    assert.equal(answer.status, 400, JSON.stringify(bytes))
    assert.ok(answer.closed)
  }
  assert.equal((await t.get('/api/service/users')).json.totalRecord, 0)
})

test('a request smuggled behind another is not served', async () => {
  const smuggled = `GET /api/service/users HTTP/1.1\r\nHost: acme.localhost\r\nAuthorization: Bearer ${t.acme.token}\r\n\r\n`
  const answer = await ask(
    invite,
    ['Content-Type: application/json', 'Transfer-Encoding: chunked', `Content-Length: ${smuggled.length}`],
    `0\r\n\r\n${smuggled}`,
  )
  assert.equal(answer.status, 400)
  assert.equal(answer.body.match(/HTTP\/1\.1/g), null, 'one answer and no more')
})

test('64 KiB of request line and headers are read; one KiB more is 431 and the connection is closed', async () => {
  const overhead = `${whoami}\r\nHost: acme.localhost\r\nAuthorization: Bearer ${t.acme.token}\r\n\r\n`.length
  const filled = (bytes: number) =>
    ask(
      whoami,
      Array.from({ length: 8 }, (_, index) => `X-${index}: ${'x'.repeat(Math.floor((bytes - overhead) / 8) - 10)}`),
    )
  assert.equal((await filled(64 * 1024 - 256)).status, 200)
  const query = `GET /api/service/users?x=${'y'.repeat(63 * 1024)} HTTP/1.1`
  assert.equal((await ask(query)).status, 200, 'it may all be the address')
  for (const answer of [
    await filled(65 * 1024),
    await ask(`GET /api/service/users?x=${'y'.repeat(66 * 1024)} HTTP/1.1`),
    await ask(whoami, [`X-A: ${'x'.repeat(100_000)}`]),
  ]) {
    assert.equal(answer.status, 431)
    assert.equal(JSON.parse(answer.body).error, 'headers_too_large')
    assert.ok(answer.closed)
  }
})

test('the look-up of 500 ids that official clients send in one address is read; braces and quotes may stand there as they are', async () => {
  const ids = Array.from({ length: 500 }, (_, index) => `"0190f2c4-5b1e-7c3a-9d44-${String(index).padStart(12, '0')}"`)
  const answer = await ask(`GET /api/service/identity/users?filter={"id":{"$in":[${ids.join(',')}]}} HTTP/1.1`)
  assert.equal(answer.status, 200, answer.body)
  assert.equal(answer.body, '[]')
})

test('100 headers are read, 101 are 431', async () => {
  const many = (count: number) =>
    ask(
      whoami,
      Array.from({ length: count - 2 }, (_, index) => `X-${index}: 1`),
    )
  assert.equal((await many(100)).status, 200)
  for (const count of [101, 102, 200, 500]) {
    const answer = await many(count)
    assert.equal(answer.status, 431, `${count} headers`)
    assert.equal(JSON.parse(answer.body).error, 'headers_too_large')
  }
})

test('two Authorization or Host headers are 400 before anybody looks at them', async () => {
  for (const name of ['Authorization', 'authorization', 'AUTHORIZATION']) {
    const answer = await ask(whoami, [`${name}: Bearer ${t.acme.token}`])
    assertErrorShape(answer, 'invalid_request', name)
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer realm="muster", error="invalid_request"')
  }
  assertErrorShape(await ask(whoami, ['Authorization: Basic eDp5']), 'invalid_request', 'two schemes')
  assertErrorShape(await ask(whoami, ['Host: acme.localhost']), 'invalid_request', 'two Hosts')
})

test('Expect: 100-continue is met', async () => {
  const body = '{"emails":["expected@example.com"]}'
  const answer = await ask(
    invite,
    ['Content-Type: application/json', 'Expect: 100-continue', `Content-Length: ${body.length}`],
    body,
  )
  assert.equal(answer.status, 100)
  assert.match(answer.body, /^HTTP\/1\.1 200 OK/)
})

test('any other expectation is 417 in the shape of every error', async () => {
  for (const expectation of ['200-ok', 'x'])
    assertErrorShape(await ask(whoami, [`Expect: ${expectation}`]), 'expectation_failed', expectation)
})

test('a body is read up to 256 KiB, whether its length is told or not', async () => {
  const fill = (bytes: number) => {
    const start = '{"emails":["not an address"],"x":"'
    return `${start}${'y'.repeat(bytes - start.length - 2)}"}`
  }
  const whole = fill(256 * 1024)
  const told = await t.request('POST', '/api/service/users', { rawBody: whole })
  assert.equal(told.status, 200)
  assert.equal(
    (await t.request('POST', '/api/service/users', { rawBody: fill(256 * 1024 + 1) })).json.error,
    'body_too_large',
  )
  const chunk = `${(256 * 1024 + 1).toString(16)}\r\n${fill(256 * 1024 + 1)}\r\n0\r\n\r\n`
  const untold = await ask(invite, ['Content-Type: application/json', 'Transfer-Encoding: chunked'], chunk)
  assertErrorShape(untold, 'body_too_large', 'chunked')
  assert.equal(
    (await t.request('POST', '/api/service/users', { rawBody: 'x'.repeat(1_000_000), token: null })).status,
    401,
    'without a credential no body is read',
  )
})

test('any Content-Encoding is 415, on every verb (V-D6)', async () => {
  for (const coding of ['gzip', 'br', 'deflate', 'zstd', 'identity', 'x', '']) {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const answer = await t.request(method, '/api/service/users', {
        headers: { 'content-encoding': coding },
        ...(method === 'POST' ? { rawBody: '{"emails":[]}' } : {}),
      })
      assert.equal(answer.status, 415, `${coding} ${method}`)
    }
  }
})

test('idle connections are kept for longer than the 30 seconds after which official clients drop theirs', async () => {
  const { headers } = await t.get('/healthz')
  assert.ok(Number(/timeout=(\d+)/.exec(String(headers['keep-alive']))?.[1]) > 30)
})
