import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { signedInBrowser } from '../../test/test-browser.ts'
import { changePlan } from '../tenants/tenants.service.ts'

const url = '/api/muster/scim/tokens'
const hourMs = 3_600_000
const dayMs = 24 * hourMs

async function create(t: TestApp, body: object = {}) {
  const answer = await t.post(url, { label: 'Okta', ...body })
  assert.equal(answer.status, 200, answer.text)
  return answer.json
}

async function rotate(t: TestApp, id: string, body?: object) {
  const answer = await t.post(`${url}/${id}/rotate`, body)
  assert.equal(answer.status, 200, answer.text)
  return answer.json
}

async function find(t: TestApp, id: string) {
  return (await t.get(url)).json.records.find((token: { id: string }) => token.id === id)
}

function ask(t: TestApp, token: string, headers: Readonly<Record<string, string>> = {}) {
  return t.get('/api/scim/v2/Users?count=1', { token, headers })
}

async function isGood(t: TestApp, token: string): Promise<boolean> {
  const { status } = await ask(t, token)
  assert.ok(status === 200 || status === 401)
  return status === 200
}

test('the first token switches SCIM on; it works at once and lives a year unless said otherwise', async () => {
  await using t = await startTestApp()
  await t.addConnection()
  const { token, ...rest } = await create(t, { label: 'Okta' })
  assert.match(token, /^mscim_[A-Za-z0-9_-]{43}$/)
  const now = t.clock.now().getTime()
  assert.deepEqual(rest, {
    id: rest.id,
    label: 'Okta',
    hint: `mscim_…${token.slice(-4)}`,
    access: 'all',
    profile: null,
    state: 'live',
    createdAt: now,
    createdBy: rest.createdBy,
    expiresAt: now + 365 * dayMs,
    revokedAt: null,
    replacedBy: null,
    lastUsedAt: null,
    lastUsedAddress: '',
    lastUsedAgent: '',
  })
  assert.equal((await t.get('/api/muster/scim/settings')).json.enabled, true)
  assert.ok(await isGood(t, token))
})

test('V-S9 the secret is in one answer, and in the database only its SHA-256', async () => {
  await using t = await startTestApp()
  await t.addConnection()
  const made = await create(t)
  const replaced = await rotate(t, made.id)
  for (const { token } of [made, replaced]) await ask(t, token)
  await t.settleScim()
  const shown = [
    await t.get(url),
    await t.get('/api/muster/scim/log'),
    await t.get('/api/service/events/main?max=1000'),
  ]
  const tables = await t.db.introspection.getTables()
  const rows: unknown[] = []
  for (const { name } of tables.filter((table) => !table.name.includes('_search'))) {
    // Names come from the database itself, so that a new table is looked at too.
    rows.push(
      await t.db
        .selectFrom(name as 'events')
        .selectAll()
        .execute(),
    )
  }
  const kept = JSON.stringify(rows)
  for (const { token } of [made, replaced]) {
    for (const { text } of shown) assert.ok(!text.includes(token))
    assert.ok(!kept.includes(token))
    assert.ok(kept.includes(createHash('sha256').update(token).digest('base64url')), 'kept as its hash')
  }
})

test('V-S9 a token is made and rotated by admins alone, and by people only within five minutes of proving who they are', async () => {
  await using t = await startTestApp()
  await t.addConnection()
  const { id } = await create(t)
  await t.addUser('user01', '$admin')
  const browser = await signedInBrowser(t, 'user01')
  const [member, guest] = [await t.addUser('user02'), await t.addUser('user03', '$guest')]
  const requests = [
    [url, { label: 'Entra' }],
    [`${url}/${id}/rotate`, { overlapSeconds: 0 }],
  ] as const
  for (const [path, body] of requests) {
    for (const { token } of [member, guest]) {
      const refused = await t.post(path, body, { token })
      assert.deepEqual([refused.status, refused.json.error], [403, 'insufficient_role'])
    }
  }
  t.clock.advance(5 * 60_000 + 1)
  for (const [path, body] of requests) {
    const refused = await t.post(path, body, { token: await browser.bearer() })
    assert.deepEqual([refused.status, refused.json.error], [401, 'reauth_required'])
  }
  assert.equal((await t.get(url)).json.records.length, 1)
})

test('a list shows when, from where and by what a token was last used, at most a minute late', async () => {
  await using t = await startTestApp()
  await t.addConnection()
  const { id, token } = await create(t)
  await ask(t, token, { 'user-agent': 'Okta SCIM Client 1.0.0' })
  await t.settleScim()
  const used = await find(t, id)
  assert.deepEqual(
    [used.lastUsedAt, used.lastUsedAddress, used.lastUsedAgent],
    [t.clock.now().getTime(), '127.0.0.1', 'Okta SCIM Client 1.0.0'],
  )
  t.clock.advance(61_000)
  await ask(t, token, { 'user-agent': 'x'.repeat(500) })
  await t.settleScim()
  const again = await find(t, id)
  assert.deepEqual([again.lastUsedAt, again.lastUsedAgent.length], [t.clock.now().getTime(), 200])
})

