import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { sendRequest, type Answer } from '../../test/test-client.ts'

/** As somebody behind a proxy on this machine: the address that counts is the one it reports. */
const fromElsewhere = { 'x-forwarded-for': '198.51.100.7' }

function probe(t: TestApp, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return t.get(path, { token: null, headers })
}

test('/healthz says the process lives, /readyz that it should get requests: under any host, without credential, without detail', async () => {
  await using t = await startTestApp()
  for (const host of ['127.0.0.1', 'acme.localhost', 'evil.example', '10.0.0.1:8080', 'a_b', '']) {
    assert.deepEqual((await t.get('/healthz', { token: null, host })).json, { status: 'ok' }, host)
    assert.deepEqual((await t.get('/readyz', { token: null, host })).json, { status: 'ready' }, host)
  }
})

test('while draining only /readyz changes, and every answer closes its connection', async () => {
  await using t = await startTestApp()
  const before = await t.get('/api/service/whoami')
  assert.notEqual(before.headers.connection, 'close')
  t.startDraining()
  const ready = await probe(t, '/readyz')
  assert.deepEqual([ready.status, ready.json.error, ready.headers['retry-after']], [503, 'unavailable', '2'])
  for (const [method, path, status] of [
    ['GET', '/healthz', 200],
    ['GET', '/api/service/whoami', 200],
    ['GET', '/api/service/nope', 404],
    ['POST', '/api/service/users', 400],
    ['GET', '/auth/accept-invite', 400],
    ['GET', '/metrics', 200],
  ] as const) {
    const answer = await t.request(method, path)
    assert.equal(answer.status, status, path)
    assert.equal(answer.headers.connection, 'close', path)
  }
  await t.invite('user01@example.com')
  assert.equal((await t.get('/api/service/users')).json.totalRecord, 1, 'what arrives is still done')
})

test('/metrics is for loopback, or for whoever has the token; a proxy does not make everybody loopback', async () => {
  await using t = await startTestApp({ env: { MUSTER_METRICS_TOKEN: 'scrape-me' } })
  const ours = await probe(t, '/metrics')
  assert.equal(ours.status, 200)
  assert.match(ours.headers['content-type'] ?? '', /^text\/plain/)
  for (const authorization of [
    '',
    'Bearer',
    'Bearer wrong',
    'Bearer scrape-m',
    'Bearer scrape-mee',
    'bearer scrape-me',
    'Basic scrape-me',
    `Bearer ${t.acme.token}`,
  ]) {
    const answer = await probe(t, '/metrics', { ...fromElsewhere, ...(authorization === '' ? {} : { authorization }) })
    assert.equal(answer.status, 401, authorization)
    assert.equal(answer.json.error, 'invalid_token')
  }
  for (const forwarded of ['127.0.0.1', '::1', 'localhost', '']) {
    assert.equal(
      (await probe(t, '/metrics', { 'x-forwarded-for': forwarded })).status,
      401,
      `forwarded for ${forwarded}`,
    )
  }
  const theirs = await probe(t, '/metrics', { ...fromElsewhere, authorization: 'Bearer scrape-me' })
  assert.equal(theirs.status, 200)
})

test('without a metrics token nobody but loopback reads them, not even with an empty one', async () => {
  await using t = await startTestApp()
  for (const authorization of ['Bearer ', 'Bearer null', 'Bearer undefined']) {
    assert.equal((await probe(t, '/metrics', { ...fromElsewhere, authorization })).status, 401, authorization)
  }
})

test('metrics count requests by route, not by address, and show outbox and database; no tenant and no id is in them', async () => {
  await using t = await startTestApp({ mail: null })
  const id = await t.invite('user01@example.com')
  await t.deliverOutbox()
  await t.get(`/api/service/users/${id}`)
  await t.get('/api/service/nope')
  const { text } = await probe(t, '/metrics')
  const lines = new Set(text.split('\n'))
  for (const line of [
    'muster_http_request_duration_seconds_count{method="GET",route="/api/service/users/:id",status="200"} 1',
    'muster_http_errors_total{status="404"} 1',
    'muster_outbox_waiting 1',
    'muster_outbox_oldest_due_seconds 0',
    `muster_database_up{kind="${t.db.engine.dialectName}"} 1`,
  ]) {
    assert.ok(lines.has(line), line)
  }
  for (const secret of [id, t.acme.id, 'acme', 'user01', '/api/service/nope']) assert.ok(!text.includes(secret), secret)
  t.clock.advance(90_000)
  assert.ok((await probe(t, '/metrics')).text.includes('\nmuster_outbox_oldest_due_seconds 90\n'))
})

test('metrics are read while the database is away, and say so; what only it knows is not a number', async () => {
  await using t = await startTestApp()
  await t.serverDb.engine.close()
  // A pool of PostgreSQL ends once; the test app closes it, too.
  Object.assign(t.serverDb.engine, { close: async () => {} })
  const { status, text } = await probe(t, '/metrics')
  assert.equal(status, 200)
  for (const line of [
    `muster_database_up{kind="${t.db.engine.dialectName}"} 0`,
    'muster_outbox_waiting Nan',
    'muster_outbox_oldest_due_seconds Nan',
  ]) {
    assert.ok(text.split('\n').includes(line), line)
  }
})

test('a hundred clients at once get their answers each', async () => {
  await using t = await startTestApp()
  const agent = new Agent({ keepAlive: true, maxSockets: 100 })
  const ids = Array.from({ length: 100 }, (_, index) => `client-${index}`)
  const answers = await Promise.all(
    ids.map((id) =>
      sendRequest(t.port, agent, 'GET', '/api/service/whoami', {
        token: t.acme.token,
        headers: { 'x-atlan-request-id': id },
      }),
    ),
  )
  agent.destroy()
  assert.deepEqual(
    answers.map((answer) => answer.headers['x-atlan-request-id']),
    ids,
  )
})
