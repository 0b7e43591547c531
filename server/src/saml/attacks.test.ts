import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashDatabase } from '../../test/database-hash.ts'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import type { Answer } from '../../test/test-client.ts'
import { createConnection, updateConnection } from '../sso-connections/sso-connections.service.ts'
import { changePlan } from '../tenants/tenants.service.ts'
import { SsoWorld, startSso } from './testdata/sso-world.ts'
import { TestIdp, toField } from './testdata/test-idp.ts'

/** Refused: one page for all reasons, no session, and the database as it was. */
async function assertRefused(t: TestApp, what: string, attack: () => Promise<Answer>, status = 403): Promise<void> {
  const before = await hashDatabase(t.db)
  const answer = await attack()
  assert.equal(answer.status, status, `${what}: ${answer.status} ${answer.text.slice(0, 200)}`)
  assert.equal(answer.headers['set-cookie'], undefined, what)
  if (status === 403) assert.match(answer.text, /<h1>Sign-in did not work<\/h1>/)
  assert.doesNotMatch(answer.text, /SAML-\d\d|user:/, `${what}: the page tells why`)
  assert.equal(await hashDatabase(t.db), before, `${what}: something changed`)
}

async function countSessions(t: TestApp): Promise<number> {
  const rows = await t.db.selectFrom('sessions').select('id').execute()
  return rows.length
}

async function lastRefusal(t: TestApp): Promise<string> {
  const { json } = await t.get('/api/service/events/login?type=IDENTITY_PROVIDER_LOGIN_ERROR&max=1')
  return json[0]?.details.reason ?? ''
}

/** Two nodes of one workspace behind one address, which is the one that IdPs know. */
const shared = { MUSTER_PUBLIC_URL: 'https://acme.example.com' }
const atShared = {
  acsUrl: 'https://acme.example.com/auth/saml/okta/acs',
  audience: 'https://acme.example.com/auth/saml/metadata',
}

test('V-A9: one response posted fifty times at once to two nodes makes exactly one session, and none afterwards', async () => {
  await using t = await startTestApp({ env: shared })
  await using node = await startTestApp({ env: shared, beside: t })
  const sso = await startSso(t)
  const beside = new SsoWorld(node, sso)
  const begun = await sso.begin()
  const field = await sso.idp.respond(sso.values(begun, atShared))
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? sso : beside).post(field, { cookie: begun.cookie })),
  )
  assert.equal(answers.filter(({ status }) => status === 303).length, 1)
  // Under such a crowd some may be told to come back later.
  assert.ok(answers.every(({ status }) => status === 303 || status === 403 || status === 503))
  assert.equal(await countSessions(t), 1)
  for (const world of [sso, beside]) await assertRefused(t, 'again', () => world.post(field, { cookie: begun.cookie }))
})

test('V-A9: an assertion is used once even where sign-ins may begin at the IdP, and in two nodes', async () => {
  await using t = await startTestApp({ env: shared })
  await using node = await startTestApp({ env: shared, beside: t })
  const sso = await startSso(t, { options: { allowsIdpInitiated: true } })
  const beside = new SsoWorld(node, sso)
  const field = await sso.idp.respond(sso.values(null, atShared))
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? sso : beside).post(field)),
  )
  assert.equal(answers.filter(({ status }) => status === 303).length, 1)
  assert.equal(await countSessions(t), 1)
  // Remembered until it could not be used any more: 300 s and the skew.
  for (const [seconds, reason] of [
    [418, 'SAML-16: the assertion was used already'],
    [2, 'SAML-14: expired'],
  ] as const) {
    t.clock.advance(seconds * 1_000)
    for (const world of [sso, beside]) {
      await assertRefused(t, reason, () => world.post(field))
      assert.equal(await lastRefusal(t), reason)
    }
  }
})

test('V-A9: unsolicited responses, and those for another browser, request or time are refused', async () => {
  await using t = await startTestApp()
  const sso = await startSso(t)
  const begun = await sso.begin()
  const other = await sso.begin()
  assert.notEqual(begun.cookie, other.cookie)
  const respond = (more = {}) => sso.idp.respond({ ...sso.values(begun), ...more })
  const unsolicited = await sso.idp.respond(sso.values(null))
  await assertRefused(t, 'unsolicited', () => sso.post(unsolicited, { cookie: begun.cookie }))
  assert.equal(await lastRefusal(t), 'SAML-15: nobody asked for it')
  const answer = await respond()
  await assertRefused(t, 'no cookie', () => sso.post(answer))
  await assertRefused(t, 'the cookie of another browser', () => sso.post(answer, { cookie: other.cookie }))
  await assertRefused(t, 'a made-up cookie', () => sso.post(answer, { cookie: '__Host-muster-saml=msaml_made-up' }))
  const madeUp = await respond({ inResponseTo: '_made-up' })
  await assertRefused(t, 'a made-up request', () => sso.post(madeUp, { cookie: begun.cookie }))
  assert.equal(await lastRefusal(t), 'SAML-15: no request of this browser waits for it')
  t.clock.advance(10 * 60_000)
  const late = await sso.idp.respond(sso.values(begun))
  await assertRefused(t, 'ten minutes later', () => sso.post(late, { cookie: begun.cookie }))
  assert.equal(await countSessions(t), 0)
})

