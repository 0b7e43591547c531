import assert from 'node:assert/strict'
import { createSign } from 'node:crypto'
import { test } from 'node:test'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { hashDatabase } from '../../test/database-hash.ts'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { startSession } from '../sessions/sessions.service.ts'
import { SamlRefusal } from './saml-refusal.ts'
import { makeKey, type TestKey } from './testdata/keys.ts'
import { startSso, type SsoWorld } from './testdata/sso-world.ts'
import { TestIdp, toField } from './testdata/test-idp.ts'
import { verifyLogoutRequest } from './verify-logout.ts'

const rsaSha256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'
let counter = 0

function logoutXml(
  sso: SsoWorld,
  { nameId = 'person-1', sessionIndexes = ['session-1'] as string[], destination = '' } = {},
): string {
  counter += 1
  return (
    `<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="l${counter}" Version="2.0" IssueInstant="${sso.t.clock.now().toISOString()}" Destination="${destination || `${sso.base}/auth/saml/okta/logout`}">` +
    `<saml:Issuer>${sso.idp.entityId}</saml:Issuer><saml:NameID>${nameId}</saml:NameID>${sessionIndexes.map((index) => `<samlp:SessionIndex>${index}</samlp:SessionIndex>`).join('')}</samlp:LogoutRequest>`
  )
}

function signedQuery(xml: string, key: TestKey, { relayState = '', algorithm = rsaSha256 } = {}): string {
  const parts = [
    `SAMLRequest=${encodeURIComponent(deflateRawSync(xml).toString('base64'))}`,
    ...(relayState === '' ? [] : [`RelayState=${encodeURIComponent(relayState)}`]),
    `SigAlg=${encodeURIComponent(algorithm)}`,
  ]
  const signature = createSign('sha256').update(parts.join('&')).sign(key.privateKey, 'base64')
  return [...parts, `Signature=${encodeURIComponent(signature)}`].join('&')
}

const redirect = (t: TestApp, query: string) => t.get(`/auth/saml/okta/logout?${query}`, { token: null })
const post = (t: TestApp, field: string) =>
  t.request('POST', '/auth/saml/okta/logout', {
    token: null,
    rawBody: new URLSearchParams({ SAMLRequest: field }).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })
const sessionsOf = async (t: TestApp) =>
  (await t.db.selectFrom('sessions').select('session_index').execute()).map((row) => row.session_index).toSorted()

test('an IdP signs out one login, or all of a person, by either binding, and is answered', async () => {
  await using t = await startTestApp()
  const sso = await startSso(t)
  for (const sessionIndex of ['session-1', 'session-2', 'session-3']) await sso.signIn({ sessionIndex })
  await sso.signIn({ nameId: 'person-2', attributes: { email: ['person2@example.com'] }, sessionIndex: 'other' })
  const one = await redirect(t, signedQuery(logoutXml(sso), sso.idp.key, { relayState: 'their state' }))
  assert.equal(one.status, 303, one.text)
  const answer = new URL(String(one.headers.location))
  assert.equal(answer.origin + answer.pathname, sso.idp.logoutUrl)
  assert.equal(answer.searchParams.get('RelayState'), 'their state')
  const xml = inflateRawSync(Buffer.from(answer.searchParams.get('SAMLResponse') ?? '', 'base64')).toString()
  assert.match(xml, new RegExp(`InResponseTo="l${counter}".*status:Success`))
  assert.deepEqual(await sessionsOf(t), ['other', 'session-2', 'session-3'])
  const all = await post(t, toField(sso.idp.sign(logoutXml(sso, { sessionIndexes: [] }), 'LogoutRequest')))
  assert.equal(all.status, 303, all.text)
  assert.deepEqual(await sessionsOf(t), ['other'])
  const { json } = await t.get('/api/service/events/login?type=LOGOUT')
  assert.deepEqual(
    json.map(({ details }: { details: object }) => details),
    Array.from({ length: 3 }, () => ({ reason: 'idp_logout' })),
  )
})

