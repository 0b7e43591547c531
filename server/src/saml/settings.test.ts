import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import type { Answer } from '../../test/test-client.ts'
import { issueServiceToken } from '../api-tokens/api-tokens.service.ts'
import { verifyDomainByOperator } from '../domains/domains.service.ts'
import { releaseSso } from './enforcement.service.ts'
import { makeKey } from './testdata/keys.ts'
import { startSso, type SsoWorld } from './testdata/sso-world.ts'
import { TestIdp } from './testdata/test-idp.ts'

const url = '/api/muster/sso-connections'

/** A token that may change how people sign in; set-ups are kept as code with it. */
async function settingsToken(t: TestApp): Promise<string> {
  const input = {
    displayName: 'set-up',
    role: '$admin',
    rights: ['sign-in-settings'],
    lifetimeSeconds: null,
    secret: null,
  } as const
  return (await issueServiceToken(t.operator(), input)).secret
}

/** An admin who signed in a moment ago, as the console acts for one. */
function adminToken(t: TestApp, userId: string): Promise<string> {
  return t.sessionToken(userId)
}

test('a preset brings what the IdP signs, and what is said beside it wins', async () => {
  await using t = await startTestApp()
  const token = await settingsToken(t)
  const idp = new TestIdp()
  for (const [preset, signed] of [
    ['generic', 'response_and_assertion'],
    ['okta', 'response_and_assertion'],
    ['keycloak', 'response_and_assertion'],
    ['entra', 'assertion'],
    ['google', 'assertion'],
  ] as const) {
    const { status, json } = await t.post(url, idp.settings(preset, { preset }), { token })
    assert.deepEqual([status, json.preset, json.signed], [200, preset, signed])
    assert.equal(json.allowsIdpInitiated, false)
    assert.equal(json.serviceProvider.acsUrl, `http://127.0.0.1:${t.port}/auth/saml/${preset}/acs`)
  }
  const { json } = await t.post(url, idp.settings('strict', { preset: 'entra', signed: 'response_and_assertion' }), {
    token,
  })
  assert.equal(json.signed, 'response_and_assertion')
  const changed = await t.post(`${url}/${json.id}`, { allowsIdpInitiated: true }, { token })
  assert.deepEqual(
    [changed.json.preset, changed.json.signed, changed.json.allowsIdpInitiated],
    ['entra', 'response_and_assertion', true],
  )
  const rules = await t.post(`${url}/${json.id}`, { roleRules: [{ value: 'a', role: '$admin' }] }, { token })
  assert.deepEqual([rules.status, rules.json.error], [400, 'invalid_body'])
})

test('certificates that run out within thirty days, or have, are warned of', async () => {
  await using t = await startTestApp()
  const token = await settingsToken(t)
  const idp = new TestIdp()
  const soon = makeKey('soon', { until: '2026-01-20' })
  const { json } = await t.post(
    url,
    { ...idp.settings('okta'), certificates: [idp.key.certificate, soon.certificate] },
    { token },
  )
  assert.deepEqual(json.warnings, ['The certificate CN=soon runs out on 2026-01-20; add the next one before that.'])
  t.clock.advance(20 * 86_400_000)
  const later = await t.get(`${url}/${json.id}`)
  assert.deepEqual(later.json.warnings, ['The certificate CN=soon ran out on 2026-01-20 and is not used any more.'])
})

test('V-A7: metadata without a signing key leaves nothing configured, and a response is not even looked at', async () => {
  await using t = await startTestApp()
  const token = await settingsToken(t)
  const expired = makeKey('expired', { until: '2025-06-01' })
  const metadata = (key: string) =>
    `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example/entity"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">${key}<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/sso"/></IDPSSODescriptor></EntityDescriptor>`
  const keyOf = (pem: string, use: string) =>
    `<KeyDescriptor${use}><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>${pem.replaceAll(/-----[A-Z ]+-----|\s/g, '')}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>`
  const good = makeKey('good').certificate
  for (const [what, xml] of [
    ['no key', metadata('')],
    ['a key for encryption', metadata(keyOf(good, ' use="encryption"'))],
    ['a key without use', metadata(keyOf(good, ''))],
    ['a key that has expired', metadata(keyOf(expired.certificate, ' use="signing"'))],
    [
      'an address that is a script',
      metadata(keyOf(good, ' use="signing"')).replace('https://idp.example/sso', 'javascript:alert(1)'),
    ],
    ['a document type', `<!DOCTYPE a>${metadata(keyOf(good, ' use="signing"'))}`],
  ] as const) {
    const { status, json } = await t.post(url, { alias: 'okta', metadataXml: xml }, { token })
    assert.deepEqual([status, json.error], [400, 'invalid_metadata'], what)
  }
  assert.equal((await t.get('/auth/saml/okta/login', { token: null })).status, 404)
  const accepted = await t.post(url, { alias: 'okta', metadataXml: metadata(keyOf(good, ' use="signing"')) }, { token })
  assert.equal(accepted.status, 200)
})

test('an address for metadata is fetched from the public internet alone', async () => {
  await using t = await startTestApp()
  const token = await settingsToken(t)
  for (const metadataUrl of [
    'https://127.0.0.1/metadata',
    'http://example.com/metadata',
    'https://localhost:8443/',
    'file:///etc/passwd',
  ]) {
    const { status, json } = await t.post(url, { alias: 'okta', metadataUrl }, { token })
    assert.deepEqual([status, json.error], [400, 'invalid_metadata'], metadataUrl)
    assert.match(json.message, /cannot be fetched/)
  }
})

