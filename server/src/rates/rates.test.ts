import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseList } from 'structured-headers'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import type { Answer, RequestOptions } from '../../test/test-client.ts'
import { anonymous, type Actor } from '../access/actor.ts'
import { readConfig } from '../config.ts'
import { ApiError } from '../errors/api-error.ts'
import { RateGate } from '../http/rate-gate.ts'
import { openBudgets } from './budgets.ts'

/** Addresses come from X-Forwarded-For here. */
const behindProxy = { MUSTER_TRUSTED_PROXIES: '127.0.0.1' }
const from = (address: string): RequestOptions => ({ token: null, headers: { 'x-forwarded-for': address } })
const whoami = '/api/service/whoami'

/** What a field says, by policy: read as any client would read it. */
function fieldsOf(answer: Answer, name: 'ratelimit' | 'ratelimit-policy'): Record<string, Record<string, unknown>> {
  const list = parseList(String(answer.headers[name]))
  return Object.fromEntries(list.map(([item, parameters]) => [item, Object.fromEntries(parameters)]))
}

/** Sends until it is refused; answers how many went through, and the refusal. */
async function exhaust(send: () => Promise<Answer>, most: number): Promise<{ passed: number; refusal: Answer }> {
  for (let passed = 0; passed <= most; passed += 1) {
    const answer = await send()
    if (answer.status === 429) return { passed, refusal: answer }
  }
  return assert.fail(`${most} requests and no refusal`)
}

function assertRefusal({ headers, json, status }: Answer, policy: string): void {
  assert.deepEqual([status, json.error, json.code], [429, 'rate_limited', 429])
  const retryAfter = Number(headers['retry-after'])
  assert.ok(Number.isInteger(retryAfter) && retryAfter >= 1, String(headers['retry-after']))
  const limits = fieldsOf({ headers } as Answer, 'ratelimit')
  assert.deepEqual(limits, { [policy]: { r: 0, t: retryAfter } }, 't is Retry-After')
  assert.deepEqual(Object.keys(fieldsOf({ headers } as Answer, 'ratelimit-policy')), [policy])
}

test('F-19: a token may burst, then goes as fast as its bucket fills; another token is not held up', async () => {
  await using t = await startTestApp({
    env: { MUSTER_RATE_TOKEN_PER_MINUTE: '120', MUSTER_RATE_TOKEN_BURST: '20' },
  })
  const { passed, refusal } = await exhaust(() => t.get(whoami), 30)
  assert.equal(passed, 20)
  assertRefusal(refusal, 'token')
  assert.match(refusal.json.message, /120 in 60 s/)
  assert.equal((await t.get(whoami, { token: await t.serviceToken('$admin') })).status, 200)
  t.clock.advance(499)
  assert.equal((await t.get(whoami)).status, 429)
  t.clock.advance(101)
  assert.equal((await exhaust(() => t.get(whoami), 5)).passed, 1, 'two a second')
  t.clock.advance(10_000)
  assert.equal((await exhaust(() => t.get(whoami), 30)).passed, 20, 'full again, and no fuller')
})

test('F-19: the defaults are those of the contract', async () => {
  await using t = await startTestApp({
    env: {
      MUSTER_RATE_TOKEN_PER_MINUTE: '1800',
      MUSTER_RATE_TENANT_PER_MINUTE: '12000',
      MUSTER_RATE_ADDRESS_PER_MINUTE: '300',
    },
  })
  const answer = await t.get(whoami)
  assert.deepEqual(fieldsOf(answer, 'ratelimit-policy'), { token: { q: 1800, w: 60 }, tenant: { q: 12_000, w: 60 } })
  const left = fieldsOf(answer, 'ratelimit')
  assert.deepEqual(Object.keys(left), ['token', 'tenant'])
  assert.ok(Number(left['token']?.['r']) <= 299 && Number(left['token']?.['t']) >= 1)
  const anonymous = await t.get(whoami, { token: null })
  assert.equal(anonymous.status, 401)
  assert.deepEqual(fieldsOf(anonymous, 'ratelimit-policy'), { address: { q: 300, w: 60 } })
  assert.equal((await exhaust(() => t.get(whoami), 400)).passed, 299, 'three hundred at once')
})