test('a request to sign out that is not signed, not for us, old or used before ends nothing', async () => {
  await using t = await startTestApp()
  const sso = await startSso(t)
  await sso.signIn()
  const xml = logoutXml(sso)
  const good = signedQuery(xml, sso.idp.key)
  const stranger = makeKey('stranger')
  const attempts: readonly (readonly [string, () => ReturnType<typeof redirect>])[] = [
    ['another key', () => redirect(t, signedQuery(xml, stranger))],
    ['no signature', () => redirect(t, good.split('&').slice(0, 1).join('&'))],
    [
      'a signature of something else',
      () =>
        redirect(
          t,
          good.replace(
            /SAMLRequest=[^&]*/,
            signedQuery(logoutXml(sso, { nameId: 'person-2' }), sso.idp.key).split('&')[0] ?? '',
          ),
        ),
    ],
    [
      'a parameter twice',
      () => redirect(t, `${good}&SAMLRequest=${encodeURIComponent(deflateRawSync(xml).toString('base64'))}`),
    ],
    ['a RelayState that is not signed', () => redirect(t, `${good}&RelayState=x`)],
    [
      'SHA-1',
      () => redirect(t, signedQuery(xml, sso.idp.key, { algorithm: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1' })),
    ],
    [
      'another destination',
      () => redirect(t, signedQuery(logoutXml(sso, { destination: 'https://evil.example' }), sso.idp.key)),
    ],
    ['another issuer', () => redirect(t, signedQuery(xml.replace('idp.example/entity', 'evil.example'), sso.idp.key))],
    ['a document type', () => redirect(t, signedQuery(`<!DOCTYPE a>${xml}`, sso.idp.key))],
    ['another message', () => redirect(t, signedQuery(xml.replaceAll('LogoutRequest', 'AuthnRequest'), sso.idp.key))],
    ['posted without signature', () => post(t, toField(xml))],
    ['posted with another key', () => post(t, toField(sso.idp.sign(xml, 'LogoutRequest', { key: stranger })))],
    ['V-A14: 30 KB that inflate to 30 MiB', () => redirect(t, signedQuery('a'.repeat(30 * 1024 * 1024), sso.idp.key))],
    ['V-A14: what no header has room for', () => redirect(t, signedQuery('a'.repeat(64 * 1024 * 1024), sso.idp.key))],
  ]
  const before = await hashDatabase(t.db)
  for (const [what, attempt] of attempts) {
    const answer = await attempt()
    assert.equal(answer.status, what.includes('no header') ? 431 : 403, what)
    assert.equal(await hashDatabase(t.db), before, what)
  }
  const request = signedQuery(logoutXml(sso), sso.idp.key)
  t.clock.advance(7 * 60_000 + 1)
  assert.equal((await redirect(t, request)).status, 403)
  assert.deepEqual(await sessionsOf(t), ['session-1'])
  const fresh = signedQuery(logoutXml(sso), sso.idp.key)
  assert.equal((await redirect(t, fresh)).status, 303)
  assert.equal((await redirect(t, fresh)).status, 403)
})

test('V-A14: what inflates to more than a request needs is refused by whoever inflates it, early', async () => {
  const idp = new TestIdp()
  // As much as the limit of the field lets through.
  const query = signedQuery('a'.repeat(140 * 1024 * 1024), idp.key)
  const before = process.memoryUsage().rss
  const started = performance.now()
  const expected = { entityId: '', certificates: [idp.key.certificate], logoutUrl: '', now: 0 }
  await assert.rejects(verifyLogoutRequest({ binding: 'redirect', query }, expected), (error) => {
    assert.ok(error instanceof SamlRefusal)
    assert.equal(error.reason, 'SAML-01: it does not inflate, or to too much')
    assert.ok(error.cause instanceof RangeError && 'code' in error.cause, String(error.cause))
    assert.equal(error.cause.code, 'ERR_BUFFER_TOO_LARGE')
    return true
  })
  assert.ok(performance.now() - started < 500, `${performance.now() - started} ms`)
  assert.ok(process.memoryUsage().rss - before < 100 * 1024 * 1024)
})

test('V-A13: the RelayState that goes back to the IdP is the one its signature covers', async () => {
  await using t = await startTestApp()
  const sso = await startSso(t)
  const stateFor = async (query: string) => {
    const answer = await redirect(t, query)
    assert.equal(answer.status, 303, answer.text)
    return new URL(String(answer.headers.location)).searchParams.get('RelayState')
  }
  const signed = (relayState = '') => signedQuery(logoutXml(sso), sso.idp.key, { relayState })
  for (const [query, expected] of [
    [signed(), null],
    [`${signed()}&Relay%53tate=evil`, null],
    [`Relay%53tate=evil&${signed('theirs')}`, 'theirs'],
    [signed('a b+c&d=%é'), 'a b+c&d=%é'],
  ] as const)
    assert.equal(await stateFor(query), expected, query)
})

test('all logins of a person end, however many they are', async () => {
  await using t = await startTestApp()
  const sso = await startSso(t)
  await sso.signIn()
  const { user_id: userId } = await t.db.selectFrom('sessions').select('user_id').executeTakeFirstOrThrow()
  const saml = { connectionId: sso.connection.id, nameId: 'person-1', sessionIndex: 'more', notOnOrAfter: 0 }
  await inTransaction(t.operator(), async (ctx) => {
    for (let count = 1; count < 120; count += 1)
      await startSession(ctx, { userId, method: 'saml', secondFactor: '', saml })
  })
  assert.equal((await sessionsOf(t)).length, 120)
  const all = await redirect(t, signedQuery(logoutXml(sso, { sessionIndexes: [] }), sso.idp.key))
  assert.equal(all.status, 303, all.text)
  assert.deepEqual(await sessionsOf(t), [])
})

test('whoever signs out here is led on to the IdP, with the name it knows', async () => {
  await using t = await startTestApp()
  const sso = await startSso(t)
  const signedIn = await sso.signIn()
  const cookie = String(signedIn.headers['set-cookie']).split(';')[0] ?? ''
  const { csrf_token: csrf } = await t.db.selectFrom('sessions').select('csrf_token').executeTakeFirstOrThrow()
  const send = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
    t.request('POST', '/auth/saml/sign-out', {
      token: null,
      rawBody: new URLSearchParams(fields).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', cookie, ...headers },
    })
  for (const refused of [
    await send({}),
    await send({ csrf: 'wrong' }),
    await send({ csrf }, { 'sec-fetch-site': 'cross-site' }),
  ])
    assert.equal(refused.status, 401)
  assert.deepEqual(await sessionsOf(t), ['session-1'])
  const answer = await send({ csrf })
  assert.equal(answer.status, 200)
  assert.deepEqual(await sessionsOf(t), [])
  const address = /content="0; url=([^"]+)"/.exec(answer.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
  const url = new URL(address)
  assert.equal(url.origin + url.pathname, sso.idp.logoutUrl)
  const xml = inflateRawSync(Buffer.from(url.searchParams.get('SAMLRequest') ?? '', 'base64')).toString()
  assert.match(xml, /<saml:NameID Format="[^"]*persistent">person-1<.*SessionIndex[^>]*>session-1</)
  assert.equal((await t.get('/auth/saml/okta/logout?SAMLResponse=x', { token: null })).status, 200)
})
