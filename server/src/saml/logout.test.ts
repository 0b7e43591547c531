import assert from 'node:assert/strict'
import { createSign } from 'node:crypto'
import { test } from 'node:test'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { hashDatabase } from '../../test/database-hash.ts'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { makeKey, type TestKey } from './testdata/keys.ts'
import { startSso, type SsoWorld } from './testdata/sso-world.ts'
import { toField } from './testdata/test-idp.ts'

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
    ['V-A14: 1 MiB that inflates to 1 GiB', () => redirect(t, signedQuery('a'.repeat(64 * 1024 * 1024), sso.idp.key))],
  ]
  const before = await hashDatabase(t.db)
  for (const [what, attempt] of attempts) {
    const answer = await attempt()
    assert.ok(answer.status === 403 || answer.status === 431, `${what}: ${answer.status}`)
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

test('an account is linked by whoever is signed in with it, and to nobody else', async () => {
  await using t = await startTestApp()
  const sso = await startSso(t)
  const user = await t.addUser('person1')
  const {
    cookie: session,
    session: { csrfToken },
  } = await t.startSession(user.id)
  const page = await t.get('/auth/saml/okta/link', { token: null, headers: { cookie: `muster=${session}` } })
  assert.equal(page.status, 200)
  const leading = await t.request('POST', '/auth/saml/okta/link', {
    token: null,
    rawBody: new URLSearchParams({ csrf: csrfToken }).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', cookie: `muster=${session}` },
  })
  assert.equal(leading.status, 200, leading.text)
  const url = new URL(/content="0; url=([^"]+)"/.exec(leading.text)?.[1]?.replaceAll('&amp;', '&') ?? '')
  const xml = inflateRawSync(Buffer.from(url.searchParams.get('SAMLRequest') ?? '', 'base64')).toString()
  const begun = {
    requestId: / ID="([^"]+)"/.exec(xml)?.[1] ?? '',
    cookie: String(leading.headers['set-cookie']).split(';')[0] ?? '',
    location: url,
  }
  const values = sso.values(begun, { attributes: { email: ['quite.another@elsewhere.example'] } })
  const linked = await sso.post(await sso.idp.respond(values), { cookie: begun.cookie })
  assert.deepEqual([linked.status, linked.headers.location], [303, '/auth/account'])
  const identities = await t.db.selectFrom('external_identities').select('user_id').execute()
  assert.deepEqual(identities, [{ user_id: user.id }])
  assert.equal((await sso.signIn()).status, 303)
})