test('two tabs of one browser sign in one after the other', async () => {
  await using t = await startTestApp()
  const sso = await startSso(t)
  const first = await sso.begin({ next: '/one' })
  const second = await sso.begin({ next: '/two', cookie: first.cookie })
  assert.equal(second.cookie, first.cookie)
  for (const [begun, path] of [
    [second, '/two'],
    [first, '/one'],
  ] as const) {
    const answer = await sso.post(await sso.idp.respond(sso.values(begun)), { cookie: first.cookie })
    assert.deepEqual([answer.status, answer.headers.location], [303, path])
  }
})

test('V-A11: an IdP of one workspace signs nobody in to another, whatever is mixed', async () => {
  await using t = await startTestApp()
  const ours = await startSso(t, { alias: 'okta' })
  const theirs = await startSso(t, { alias: 'okta', tenant: t.other, idp: new TestIdp() })
  const second = await startSso(t, { alias: 'entra' })
  const mine = await ours.begin()
  const foreign = await theirs.begin()
  const sibling = await second.begin()
  const acs = { acsUrl: ours.acsUrl, audience: ours.audience }
  const attempts: readonly (readonly [
    string,
    Parameters<typeof theirs.idp.respond>[0],
    TestIdp,
    Parameters<typeof ours.post>[1],
  ])[] = [
    ['signed by their IdP', { ...ours.values(mine) }, theirs.idp, { cookie: mine.cookie }],
    ['signed by the IdP of another connection', { ...ours.values(mine) }, second.idp, { cookie: mine.cookie }],
    ['their response at our address', theirs.values(foreign), theirs.idp, { cookie: foreign.cookie }],
    ['their request, our address', { ...theirs.values(foreign), ...acs }, ours.idp, { cookie: foreign.cookie }],
    ['our response with their cookie', ours.values(mine), ours.idp, { cookie: foreign.cookie }],
    [
      'our audience with their address',
      { ...ours.values(mine), acsUrl: theirs.acsUrl },
      ours.idp,
      { cookie: mine.cookie },
    ],
    [
      'their audience with our address',
      { ...ours.values(mine), audience: theirs.audience },
      ours.idp,
      { cookie: mine.cookie },
    ],
    ['the request of another connection', { ...ours.values(sibling) }, ours.idp, { cookie: sibling.cookie }],
    ['the address of another connection', { ...ours.values(mine) }, ours.idp, { cookie: mine.cookie, alias: 'entra' }],
    ['our response at their host', ours.values(mine), ours.idp, { cookie: mine.cookie, host: t.other.host }],
  ]
  for (const [what, values, idp, way] of attempts) {
    const field = await idp.respond(values)
    await assertRefused(t, what, () => ours.post(field, way))
    await assertRefused(t, `${what}, with a RelayState`, () =>
      ours.post(field, { ...way, relayState: foreign.requestId }),
    )
  }
  assert.equal(await countSessions(t), 0)
})

test('V-A13: a sign-in leads to a path of our own, whatever is asked for', async () => {
  await using t = await startTestApp()
  const sso = await startSso(t, { options: { allowsIdpInitiated: true } })
  const own = ['/', '/users?sort=email', '/a/b-c_d.e~f', `/${'x'.repeat(79)}`]
  const foreign = [
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    'https:evil.example',
    'https://evil.example/',
    'javascript:alert(1)',
    'data:text/html,x',
    '/%0d%0aSet-Cookie:a=b',
    '/\r\nSet-Cookie: a=b',
    '/%2f/evil.example',
    '/%5cevil.example',
    '/a b',
    '/\u00e9',
    `/${'x'.repeat(80)}`,
    'evil.example',
    ' /',
    '',
  ]
  let index = 0
  for (const path of [...own, ...foreign]) {
    const expected = own.includes(path) ? path : '/'
    index += 1
    const nameId = `person-${index}`
    const attributes = { email: [`person${index}@example.com`] }
    const unsolicited = await sso.idp.respond(sso.values(null, { nameId, attributes }))
    const answer = await sso.post(unsolicited, { relayState: path })
    assert.deepEqual([answer.status, answer.headers.location], [303, expected], `RelayState ${path}`)
    const begun = await sso.begin({ next: path })
    const field = await sso.idp.respond(sso.values(begun, { nameId, attributes }))
    const back = await sso.post(field, { cookie: begun.cookie, relayState: 'https://evil.example' })
    assert.deepEqual([back.status, back.headers.location], [303, expected], `next ${path}`)
  }
})

