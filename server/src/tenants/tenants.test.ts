import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { operatorCtx } from '../commands/operator.ts'
import { ApiError } from '../errors/api-error.ts'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { changePlan, createTenant, disableTenant, listTenants } from './tenants.service.ts'

interface Seen {
  readonly status: number
  /** Which tenant's admin the answer knows: acme, other, or nobody. */
  readonly tenant: 'acme' | 'other' | null
  readonly body: string
}

/** One raw request with exactly these header lines, once with the token of each tenant. */
async function ask(
  t: TestApp,
  lines: readonly string[],
  target = '/api/service/whoami',
  version = '1.1',
): Promise<Seen> {
  let last: Seen = { status: 0, tenant: null, body: '' }
  for (const tenant of ['acme', 'other'] as const) {
    const answer = await raw(
      t.port,
      [
        `GET ${target} HTTP/${version}`,
        ...lines,
        `Authorization: Bearer ${t[tenant].token}`,
        'Connection: close',
        '',
        '',
      ].join('\r\n'),
    )
    const status = Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])
    last = { status, tenant: status === 200 ? tenant : null, body: answer.slice(answer.indexOf('\r\n\r\n') + 4) }
    if (status === 200) return last
  }
  return last
}

function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString('utf8')))
    socket.on('end', () => resolve(answer))
    socket.on('error', reject)
  })
}

/** Host as sent → the tenant it stands for, or the status without one. Security contract, V-T2. */
const hosts: readonly (readonly [string, 'acme' | 'other' | 421 | 400])[] = [
  ['acme.localhost', 'acme'],
  ['other.localhost', 'other'],
  ['ACME.LocalHost', 'acme'],
  ['OTHER.LOCALHOST', 'other'],
  ['acme.localhost.', 'acme'],
  ['other.localhost.', 'other'],
  ['acme.localhost:8080', 'acme'],
  ['other.localhost.:8080', 'other'],
  ['localhost', 'acme'],
  ['LOCALHOST:1', 'acme'],
  ['localhost.', 'acme'],
  ['127.0.0.1', 'acme'],
  ['127.0.0.1:8080', 'acme'],
  ['192.0.2.7', 'acme'],
  ['[::1]', 'acme'],
  ['[::1]:8080', 'acme'],
  ['[2001:db8::7]', 'acme'],
  ['unknown.localhost', 421],
  ['evil.example', 421],
  ['acme.evil.example', 421],
  ['acme.localhost.evil.example', 421],
  ['x.acme.localhost', 421],
  ['acme.other.localhost', 421],
  ['.localhost', 421],
  ['-acme.localhost', 421],
  ['acmelocalhost', 421],
  ['acme', 421],
  ['acme@other.localhost', 421],
  ['acme:password@other.localhost', 421],
  ['acme.localhost:port', 421],
  ['acme.localhost:123456', 421],
  ['acme.localhost/other', 421],
  ['acme.localhost#', 421],
  ['acme.localhost, other.localhost', 421],
  ['acme.localhost other.localhost', 421],
  ['аcme.localhost', 421],
  ['xn--cme-5cd.localhost', 421],
  ['%61cme.localhost', 421],
  ['acme..localhost', 421],
  ['acme.localhost..', 421],
  ['_acme.localhost', 421],
  [`${'a'.repeat(64)}.localhost`, 421],
  ['', 421],
]

test('a host stands for one tenant or for none, in every spelling (V-T2)', async () => {
  await using t = await startTestApp()
  for (const [host, expected] of hosts) {
    const { status, tenant } = await ask(t, [`Host: ${host}`])
    if (typeof expected === 'number') assert.equal(status, expected, host)
    else assert.equal(tenant, expected, host)
  }
})

test('headers about other hosts mean nothing from an address nobody trusts (V-T2)', async () => {
  await using t = await startTestApp()
  for (const header of [
    'X-Forwarded-Host',
    'X-Original-Host',
    'X-Host',
    'X-HTTP-Host-Override',
    'X-Forwarded-Server',
    ':authority',
  ]) {
    const { tenant, status } = await ask(t, ['Host: acme.localhost', `${header}: other.localhost`])
    assert.ok(tenant === 'acme' || status === 400, header)
    assert.equal((await ask(t, ['Host: evil.example', `${header}: acme.localhost`])).tenant, null, header)
  }
  assert.equal((await ask(t, ['Host: acme.localhost', 'Forwarded: host=other.localhost;for=192.0.2.1'])).tenant, 'acme')
})

test('a proxy that is trusted may say which host was asked for', async () => {
  await using t = await startTestApp({ env: { MUSTER_TRUSTED_PROXIES: '127.0.0.0/8' } })
  assert.equal((await ask(t, ['Host: backend.internal', 'X-Forwarded-Host: other.localhost'])).tenant, 'other')
  assert.equal((await ask(t, ['Host: acme.localhost', 'X-Forwarded-Host: evil.example'])).status, 421)
  assert.equal((await ask(t, ['Host: acme.localhost'])).tenant, 'acme')
})

test('two Host headers are 400; no Host is 421; a full address as target never reaches another tenant than its Host (V-T2)', async () => {
  await using t = await startTestApp()
  assert.equal((await ask(t, ['Host: acme.localhost', 'Host: other.localhost'])).status, 400)
  assert.equal((await ask(t, ['Host: acme.localhost', 'HOST: acme.localhost'])).status, 400)
  assert.equal((await ask(t, [], '/api/service/whoami', '1.0')).status, 421)
  assert.equal((await ask(t, [], '/api/service/whoami', '1.1')).status, 421)
  assert.notEqual((await ask(t, ['Host: acme.localhost'], 'http://other.localhost/api/service/whoami')).tenant, 'other')
  assert.notEqual((await ask(t, ['Host: evil.example'], 'http://acme.localhost/api/service/whoami')).tenant, 'other')
})

