import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../../test/start-test-app.ts'
import type { Answer } from '../../../test/test-client.ts'
import { OpenRequest } from '../testdata/open-request.ts'
import { Pressure } from './pressure.ts'

const tenPlaces = { MUSTER_IN_FLIGHT_MAX: '10', MUSTER_IN_FLIGHT_PER_TENANT_MAX: '0' }

/** The head of a request whose body does not come: it keeps its place. */
function unfinished(t: TestApp, path = '/api/service/groups', token = t.acme.token): string {
  return (
    `POST ${path} HTTP/1.1\r\nHost: acme.localhost\r\nAuthorization: Bearer ${token}\r\n` +
    `Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{`
  )
}

async function metric(t: TestApp, name: string): Promise<number> {
  const { text } = await t.get('/metrics', { token: null })
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.split(' ')[1] ?? 0,
  )
}

async function untilInFlight(t: TestApp, count: number): Promise<void> {
  while ((await metric(t, 'muster_requests_in_flight')) !== count);
}

/** Requests that take their places and keep them until disposed. */
class Held implements AsyncDisposable {
  readonly #t: TestApp
  readonly #requests: OpenRequest[] = []

  constructor(t: TestApp) {
    this.#t = t
  }

  async untilThereAre(count: number): Promise<void> {
    while (this.#requests.length < count) this.#requests.push(new OpenRequest(this.#t.port, unfinished(this.#t)))
    await untilInFlight(this.#t, count)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const request of this.#requests) request.send('}')
    await Promise.all(this.#requests.map((request) => request.answered))
    for (const request of this.#requests) request.close()
  }
}

const filter = encodeURIComponent('{"email":{"$ilike":"%example%"}}')

/** One request of each kind, the least important first. Security contract, 9.2. */
function kinds(t: TestApp, userId: string): readonly (readonly [string, () => Promise<Answer>])[] {
  return [
    ['count', () => t.get(`/api/service/users?filter=${filter}`)],
    ['list', () => t.get(`/api/service/users?filter=${filter}&count=false`)],
    ['read', () => t.get(`/api/service/users/${userId}`)],
    ['write', () => t.post('/api/service/personas', { name: `base ${Math.floor(performance.now() * 1_000)}` })],
    ['reserved', () => t.post(`/api/service/users/${userId}`, { enabled: true })],
  ]
}

function assertShed({ status, json, headers }: Answer, what: string): void {
  assert.deepEqual([status, json.error], [503, 'unavailable'], `${what}: ${JSON.stringify(json)}`)
  assert.match(String(headers['retry-after']), /^([1-9]|10)$/, what)
  assert.equal(headers['ratelimit'], undefined, what)
}

test('with its places all but taken a node refuses counts first, then lists, then reads, then changes, then disabling; probes never', async () => {
  await using t = await startTestApp({ env: tenPlaces })
  const userId = await t.invite('person@example.com')
  await using held = new Held(t)
  for (const [count, refusedKinds] of [
    [6, 0],
    [7, 1],
    [8, 2],
    [9, 3],
    [10, 4],
  ] as const) {
    await held.untilThereAre(count)
    for (const [index, [kind, send]] of kinds(t, userId).entries()) {
      const answer = await send()
      if (index < refusedKinds) assertShed(answer, `${kind} beside ${count}`)
      else assert.equal(answer.status, 200, `${kind} beside ${count}: ${answer.text}`)
    }
  }
  for (const path of ['/healthz', '/readyz', '/metrics']) assert.equal((await t.get(path)).status, 200, path)
  assert.equal(await metric(t, 'muster_requests_shed_total{reason="node",kind="count"}'), 4)
})

test('refusing comes after the host and before the credential, and is free again when the work is done', async () => {
  await using t = await startTestApp({ env: tenPlaces })
  {
    await using held = new Held(t)
    await held.untilThereAre(10)
    assert.equal((await t.get('/api/service/users', { host: 'nobody.localhost' })).status, 421)
    assertShed(await t.get('/api/service/users', { token: 'wrong' }), 'a wrong credential')
    const pauses = new Set<unknown>()
    for (let index = 0; index < 40; index += 1) pauses.add((await t.get('/api/service/users')).headers['retry-after'])
    assert.ok(pauses.size > 3, 'clients come back at different times')
  }
  assert.equal((await t.get('/api/service/users')).status, 200)
  assert.equal(await metric(t, 'muster_requests_in_flight'), 0)
})

test('a tenant that takes all its places leaves the others theirs', async () => {
  await using t = await startTestApp({ env: { MUSTER_IN_FLIGHT_PER_TENANT_MAX: '10' } })
  await using held = new Held(t)
  await held.untilThereAre(8)
  assertShed(await t.get('/api/service/users'), 'acme')
  assert.equal((await t.get('/api/service/users', { token: t.other.token, host: t.other.host })).status, 200)
  assert.equal(await metric(t, 'muster_requests_shed_total{reason="tenant",kind="list"}'), 1)
})

test('0 leaves the number of requests open', async () => {
  await using t = await startTestApp({ env: { MUSTER_IN_FLIGHT_MAX: '0', MUSTER_IN_FLIGHT_PER_TENANT_MAX: '0' } })
  await using held = new Held(t)
  await held.untilThereAre(30)
  assert.equal((await t.get('/api/service/users')).status, 200)
})

test('a body that nobody vouches for takes no place while it comes, however slowly', async () => {
  await using t = await startTestApp({ env: tenPlaces })
  const slow = Array.from({ length: 15 }, () => new OpenRequest(t.port, unfinished(t, '/auth/accept-invite')))
  for (let index = 0; index < 20; index += 1) assert.equal((await t.get('/api/service/users')).status, 200)
  assert.equal(await metric(t, 'muster_requests_in_flight'), 0)
  for (const request of slow) request.close()
})

test('a client that goes away in the middle of its request gives its place back', async () => {
  await using t = await startTestApp({ env: tenPlaces })
  const gone = Array.from({ length: 10 }, () => new OpenRequest(t.port, unfinished(t)))
  await untilInFlight(t, 10)
  for (const request of gone) request.close()
  await untilInFlight(t, 0)
  assert.equal((await t.get('/api/service/users')).status, 200)
})

test('what takes longer than it may is answered with 503 and gives its place back', async () => {
  await using t = await startTestApp({ env: { MUSTER_HANDLER_TIMEOUT_MS: '100' } })
  const slow = new OpenRequest(t.port, unfinished(t))
  await slow.answered
  assert.equal(slow.status, 503, slow.heard)
  assert.match(slow.heard, /"error":"unavailable"/)
  assert.match(slow.heard, /^retry-after: \d+/im)
  await untilInFlight(t, 0)
  slow.close()
})

/** Keeps the event loop for this long, and lets it turn once. */
async function block(ms: number): Promise<void> {
  const end = performance.now() + ms
  while (performance.now() < end);
  await new Promise(setImmediate)
}

/** The levels after so many windows, sampled every 10 ms. */
function levelsOf(pressure: Pressure, clock: { now: number }, windows: number): number[] {
  return Array.from({ length: windows }, () => {
    for (let sample = 0; sample < 25; sample += 1) pressure.sample((clock.now += 10))
    return pressure.level
  })
}

test('each window in which the node was behind refuses one more kind, each other one less', () => {
  let waitedMs = 0
  const limits = { eventLoopDelayMaxMs: 100, sqlConnectionWaitMs: 2_000 }
  const pressure = new Pressure({ limits, takeLongestWaitMs: () => waitedMs })
  const clock = { now: 0 }
  const late = (ms: number) => pressure.sample((clock.now += 10 + ms))
  assert.deepEqual(levelsOf(pressure, clock, 2), [0, 0])
  waitedMs = 2_000
  assert.deepEqual(levelsOf(pressure, clock, 4), [1, 2, 3, 4], 'one kind after the other')
  assert.deepEqual(levelsOf(pressure, clock, 2), [4, 4], 'what ends access is never refused')
  waitedMs = 1_999
  assert.deepEqual(levelsOf(pressure, clock, 6), [3, 2, 1, 0, 0, 0])
  for (let turn = 0; turn < 3; turn += 1) late(5_000)
  assert.equal(pressure.level, 3, 'turns longer than a window count as well')
})

test('a delay at the limit is no pressure, one millisecond more is', () => {
  const limits = { eventLoopDelayMaxMs: 100, sqlConnectionWaitMs: 2_000 }
  for (const [delayMs, level] of [
    [100, 0],
    [101, 1],
  ] as const) {
    const pressure = new Pressure({ limits, takeLongestWaitMs: () => 0 })
    pressure.sample(10 + delayMs)
    for (let now = 20 + delayMs; now <= 260; now += 10) pressure.sample(now)
    pressure.sample(261)
    assert.equal(pressure.level, level, `${delayMs} ms`)
  }
})

test('an event loop that stays late refuses all but what ends access, and is open again soon after', async () => {
  await using t = await startTestApp({ env: { MUSTER_EVENT_LOOP_DELAY_MAX_MS: '100' } })
  const userId = await t.invite('person@example.com')
  const [count, , , write, reserved] = kinds(t, userId).map(([, send]) => send)
  assert.ok(count && write && reserved)
  let refused = await write()
  // A busy machine may take longer for a request than the refusal lasts.
  while (refused.status === 200) {
    for (let index = 0; index < 6; index += 1) await block(300)
    refused = await write()
  }
  assertShed(refused, 'a change')
  await block(300)
  assert.equal((await reserved()).status, 200)
  while ((await count()).status !== 200);
  assert.ok((await metric(t, 'muster_requests_shed_total{reason="pressure",kind="write"}')) >= 1)
})

test('a database that makes everybody wait refuses what is least important', async () => {
  const env = { MUSTER_SQL_CONNECTIONS_MAX: '2', MUSTER_SQL_CONNECTION_WAIT_MS: '100' }
  await using t = await startTestApp({ env })
  const makeWait = async () => {
    let release = (): void => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    // Of SQLite the one writer, of PostgreSQL both connections.
    const holders = [0, 1].map(() => t.serverDb.engine.transact(() => held))
    const waiting = t.post('/api/service/personas', { name: 'base' })
    const since = performance.now()
    while (performance.now() - since < 150) await new Promise(setImmediate)
    release()
    await Promise.all(holders)
    await waiting
  }
  const ask = () => t.get(`/api/service/users?filter=${filter}`)
  // What was waited for is forgotten soon: a machine that is busy itself may ask too late, and has to make it wait again.
  let answer = await makeWait().then(ask)
  while (answer.status === 200) answer = await makeWait().then(ask)
  assertShed(answer, 'a count')
  assert.equal(await metric(t, 'muster_requests_shed_total{reason="pressure",kind="count"}'), 1)
})
