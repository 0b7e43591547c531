import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp } from '../../test/start-test-app.ts'
import { OpenRequest } from './testdata/open-request.ts'

const short = { MUSTER_HEADERS_TIMEOUT_MS: '400', MUSTER_REQUEST_TIMEOUT_MS: '800' }

test('V-D7: clients that send a byte now and then are closed with 408, and good ones beside them never notice', async () => {
  await using t = await startTestApp({ env: short })
  await t.get('/api/service/users')
  const head = `POST /api/service/groups HTTP/1.1\r\nHost: acme.localhost\r\nAuthorization: Bearer ${t.acme.token}\r\n`
  const slow = Array.from({ length: 60 }, (_, index) => {
    // Half of them never end their headers, half never end their body.
    const start =
      index % 2 === 0 ? head : `${head}Content-Type: application/json\r\nContent-Length: 10000\r\n\r\n{"x":"`
    const request = new OpenRequest(t.port, start)
    request.drip(`X-Slow: ${'y'.repeat(9_000)}`, 40)
    return request
  })
  let isOver = false
  const good = async (): Promise<number> => {
    for (let answers = 0; ; answers += 1) {
      assert.equal((await t.get('/api/service/users')).status, 200)
      if (isOver) return answers
    }
  }
  const allClosed = Promise.all(slow.map((request) => request.closed)).then(() => (isOver = true))
  const [served] = await Promise.all([good(), allClosed])
  // A reset that meets a byte under way can eat the answer; whoever got one got this.
  const told = slow.filter((request) => request.heard !== '')
  assert.ok(told.length > slow.length / 2, `${told.length} were told`)
  for (const { status, heard } of told) assert.deepEqual([status, /"error":"request_timeout"/.test(heard)], [408, true])
  assert.ok(served > 0, 'there were good answers meanwhile')
})

test('V-D7: by default the slowest are gone after 10 s for headers and 30 s for bodies, looked for every second', async () => {
  await using t = await startTestApp()
  const { headersTimeout, requestTimeout } = t.http.server
  assert.deepEqual([headersTimeout, requestTimeout], [10_000, 30_000])
  const { http } = t.http.initialConfig as { http?: { connectionsCheckingInterval?: number } }
  assert.ok(headersTimeout + (http?.connectionsCheckingInterval ?? 1_000) <= 40_000)
})

test('a connection on which nothing is asked is kept for as long as it is set, and closed then', async () => {
  await using t = await startTestApp({ env: { MUSTER_KEEP_ALIVE_TIMEOUT_MS: '1000' } })
  const idle = new OpenRequest(t.port, 'GET /healthz HTTP/1.1\r\nHost: acme.localhost\r\n\r\n')
  await idle.answered
  const since = performance.now()
  await idle.closed
  assert.ok(performance.now() - since > 800)
})

test('open connections of one address are bounded; what is over it is closed at once, what is closed makes room', async () => {
  await using t = await startTestApp({ env: { MUSTER_CONNECTIONS_PER_ADDRESS_MAX: '3' } })
  const open = Array.from({ length: 3 }, () => new OpenRequest(t.port))
  const whoami = `GET /healthz HTTP/1.1\r\nHost: acme.localhost\r\n\r\n`
  const over = new OpenRequest(t.port, whoami)
  await over.closed
  assert.equal(over.status, 0)
  open[0]?.send(whoami)
  await open[0]?.answered
  assert.equal(open[0]?.status, 200)
  open[1]?.close()
  await open[1]?.closed
  const next = await untilServed(t.port, whoami)
  for (const request of [...open, next]) request.close()
})

/** The server may hear of a closed connection a moment after we do. */
async function untilServed(port: number, bytes: string): Promise<OpenRequest> {
  for (;;) {
    const request = new OpenRequest(port, bytes)
    await request.answered
    if (request.status === 200) return request
    request.close()
  }
}

test('connections of trusted proxies are not counted by address, and those of a node are counted all together', async () => {
  const env = {
    MUSTER_CONNECTIONS_PER_ADDRESS_MAX: '2',
    MUSTER_CONNECTIONS_MAX: '10',
    MUSTER_TRUSTED_PROXIES: '127.0.0.0/8',
  }
  await using t = await startTestApp({ env })
  const bytes = 'GET /metrics HTTP/1.1\r\nHost: acme.localhost\r\n\r\n'
  const open = Array.from({ length: 10 }, () => new OpenRequest(t.port, bytes))
  await Promise.all(open.map((request) => request.answered))
  assert.ok(open.every((request) => request.status === 200))
  const over = new OpenRequest(t.port, bytes)
  await over.closed
  assert.equal(over.status, 0)
  const [first = assert.fail()] = open
  const again = new OpenRequest(t.port)
  await again.closed
  first.send(bytes)
  while (!/muster_connections_refused_total\{limit="node"\} 2/.test(first.heard)) await new Promise(setImmediate)
  for (const request of open) request.close()
})