test('F-19: all tokens of a tenant share its rate; another tenant has its own', async () => {
  await using t = await startTestApp({ env: { MUSTER_RATE_TENANT_PER_MINUTE: '60' } })
  const tokens = [t.acme.token, await t.serviceToken('$member'), await t.serviceToken('$guest')]
  let turn = 0
  const { passed, refusal } = await exhaust(() => t.get(whoami, { token: tokens[(turn += 1) % 3] ?? null }), 80)
  assert.equal(passed, 60)
  assertRefusal(refusal, 'tenant')
  assert.ok(!/acme|localhost/.test(JSON.stringify(refusal.headers)), 'nobody is named')
  assert.equal((await t.get(whoami, { token: t.other.token, host: t.other.host })).status, 200)
  t.clock.advance(1_000)
  assert.equal((await t.get(whoami)).status, 200)
})

test('F-19: an address without credential is held to its rate, whatever it asks for, and a valid credential passes all the same', async () => {
  await using t = await startTestApp({ env: { ...behindProxy, MUSTER_RATE_ADDRESS_PER_MINUTE: '60' } })
  const wrong = (): RequestOptions => ({ token: `mst_${'x'.repeat(43)}`, headers: { 'x-forwarded-for': '192.0.2.1' } })
  const asked: readonly (() => Promise<Answer>)[] = [
    () => t.get(whoami, from('192.0.2.1')),
    () => t.get(whoami, wrong()),
    () => t.get('/api/nowhere', from('192.0.2.1')),
    () => t.get('/auth/accept-invite', from('192.0.2.1')),
    () => t.get('/api/openapi.json', from('192.0.2.1')),
  ]
  let turn = 0
  const { passed, refusal } = await exhaust(() => asked[(turn += 1) % asked.length]?.() ?? assert.fail(), 80)
  assert.equal(passed, 60)
  assertRefusal(refusal, 'address')
  assert.equal((await t.get(whoami, wrong())).status, 429, 'before the credential is answered for')
  assert.equal((await t.get(whoami, { headers: { 'x-forwarded-for': '192.0.2.1' } })).status, 200)
  assert.equal((await t.get(whoami, from('192.0.2.2'))).status, 401, 'another address')
  assert.equal((await t.get(whoami, { ...from('192.0.2.1'), host: t.other.host })).status, 401, 'another tenant')
})

test('F-19: one IPv6 customer is one address', async () => {
  await using t = await startTestApp({ env: { ...behindProxy, MUSTER_RATE_ADDRESS_PER_MINUTE: '8' } })
  const mine = ['2001:db8:0:1::1', '2001:DB8::1:0:0:0:2', '2001:db8:0:1:ffff:ffff:ffff:ffff', '2001:0db8:0000:0001::9']
  let turn = 0
  assert.equal((await exhaust(() => t.get(whoami, from(mine[(turn += 1) % 4] ?? '')), 20)).passed, 8)
  assert.equal((await t.get(whoami, from('2001:db8:0:2::1'))).status, 401)
  assert.equal((await exhaust(() => t.get(whoami, from('198.51.100.7')), 20)).passed, 8)
  assert.equal((await t.get(whoami, from('::ffff:198.51.100.7'))).status, 429, 'the same address, written as IPv6')
})

test('F-19: probes and metrics are never limited and say nothing of limits; a redirect carries no fields', async () => {
  await using t = await startTestApp({ env: { MUSTER_RATE_ADDRESS_PER_MINUTE: '3' } })
  await exhaust(() => t.get(whoami, { token: null }), 10)
  for (const path of ['/healthz', '/readyz', '/metrics']) {
    const { status, headers } = await t.get(path, { token: null })
    assert.deepEqual([status, headers['ratelimit'], headers['ratelimit-policy']], [200, undefined, undefined], path)
  }
  t.clock.advance(60_000)
  const redirect = await t.get('/auth/accept-invite?token=x', { token: null })
  assert.deepEqual([redirect.status, redirect.headers['ratelimit']], [303, undefined])
  const { text } = await t.get('/metrics')
  assert.match(text, /^muster_rate_limited_total\{policy="address"\} 1$/m)
})