test('what begins at us goes to the configured address, with a RelayState that says nothing', async () => {
  await using t = await startTestApp()
  const sso = await startSso(t)
  const { location, cookie } = await sso.begin({ next: '/secret-page' })
  assert.equal(location.origin + location.pathname, sso.idp.signOnUrl)
  assert.match(location.searchParams.get('RelayState') ?? '', /^_[0-9a-f]{40}$/)
  assert.doesNotMatch(location.href, /secret-page/)
  assert.match(location.searchParams.get('SigAlg') ?? '', /rsa-sha256$/)
  assert.match(cookie, /^__Host-muster-saml=msaml_[A-Za-z0-9_-]{43}$/)
})

test('a plan without SSO, a connection that is off, unknown or without a valid key: 404, and nothing changes', async () => {
  await using t = await startTestApp()
  const sso = await startSso(t)
  const begun = await sso.begin()
  const field = await sso.idp.respond(sso.values(begun))
  const attempt = () => sso.post(field, { cookie: begun.cookie })
  await assertRefused(t, 'unknown', () => sso.post(field, { cookie: begun.cookie, alias: 'nobody' }), 404)
  await changePlan(t.operator(), 'standard')
  await assertRefused(t, 'plan', attempt, 404)
  assert.equal((await t.get('/auth/saml/okta/login', { token: null })).status, 404)
  await changePlan(t.operator(), 'enterprise')
  await updateConnection(t.operator(), sso.connection.id, { isEnabled: false })
  await assertRefused(t, 'off', attempt, 404)
  assert.equal((await t.get('/auth/saml/okta/login', { token: null })).status, 404)
  await updateConnection(t.operator(), sso.connection.id, { isEnabled: true })
  assert.equal((await attempt()).status, 303)
  t.clock.advance(15 * 365 * 86_400_000)
  await assertRefused(t, 'the certificate has expired', attempt, 404)
})

test('a form that is no form, without a response or with two, is refused', async () => {
  await using t = await startTestApp()
  const sso = await startSso(t)
  const { cookie, ...begun } = await sso.begin()
  const field = await sso.idp.respond(sso.values({ ...begun, cookie }))
  const send = (rawBody: string, type = 'application/x-www-form-urlencoded') =>
    t.request('POST', '/auth/saml/okta/acs', { token: null, rawBody, headers: { 'content-type': type, cookie } })
  const once = new URLSearchParams({ SAMLResponse: field }).toString()
  await assertRefused(t, 'empty', () => send(''))
  await assertRefused(t, 'twice', () => send(`${once}&${once}`))
  await assertRefused(t, 'another type', () => send(JSON.stringify({ SAMLResponse: field }), 'application/json'), 415)
  await assertRefused(t, 'too large', () => send(`SAMLResponse=${'A'.repeat(256 * 1024)}`), 413)
  const doctype = toField('<!DOCTYPE a><a/>')
  await assertRefused(t, 'a document type', () => send(new URLSearchParams({ SAMLResponse: doctype }).toString()))
  assert.equal((await send(once)).status, 303)
})

test('V-A15: what a workspace or connection is called is text in every message', async () => {
  await using t = await startTestApp()
  const nasty = `"><x a='&amp;`
  await startSso(t)
  const idp = new TestIdp()
  await createConnection(t.operator(), {
    alias: 'nasty',
    displayName: nasty,
    idp: { entityId: nasty, signOnUrl: 'https://idp.example/sso?a=%22%3E&b=1', certificates: [idp.key.certificate] },
  })
  const list = await t.get('/auth/saml', { token: null })
  assert.doesNotMatch(list.text, /<x a=/)
  const metadata = await t.get('/auth/saml/nasty/metadata', { token: null })
  assert.equal(metadata.status, 200)
  assert.doesNotMatch(metadata.text, /<x a=/)
  const login = await t.get('/auth/saml/nasty/login', { token: null })
  assert.equal(new URL(String(login.headers.location)).searchParams.get('a'), '">')
})