async function runTest(
  t: TestApp,
  sso: SsoWorld,
  token: string,
  values: object,
): Promise<{ page: string; record: Answer['json'] }> {
  const created = await t.post(`${url}/${sso.connection.id}/tests`, undefined, { token })
  assert.equal(created.status, 200, created.text)
  const secret = new URL(created.json.url).searchParams.get('test') ?? ''
  const begun = await sso.begin({ test: secret })
  assert.equal(begun.location.searchParams.has('SAMLRequest'), true)
  const answer = await sso.post(await sso.idp.respond(sso.values(begun, values)), { cookie: begun.cookie })
  const { json } = await t.get(`/api/muster/sso-tests/${created.json.id}`)
  return { page: answer.text, record: json }
}

test('a test shows what each attribute is used for, and leaves nothing behind', async () => {
  await using t = await startTestApp()
  const sso = await startSso(t, {
    isEnabled: false,
    options: { roleAttribute: 'role', roleRules: [{ value: 'boss', role: '$admin' }] },
  })
  const attributes = { email: ['new@example.com'], firstName: ['New'], role: ['boss'], color: ['blue', '<b>red</b>'] }
  const { page, record } = await runTest(t, sso, await settingsToken(t), { attributes })
  assert.deepEqual([record.state, record.reason, record.outcome], ['passed', '', 'would get a new account, new'])
  assert.deepEqual(
    record.attributes.map(({ name, meaning }: { name: string; meaning: string[] }) => [name, meaning]),
    [
      ['email', ['email']],
      ['firstName', ['firstName']],
      ['role', ['role $admin']],
      ['color', []],
    ],
  )
  assert.match(page, /The test worked/)
  assert.match(page, /&lt;b&gt;red/)
  assert.equal((await t.get('/api/service/users')).json.records.length, 0)
  assert.deepEqual(await t.db.selectFrom('sessions').select('id').execute(), [])
  assert.deepEqual(await t.db.selectFrom('external_identities').select('user_id').execute(), [])
})

test('a test that fails tells its admin why, and its address works once and for ten minutes', async () => {
  await using t = await startTestApp()
  const sso = await startSso(t)
  const token = await settingsToken(t)
  const failed = await runTest(t, sso, token, { audience: 'https://elsewhere.example' })
  assert.deepEqual([failed.record.state, failed.record.reason], ['failed', 'SAML-13: another audience'])
  assert.match(failed.page, /SAML-13: another audience/)
  const created = await t.post(`${url}/${sso.connection.id}/tests`, undefined, { token })
  const path = new URL(created.json.url).pathname + new URL(created.json.url).search
  const open = () => t.get(path, { token: null })
  assert.equal((await open()).status, 303)
  assert.equal((await open()).status, 404)
  const second = await t.post(`${url}/${sso.connection.id}/tests`, undefined, { token })
  t.clock.advance(10 * 60_000)
  assert.equal((await t.get(`/auth/saml/okta/login${new URL(second.json.url).search}`, { token: null })).status, 404)
})

test('SSO is enforced only by an admin who has just tried it and would get in', async () => {
  await using t = await startTestApp()
  const sso = await startSso(t)
  const admin = await t.addUser('admin1', '$admin')
  const another = await t.addUser('admin2', '$admin')
  await verifyDomainByOperator(t.operator(), 'example.com')
  const enforce = async (token: string, enforced = true) =>
    t.post(`${url}/${sso.connection.id}/enforce`, { enforced }, { token })
  const refused = async (token: string) => {
    const { status, json } = await enforce(token)
    assert.deepEqual([status, json.error], [409, 'sso_untested'])
  }
  const token = await adminToken(t, admin.id)
  await refused(token)
  // As somebody else, with somebody else's test, with a program's, or before the last change: none of that counts.
  await runTest(t, sso, token, { attributes: { email: [another.email] } })
  await refused(token)
  await runTest(t, sso, await settingsToken(t), { attributes: { email: [admin.email] } })
  await refused(token)
  await refused(await settingsToken(t))
  const { record } = await runTest(t, sso, token, { attributes: { email: [admin.email] } })
  assert.equal(record.outcome, 'would sign in as admin1')
  await refused(await adminToken(t, another.id))
  t.clock.advance(1)
  await t.post(`${url}/${sso.connection.id}`, { displayName: 'New name' }, { token })
  await refused(token)
  await runTest(t, sso, token, { attributes: { email: [admin.email] } })
  assert.equal((await enforce(token)).status, 200)
  const invited = await t.post('/api/service/users', { emails: ['new@example.com'], roleName: '$member' })
  assert.deepEqual([invited.status, invited.json.error], [409, 'sso_enforced'])
  // The last way in stays open.
  for (const attempt of [
    () => t.post(`${url}/${sso.connection.id}`, { enabled: false }, { token }),
    () => t.delete(`${url}/${sso.connection.id}`, { token }),
  ]) {
    const { status, json } = await attempt()
    assert.deepEqual([status, json.error], [409, 'sso_enforced'])
  }
  await releaseSso(t.operator())
  const after = await t.post('/api/service/users', { emails: ['new@example.com'], roleName: '$member' })
  assert.equal(after.status, 200)
})
