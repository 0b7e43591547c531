import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashDatabase } from '../../test/database-hash.ts'
import { password, startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { endSamlSessions, startSession } from './sessions.service.ts'
import { signedInBrowser, TestBrowser } from '../../test/test-browser.ts'

const minuteMs = 60_000
const cookie = 'muster'

async function whoami(t: TestApp, token: string): Promise<number> {
  return (await t.get('/api/service/whoami', { token })).status
}

async function isSignedIn(browser: TestBrowser): Promise<boolean> {
  return (await browser.request('GET', '/auth/session')).status === 200
}

async function csrfOf(browser: TestBrowser): Promise<string> {
  return (await browser.request('GET', '/auth/session')).json.csrfToken
}

test('the session cookie is closed to scripts and other sites, and over https bound to its host', async () => {
  await using plain = await startTestApp()
  await plain.addUser('user01')
  const answer = await new TestBrowser(plain).signIn('user01')
  const [line = ''] = (answer.headers['set-cookie'] ?? []).filter((text) => text.startsWith('muster='))
  assert.match(line, /^muster=mses_[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Lax$/)
  await using secure = await startTestApp({ env: { MUSTER_PUBLIC_URL: 'https://muster.example.com' } })
  await secure.addUser('user01')
  const { headers } = await new TestBrowser(secure).signIn('user01')
  const [safe = ''] = (headers['set-cookie'] ?? []).filter((text) => text.startsWith('__Host-muster='))
  assert.match(safe, /^__Host-muster=mses_[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
})

test('V-K9 a session gets a new id at sign-in, at confirmation and when the role changed; the old ones are worth nothing', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const browser = new TestBrowser(t)
  const planted = `mses_${'A'.repeat(43)}`
  browser.cookies.set(cookie, planted)
  await browser.signIn('user01')
  const first = browser.cookies.get(cookie) ?? ''
  assert.notEqual(first, planted)
  await browser.open('/auth/confirm')
  assert.equal((await browser.submit('/auth/confirm', { password })).status, 303)
  const second = browser.cookies.get(cookie) ?? ''
  assert.notEqual(second, first)
  await t.put(`/api/service/users/${user.id}/roles`, { roles: [await t.roleId('$admin')] })
  assert.equal((await browser.request('GET', '/auth/session')).json.role, '$admin')
  const third = browser.cookies.get(cookie) ?? ''
  assert.notEqual(third, second)
  for (const old of [planted, first, second]) {
    const replay = new TestBrowser(t)
    replay.cookies.set(cookie, old)
    assert.equal(await isSignedIn(replay), false)
  }
  assert.equal((await t.get(`/api/service/users/${user.id}/sessions`)).json.length, 1, 'it is one session all along')
})

test('V-K9 signing out ends the session on the server: its cookie and its tokens replayed get 401', async () => {
  await using t = await startTestApp()
  await t.addUser('user01')
  const browser = await signedInBrowser(t, 'user01')
  const replay = new TestBrowser(t)
  replay.cookies.set(cookie, browser.cookies.get(cookie) ?? '')
  const bearer = await browser.bearer()
  assert.equal(await whoami(t, bearer), 200)
  await browser.send('/auth/sign-out', { csrf: await csrfOf(browser) })
  assert.equal(await isSignedIn(replay), false)
  assert.equal(await whoami(t, bearer), 401)
})

test('a token asked for again under one key is another one, kept nowhere, and only for who holds the session', async () => {
  await using t = await startTestApp()
  await t.addUser('user01')
  const browser = await signedInBrowser(t, 'user01')
  const ask = (from: TestBrowser, csrf: string) =>
    from.request('POST', '/auth/session/token', { 'x-muster-csrf': csrf, 'idempotency-key': 'key01' })
  const csrf = await csrfOf(browser)
  const [first, again] = [await ask(browser, csrf), await ask(browser, csrf)]
  assert.equal(again.headers['idempotent-replayed'], 'true')
  assert.notEqual(again.json.accessToken, first.json.accessToken)
  assert.equal(await whoami(t, again.json.accessToken), 200)
  assert.equal((await ask(new TestBrowser(t), csrf)).status, 401)
  const stored = JSON.stringify(await t.db.selectFrom('idempotency_keys').selectAll().execute())
  assert.ok(stored.length > 2 && !stored.includes('msess_'))
})

test('V-K9 signing in again in the same browser ends the session before', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  await t.addUser('user02')
  const browser = await signedInBrowser(t, 'user01')
  assert.equal((await browser.send('/auth/sign-in', { login: 'user02', password })).status, 303)
  assert.deepEqual((await t.get(`/api/service/users/${user.id}/sessions`)).json, [])
})

test('V-K9 a session ends when it is idle for an hour, after a day whatever happens, and its tokens after five minutes, to the millisecond', async () => {
  await using t = await startTestApp()
  await t.addUser('user01')
  const idle = await signedInBrowser(t, 'user01')
  t.clock.advance(60 * minuteMs - 1)
  assert.equal(await isSignedIn(idle), true)
  t.clock.advance(60 * minuteMs)
  assert.equal(await isSignedIn(idle), false)
  const busy = await signedInBrowser(t, 'user01')
  for (let used = 0; used < 28; used += 1) {
    t.clock.advance(50 * minuteMs)
    assert.equal(await isSignedIn(busy), true)
  }
  t.clock.advance(40 * minuteMs - 1)
  const last = await busy.bearer()
  assert.equal(await whoami(t, last), 200)
  t.clock.advance(1)
  assert.equal(await isSignedIn(busy), false)
  assert.equal(await whoami(t, last), 401, 'a token does not outlive its session')
  const browser = await signedInBrowser(t, 'user01')
  const bearer = await browser.bearer()
  t.clock.advance(5 * minuteMs - 1)
  assert.equal(await whoami(t, bearer), 200)
  t.clock.advance(1)
  assert.equal(await whoami(t, bearer), 401)
})

test('V-K3 disabling by REST and by SCIM, deleting and signing out everywhere end every session and its tokens at once; enabling revives none', async () => {
  await using t = await startTestApp()
  for (const [name, act, undo] of [
    [
      'rest',
      (id: string) => t.post(`/api/service/users/${id}`, { enabled: false }),
      (id: string) => t.post(`/api/service/users/${id}`, { enabled: true }),
    ],
    ['everywhere', (id: string) => t.post(`/api/muster/users/${id}/sessions/end`), undefined],
    ['deleted', (id: string) => t.post(`/api/service/users/${id}/delete`), undefined],
  ] as const) {
    const user = await t.addUser(`user-${name}`)
    const browsers = [await signedInBrowser(t, user.username), await signedInBrowser(t, user.username)]
    const bearers = [await browsers[0]?.bearer(), await browsers[1]?.bearer()]
    for (const bearer of bearers) assert.equal(await whoami(t, bearer ?? ''), 200)
    await act(user.id)
    for (const bearer of bearers) assert.equal(await whoami(t, bearer ?? ''), 401, name)
    for (const browser of browsers) assert.equal(await isSignedIn(browser), false, name)
    await undo?.(user.id)
    for (const bearer of bearers) assert.equal(await whoami(t, bearer ?? ''), 401, name)
    for (const browser of browsers) assert.equal(await isSignedIn(browser), false, name)
    const rows = await t.db.selectFrom('sessions').select('id').where('user_id', '=', user.id).execute()
    assert.equal(rows.length, 0)
  }
})

test('V-K5 the rights of a session token are those the user has at each request', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01', '$admin')
  await t.addUser('user02', '$admin')
  const bearer = await (await signedInBrowser(t, 'user01')).bearer()
  assert.equal((await t.get('/api/service/events/login', { token: bearer })).status, 200)
  await t.put(`/api/service/users/${user.id}/roles`, { roles: [await t.roleId('$guest')] })
  assert.equal((await t.get('/api/service/events/login', { token: bearer })).status, 403)
  assert.equal(await whoami(t, bearer), 200)
})

test('V-K8 V-W1 the API takes no cookie for a credential, and a session cookie is no bearer', async () => {
  await using t = await startTestApp()
  await t.addUser('user01', '$admin')
  const browser = await signedInBrowser(t, 'user01')
  const untouched = await hashDatabase(t.db)
  for (const path of ['/api/service/whoami', '/api/service/users', '/api/muster/invitations'])
    assert.equal((await browser.request('GET', path)).status, 401)
  const headers = { 'content-type': 'application/json' }
  assert.equal((await browser.request('POST', '/api/service/groups', headers, '{"group":{"name":"x"}}')).status, 401)
  assert.equal(await whoami(t, browser.cookies.get(cookie) ?? ''), 401)
  assert.equal(await whoami(t, await csrfOf(browser)), 401)
  assert.equal(await hashDatabase(t.db), untouched)
})

test('V-W1 a form or token request that does not prove it comes from a page of this session changes nothing', async () => {
  await using t = await startTestApp()
  await t.addUser('user01')
  await t.addUser('user02')
  const browser = await signedInBrowser(t, 'user01')
  const mine = await csrfOf(browser)
  const others = await csrfOf(await signedInBrowser(t, 'user02'))
  const untouched = await hashDatabase(t.db)
  const host = `127.0.0.1:${t.port}`
  for (const [what, csrf, headers] of [
    ['no proof', '', {}],
    ['proof of another session', others, {}],
    ['another origin', mine, { origin: 'https://evil.example' }],
    ['no origin', mine, { origin: 'null' }],
    ['no origin, from another site', mine, { origin: 'null', 'sec-fetch-site': 'cross-site' }],
    ['no origin, from a sibling', mine, { origin: 'null', 'sec-fetch-site': 'same-site' }],
    ['no origin, typed', mine, { origin: 'null', 'sec-fetch-site': 'none' }],
    ['another port', mine, { origin: 'http://127.0.0.1:1' }],
    ['another site', mine, { 'sec-fetch-site': 'cross-site' }],
    ['a sibling', mine, { 'sec-fetch-site': 'same-site', origin: `http://${host}` }],
  ] as const) {
    const out = await browser.send('/auth/sign-out', { csrf }, headers)
    assert.ok(out.status === 401 || out.status === 403, `${what}: ${out.status}`)
    const trade = await browser.request('POST', '/auth/session/token', { 'x-muster-csrf': csrf, ...headers })
    assert.deepEqual([trade.status, trade.json.error], [401, 'invalid_token'], what)
    assert.equal((await browser.request('GET', '/auth/sign-out')).status, 405, what)
  }
  const asText = await browser.request('POST', '/auth/session/token', { 'content-type': 'text/plain' }, '{}')
  assert.ok([401, 415].includes(asText.status))
  assert.equal(await hashDatabase(t.db), untouched)
  assert.equal(await isSignedIn(browser), true)
  // What Chromium sends with a form of a page that has the policy no-referrer.
  const trade = await browser.request('POST', '/auth/session/token', {
    'x-muster-csrf': mine,
    origin: 'null',
    'sec-fetch-site': 'same-origin',
  })
  assert.equal(trade.status, 200)
  const ours = await browser.send(
    '/auth/sign-out',
    { csrf: mine },
    { origin: `http://${host}`, 'sec-fetch-site': 'same-origin' },
  )
  assert.equal(ours.status, 303)
})

test('V-T4 a cookie or token of one workspace is nothing at the host of another', async () => {
  await using t = await startTestApp()
  await t.addUser('user01')
  await t.addUser('user01', '$member', t.other)
  const browser = await signedInBrowser(t, 'user01')
  const bearer = await browser.bearer()
  const elsewhere = new TestBrowser(t, t.other)
  elsewhere.cookies.set(cookie, browser.cookies.get(cookie) ?? '')
  assert.equal(await isSignedIn(elsewhere), false)
  const page = await elsewhere.request('GET', '/auth/account')
  assert.match(page.headers.location ?? '', /^\/auth\/sign-in/)
  assert.equal((await t.get('/api/service/whoami', { token: bearer, host: t.other.host })).status, 401)
})

test('people list and end their own sessions, admins everybody’s; others’ are unknown to members and guests', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const guest = await t.addUser('user02', '$guest')
  await signedInBrowser(t, 'user01')
  const browser = await signedInBrowser(t, 'user01')
  const path = `/api/muster/users/${user.id}/sessions`
  const { records } = (await t.get(path, { token: user.token })).json
  assert.equal(records.length, 2)
  assert.equal((await t.get(path, { token: guest.token })).status, 404)
  for (const token of [guest.token, t.other.token])
    assert.ok([401, 404].includes((await t.delete(`/api/muster/sessions/${records[0].id}`, { token })).status))
  assert.equal(await isSignedIn(browser), true)
  assert.equal((await t.delete(`/api/muster/sessions/${records[0].id}`, { token: user.token })).status, 204)
  assert.equal((await t.delete(`/api/muster/sessions/${records[1].id}`)).status, 204)
  assert.equal(await isSignedIn(browser), false)
  assert.equal((await t.delete(`/api/muster/sessions/${records[1].id}`)).status, 404)
})

