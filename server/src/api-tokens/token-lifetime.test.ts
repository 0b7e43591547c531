import assert from 'node:assert/strict'
import { test } from 'node:test'
import { issueServiceToken, issueTokenFor } from './api-tokens.service.ts'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'

const fiveYears = 157_680_000

interface Minted {
  readonly secret: string
  readonly lifespan: string
}

async function mint(t: TestApp, validitySeconds?: number, token = t.acme.token): Promise<Minted> {
  const { status, json, text } = await t.post(
    '/api/service/apikeys',
    { displayName: 'bot', validitySeconds },
    { token },
  )
  assert.equal(status, 200, text)
  return { secret: json.attributes.accessToken, lifespan: json.attributes['access.token.lifespan'] }
}

async function statusOf(t: TestApp, token: string): Promise<number> {
  return (await t.get('/api/service/whoami', { token })).status
}

test('a validity that is missing, negative or too long means five years (V-K4)', async () => {
  await using t = await startTestApp()
  const cases: readonly (readonly [number | null | undefined, number])[] = [
    [undefined, fiveYears],
    [null, fiveYears],
    [-1, fiveYears],
    [Number.MIN_SAFE_INTEGER, fiveYears],
    [-1e300, fiveYears],
    [1, 1],
    [86_400, 86_400],
    [fiveYears - 1, fiveYears - 1],
    [fiveYears, fiveYears],
    [fiveYears + 1, fiveYears],
    [2 ** 53, fiveYears],
    [1e300, fiveYears],
  ]
  for (const [validitySeconds, lifespan] of cases) {
    const { status, json } = await t.post('/api/service/apikeys', { displayName: 'bot', validitySeconds })
    assert.deepEqual(
      [status, json.attributes?.['access.token.lifespan']],
      [200, String(lifespan)],
      String(validitySeconds),
    )
  }
  const { secret } = await mint(t, 1e300)
  t.clock.advance(fiveYears * 1_000 - 1)
  assert.equal(await statusOf(t, secret), 200)
  t.clock.advance(1)
  assert.equal(await statusOf(t, secret), 401)
})

test('a validity that is no whole number, or 0, is 400 and makes no token (V-K4)', async () => {
  await using t = await startTestApp()
  for (const value of [
    '0',
    '-0',
    '0.5',
    '1.5',
    '-1.5',
    '1e400',
    '"1 month"',
    '"86400"',
    '""',
    'true',
    '[86400]',
    '{}',
    'NaN',
    'Infinity',
    '0x10',
    '01',
  ]) {
    const { status, json } = await t.request('POST', '/api/service/apikeys', {
      rawBody: `{"displayName":"bot","validitySeconds":${value}}`,
    })
    assert.deepEqual([status, json.error], [400, 'invalid_body'], value)
  }
  assert.equal((await t.get('/api/service/apikeys')).json.totalRecord, 1)
  assert.equal((await mint(t, 1)).lifespan, '1')
})

test('a token works to its last millisecond and not in the next (V-K4)', async () => {
  await using t = await startTestApp()
  for (const seconds of [1, 2, 3_600]) {
    const { secret } = await mint(t, seconds)
    assert.equal(await statusOf(t, secret), 200)
    t.clock.advance(seconds * 1_000 - 1)
    assert.equal(await statusOf(t, secret), 200, `${seconds} s less 1 ms`)
    t.clock.advance(1)
    assert.equal(await statusOf(t, secret), 401, `${seconds} s`)
  }
})

test('a token never outlives the one that made it, not by a millisecond and not over several steps (V-K5)', async () => {
  await using t = await startTestApp()
  const { secret: parent } = await mint(t, 100)
  t.clock.advance(40_500)
  const child = await mint(t, undefined, parent)
  assert.equal(child.lifespan, '59')
  assert.equal((await mint(t, 1_000_000, parent)).lifespan, '59')
  assert.equal((await mint(t, 10, parent)).lifespan, '10')
  const grandchild = await mint(t, -1, child.secret)
  t.clock.advance(59_250)
  const last = await mint(t, 1, parent)
  const all = [parent, child.secret, grandchild.secret, last.secret]
  for (const secret of all) assert.equal(await statusOf(t, secret), 200)
  t.clock.advance(249)
  for (const secret of all) assert.equal(await statusOf(t, secret), 200)
  t.clock.advance(1)
  for (const secret of all) assert.equal(await statusOf(t, secret), 401)
})

test("a personal token's children end with it too", async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const input = { displayName: 'short', description: '', personas: [], lifetimeSeconds: 10 }
  const { secret } = await issueTokenFor(t.operator(), user.id, input)
  const child = await mint(t, undefined, secret)
  assert.equal(child.lifespan, '10')
  t.clock.advance(10_000)
  assert.equal(await statusOf(t, child.secret), 401)
  assert.equal(await statusOf(t, user.token), 200)
})

test('a service token of the host operator ends when he said, or never', async () => {
  await using t = await startTestApp()
  const input = { displayName: 'operator', role: '$admin', rights: [], secret: null } as const
  const short = await issueServiceToken(t.operator(), { ...input, lifetimeSeconds: 60 })
  assert.equal((await mint(t, undefined, short.secret)).lifespan, '60')
  t.clock.advance(60_000)
  assert.equal(await statusOf(t, short.secret), 401)
  t.clock.advance(20 * fiveYears * 1_000)
  assert.equal(await statusOf(t, t.acme.token), 200)
  assert.equal((await mint(t)).lifespan, String(fiveYears))
})