test('a rotated token goes on for the overlap that was chosen, a day unless said otherwise, then is over', async () => {
  for (const [body, overlapMs] of [
    [undefined, dayMs],
    [{ overlapSeconds: 3_600 }, hourMs],
    [{ overlapSeconds: 604_800 }, 7 * dayMs],
  ] as const) {
    await using t = await startTestApp()
    await t.addConnection()
    const old = await create(t, { profile: 'okta', validitySeconds: 30 * 86_400 })
    const next = await rotate(t, old.id, body)
    assert.deepEqual([next.label, next.profile, next.access, next.state], ['Okta', 'okta', 'all', 'live'])
    assert.equal(next.expiresAt, t.clock.now().getTime() + 30 * dayMs, 'it lives as long as the old one was made for')
    const ending = await find(t, old.id)
    assert.deepEqual([ending.state, ending.replacedBy], ['ending', next.id])
    t.clock.advance(overlapMs - 1)
    assert.deepEqual([await isGood(t, old.token), await isGood(t, next.token)], [true, true])
    t.clock.advance(1)
    assert.deepEqual([await isGood(t, old.token), await isGood(t, next.token)], [false, true])
    assert.equal((await find(t, old.id)).state, 'rotated')
  }
})

test('without overlap the old token ends at once, and an overlap is one of four', async () => {
  await using t = await startTestApp()
  await t.addConnection()
  const old = await create(t)
  const next = await rotate(t, old.id, { overlapSeconds: 0 })
  assert.deepEqual([await isGood(t, old.token), await isGood(t, next.token)], [false, true])
  const odd = await t.post(`${url}/${next.id}/rotate`, { overlapSeconds: 60 })
  assert.match(odd.json.message, /^overlapSeconds must be 0 or 3600 or 86400 or 604800\.$/)
  const again = await t.post(`${url}/${old.id}/rotate`, { overlapSeconds: 0 })
  assert.deepEqual([again.status, again.json.error], [409, 'scim_token_ended'])
})

test('an overlap never makes a token live longer than it would have', async () => {
  await using t = await startTestApp()
  await t.addConnection()
  const old = await create(t, { validitySeconds: 86_400 })
  await rotate(t, old.id, { overlapSeconds: 604_800 })
  assert.equal((await find(t, old.id)).expiresAt, old.expiresAt)
})

test('a revoked token is over at once and for good; a second time changes nothing', async () => {
  await using t = await startTestApp()
  await t.addConnection()
  const { id, token } = await create(t)
  assert.ok(await isGood(t, token))
  assert.equal((await t.delete(`${url}/${id}`)).status, 200)
  assert.equal(await isGood(t, token), false)
  const revoked = await find(t, id)
  assert.deepEqual([revoked.state, revoked.revokedAt], ['revoked', t.clock.now().getTime()])
  t.clock.advance(1_000)
  assert.equal((await t.delete(`${url}/${id}`)).status, 200)
  assert.equal((await find(t, id)).revokedAt, revoked.revokedAt)
  assert.equal((await t.post(`${url}/${id}/rotate`)).json.error, 'scim_token_ended')
})

test('a token ends at the very millisecond it was made for, and lives between a day and five years', async () => {
  await using t = await startTestApp()
  await t.addConnection()
  for (const validitySeconds of [86_399, 157_680_001, 0, -1, 1.5])
    assert.equal((await t.post(url, { label: 'x', validitySeconds })).json.error, 'invalid_body', `${validitySeconds}`)
  const { id, token } = await create(t, { validitySeconds: 86_400 })
  t.clock.advance(dayMs - 1)
  assert.ok(await isGood(t, token))
  t.clock.advance(1)
  assert.equal(await isGood(t, token), false)
  assert.equal((await find(t, id)).state, 'expired')
})

test('at most two tokens are live; one that ended makes room', async () => {
  await using t = await startTestApp()
  await t.addConnection()
  const first = await create(t)
  const second = await create(t)
  const third = await t.post(url, { label: 'third' })
  assert.deepEqual([third.status, third.json.error], [409, 'scim_token_limit'])
  assert.equal(
    (await t.post(`${url}/${first.id}/rotate`)).json.error,
    'scim_token_limit',
    'the old one would be a third',
  )
  await rotate(t, first.id, { overlapSeconds: 0 })
  await t.delete(`${url}/${second.id}`)
  await create(t)
})

test('two who make a token at once do not make three live ones', async () => {
  await using t = await startTestApp()
  await t.addConnection()
  await create(t)
  const answers = await Promise.all([1, 2, 3].map((number) => t.post(url, { label: `at once ${number}` })))
  const live = (await t.get(url)).json.records.filter(({ state }: { state: string }) => state === 'live')
  assert.equal(live.length, 2, answers.map(({ text }) => text).join('\n'))
})

test('no token is made before the plan has SCIM and single sign-on works, nor without a usable label', async () => {
  await using t = await startTestApp()
  assert.equal((await t.post(url, { label: 'x' })).json.error, 'sso_required')
  await t.addConnection()
  for (const label of ['', 'a\u202eb', 'x'.repeat(201)])
    assert.equal((await t.post(url, { label })).json.error, 'invalid_body', JSON.stringify(label))
  assert.equal((await t.post(url, { label: 'x', secret: 'mscim_mine' })).json.error, 'invalid_body')
  await changePlan(t.operator(), 'standard')
  assert.equal((await t.post(url, { label: 'x' })).json.error, 'plan_required')
  assert.deepEqual((await t.get(url)).json.records, [])
})

test('a token outlives its maker, since it acts for the workspace', async () => {
  await using t = await startTestApp()
  const { secret } = await t.addScimToken()
  assert.ok(await isGood(t, secret))
  const record = (await t.get(url)).json.records[0]
  assert.equal(record.createdBy, 'system')
})