test('0 switches a rate off, and with it its fields', async () => {
  await using t = await startTestApp()
  for (const token of [t.acme.token, null]) {
    const { headers } = await t.get(whoami, { token })
    assert.deepEqual([headers['ratelimit'], headers['ratelimit-policy']], [undefined, undefined])
  }
})

test('a decision falls in the order of the contract: host, address, credential, token, route, role', async () => {
  await using t = await startTestApp({
    env: { ...behindProxy, MUSTER_RATE_ADDRESS_PER_MINUTE: '2', MUSTER_RATE_TOKEN_PER_MINUTE: '3' },
  })
  const guest = await t.serviceToken('$guest')
  const elsewhere = { host: 'nobody.localhost', token: null }
  for (let index = 0; index < 5; index += 1) assert.equal((await t.get(whoami, elsewhere)).status, 421)
  assert.equal((await t.get('/api/service/nowhere', { token: guest })).status, 404)
  assert.equal((await t.post('/api/service/whoami', {}, { token: guest })).status, 405)
  assert.equal((await t.get('/api/service/users', { token: guest })).status, 403)
  const over: readonly (readonly [string, string])[] = [
    ['GET', '/api/service/nowhere'],
    ['POST', '/api/service/whoami'],
    ['GET', '/api/service/users'],
  ]
  for (const [method, path] of over) assert.equal((await t.request(method, path, { token: guest })).status, 429, path)
  assert.equal((await t.get(whoami, { ...elsewhere, token: guest })).status, 421, 'the host comes first')
  await exhaust(() => t.get(whoami, { token: null }), 5)
  assert.equal((await t.get(whoami, { token: 'wrong' })).status, 429, 'the address before the credential')
})

async function startLimited(): Promise<TestApp> {
  return startTestApp({ env: { MUSTER_RATE_TOKEN_PER_MINUTE: '6', MUSTER_RATE_TENANT_PER_MINUTE: '1000' } })
}

test('a clock that is set back leaves nobody waiting for longer than a bucket takes to fill', async () => {
  await using t = await startLimited()
  await exhaust(() => t.get(whoami), 10)
  t.clock.advance(-3_600_000)
  await t.get(whoami)
  t.clock.advance(60_000)
  // Where buckets are shared, that of the tenant is looked at only now.
  await t.get(whoami)
  t.clock.advance(1_000)
  const answer = await t.get(whoami)
  assert.equal(answer.status, 200, answer.text)
})

test('F-19: a SCIM token has a rate of its own, three times that of others', async () => {
  await using t = await startTestApp()
  const count = async (env: Readonly<Record<string, string>>, kind: Actor['kind']) => {
    const budgets = openBudgets(t.serverDb, {
      ...readConfig({ MUSTER_RATE_TENANT_PER_MINUTE: '0', ...env }).config.limits,
    })
    const gate = new RateGate(budgets)
    const fields: string[] = []
    const reply = { header: (_name: string, value: string) => fields.push(value) } as never
    const arrival = { request: {} as never, reply, tenantId: t.acme.id, now: t.clock.now().getTime() }
    for (let passed = 0; passed < 10_000; passed += 1) {
      const pass = async () => gate.passActor(arrival, { ...anonymous, kind, id: JSON.stringify([kind, env]) })
      const refusal = await pass().then(
        () => undefined,
        (error: unknown) => error,
      )
      if (refusal !== undefined) {
        assert.ok(refusal instanceof ApiError && refusal.code === 'rate_limited')
        await budgets.settle()
        return { passed, policy: fields[0] }
      }
    }
    return assert.fail('no refusal')
  }
  const scim = await count({ MUSTER_RATE_SCIM_TOKEN_PER_MINUTE: '20' }, 'scim_token')
  assert.deepEqual(scim, { passed: 20, policy: '"scim-token";q=20;w=60' })
  assert.deepEqual(await count({}, 'scim_token'), { passed: 6_000, policy: '"scim-token";q=6000;w=60' })
  assert.deepEqual(await count({}, 'oauth_client'), { passed: 300, policy: '"token";q=1800;w=60' })
})