test('an unknown host learns nothing: one body, whatever is asked, with or without a credential (V-T2)', async () => {
  await using t = await startTestApp()
  const bodies = new Set<string>()
  for (const path of [
    '/api/service/whoami',
    '/api/service/users',
    '/api/service/nope',
    '/api/muster/outbox',
    '/auth/accept-invite',
    '/api/openapi.json',
    '/',
  ]) {
    for (const token of [t.acme.token, null]) {
      const answer = await t.get(path, { token, host: 'evil.example', headers: { 'x-atlan-request-id': 'same' } })
      assert.equal(answer.status, 421, path)
      bodies.add(answer.text)
    }
  }
  assert.equal(bodies.size, 1)
  assert.match([...bodies][0] ?? '', /"error":"unknown_host"/)
})

test('the default tenant can be another one, or switched off, and stays what it is when tenants are added', async () => {
  for (const [setting, expected] of [
    ['other', 'other'],
    ['', null],
    ['acme', 'acme'],
    ['nobody', null],
  ] as const) {
    await using t = await startTestApp({ env: { MUSTER_DEFAULT_TENANT: setting } })
    await createTenant(operatorCtx(t.serverDb, '', t.clock.now()), { slug: 'aaa', name: 'aaa', plan: 'standard' })
    for (const host of ['localhost', '127.0.0.1', '[::1]']) {
      const { tenant, status } = await ask(t, [`Host: ${host}`])
      assert.equal(tenant, expected, `${setting}: ${host}`)
      if (expected === null) assert.equal(status, 421)
    }
    assert.equal((await ask(t, ['Host: acme.localhost'])).tenant, 'acme')
  }
})

test('the host of the public address means the default tenant; a base domain has its tenants below it', async () => {
  await using t = await startTestApp({
    env: { MUSTER_PUBLIC_URL: 'https://directory.example.com', MUSTER_BASE_DOMAIN: 'Muster.Example.com' },
  })
  for (const [host, expected] of [
    ['directory.example.com', 'acme'],
    ['DIRECTORY.example.com:443', 'acme'],
    ['other.muster.example.com', 'other'],
    ['acme.muster.example.com', 'acme'],
    ['muster.example.com', null],
    ['acme.localhost', null],
    ['acme.example.com', null],
  ] as const) {
    assert.equal((await ask(t, [`Host: ${host}`])).tenant, expected, host)
  }
})

test('a token opens its own tenant only; elsewhere it is unknown like any other (V-T3)', async () => {
  await using t = await startTestApp()
  const same = { headers: { 'x-atlan-request-id': 'same' } }
  const foreign = await t.get('/api/service/whoami', { ...same, token: t.acme.token, host: t.other.host })
  const unknown = await t.get('/api/service/whoami', { ...same, token: `mst_${'x'.repeat(43)}`, host: t.other.host })
  assert.equal(foreign.status, 401)
  assert.equal(foreign.text, unknown.text)
  assert.equal(foreign.headers['www-authenticate'], unknown.headers['www-authenticate'])
})

test('a disabled tenant is unknown within a second, and its data stays', async () => {
  await using t = await startTestApp()
  const auth = { token: t.other.token, host: t.other.host }
  await t.invite('user01@example.com', '$member', t.other)
  await disableTenant(t.operator(t.other))
  t.clock.advance(1_000)
  assert.equal((await t.get('/api/service/users', auth)).status, 421)
  assert.equal((await t.get('/api/service/users')).status, 200)
  assert.equal((await t.db.selectFrom('users').select('id').where('tenant_id', '=', t.other.id).execute()).length, 1)
})

test('a tenant is created once, whoever else tries at the same moment, with its roles; its slug is a DNS label', async () => {
  await using t = await startTestApp()
  const make = (slug: string) =>
    createTenant(operatorCtx(t.serverDb, '', t.clock.now()), { slug, name: slug, plan: 'standard' })
  const results = await Promise.allSettled(Array.from({ length: 8 }, () => make('fresh')))
  assert.equal(results.filter((result) => result.status === 'fulfilled').length, 1)
  for (const result of results) if (result.status === 'rejected') assert.equal(result.reason.code, 'tenant_exists')
  for (const slug of ['', 'UPPER', 'a b', '-a', 'a-', 'a.b', 'a_b', 'ä', 'a'.repeat(64), '../x']) {
    await assert.rejects(make(slug), (error) => error instanceof ApiError && error.code === 'invalid_request', slug)
  }
  assert.deepEqual(
    (await listTenants(t.db)).map((tenant) => tenant.slug),
    ['acme', 'fresh', 'other'],
  )
  const roles = await t.db
    .selectFrom('roles')
    .innerJoin('tenants', 'tenants.id', 'roles.tenant_id')
    .select('roles.name')
    .where('slug', '=', 'fresh')
    .execute()
  assert.equal(roles.length, 6)
})

test('plan and state change once: a repeat leaves no second event', async () => {
  await using t = await startTestApp()
  for (let repeat = 0; repeat < 2; repeat += 1) {
    await changePlan(t.operator(), 'standard')
    await disableTenant(t.operator(t.other))
  }
  const events = await t.db
    .selectFrom('events')
    .select(['type', 'data'])
    .where('type', 'in', ['tenant.plan_changed', 'tenant.disabled'])
    .execute()
  assert.deepEqual(events.map((event) => `${event.type} ${event.data}`).toSorted(), [
    'tenant.disabled {}',
    'tenant.plan_changed {"from":"enterprise","to":"standard"}',
  ])
})