test('what everybody’s sign-in hangs on needs a proof of who one is within the last five minutes', async () => {
  await using t = await startTestApp()
  await t.addUser('user01', '$admin')
  const browser = await signedInBrowser(t, 'user01')
  const create = async () =>
    t.post('/api/muster/scim/tokens', { label: `t${t.clock.now().getTime()}` }, { token: await browser.bearer() })
  assert.notEqual((await create()).json.error, 'reauth_required')
  t.clock.advance(5 * minuteMs + 1)
  assert.equal((await create()).json.error, 'reauth_required')
  await browser.open('/auth/confirm?next=/auth/account')
  assert.equal((await browser.submit('/auth/confirm', { password: 'not the right one' })).status, 403)
  assert.equal((await create()).json.error, 'reauth_required')
  await browser.open('/auth/confirm?next=/auth/account')
  assert.equal((await browser.submit('/auth/confirm', { password })).status, 303)
  assert.notEqual((await create()).json.error, 'reauth_required')
})

test('an identity provider that says so ends the sessions of its own login, and nobody else’s', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const start = (connectionId: string, nameId: string, sessionIndex: string, notOnOrAfter = 0) =>
    inTransaction(t.operator(), (ctx) =>
      startSession(ctx, {
        userId: user.id,
        method: 'saml',
        secondFactor: '',
        saml: { connectionId, nameId, sessionIndex, notOnOrAfter },
      }),
    )
  await t.startSession(user.id)
  await start('one', 'name', 'a')
  await start('one', 'name', 'b')
  await start('one', 'another', 'a')
  await start('two', 'name', 'a')
  const end = (login: Parameters<typeof endSamlSessions>[1]) =>
    inTransaction(t.operator(), (ctx) => endSamlSessions(ctx, login))
  assert.equal(await end({ connectionId: 'one', nameId: 'name', sessionIndexes: ['b', 'c'] }), 1)
  assert.equal(await end({ connectionId: 'one', nameId: 'name', sessionIndexes: [] }), 1)
  assert.equal(await end({ connectionId: 'one', nameId: '', sessionIndexes: [] }), 0)
  assert.equal((await t.get(`/api/service/users/${user.id}/sessions`)).json.length, 3)
  const until = t.clock.now().getTime() + minuteMs
  assert.equal((await start('one', 'name', 'd', until)).session.endsAt, until)
})
