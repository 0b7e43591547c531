import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { startTestApp } from '../../test/start-test-app.ts'
import { vaultFrom } from '../secrets/vault.ts'
import { createConnection } from '../sso-connections/sso-connections.service.ts'
import { getSpKey } from './sp-keys.service.ts'
import { TestIdp } from './testdata/test-idp.ts'

test('each workspace has one key, made when it is first asked for, sealed in the database and shown in the metadata', async () => {
  await using t = await startTestApp()
  const vault = vaultFrom('test')
  const [first, second] = await Promise.all([getSpKey(t.operator(), vault), getSpKey(t.operator(), vault)])
  assert.deepEqual(first, second)
  const other = await getSpKey(t.operator(t.other), vault)
  assert.notEqual(other.certificate, first.certificate)
  const certificate = new X509Certificate(first.certificate)
  assert.ok(certificate.checkPrivateKey(createPrivateKey(first.privateKey)))
  assert.ok(certificate.verify(createPublicKey(first.privateKey)))
  assert.deepEqual(
    [certificate.subject, certificate.publicKey.asymmetricKeyDetails?.modulusLength],
    ['CN=muster acme', 3_072],
  )
  assert.ok(Date.parse(certificate.validTo) > t.clock.now().getTime() + 19 * 365 * 86_400_000)
  const rows = await t.db.selectFrom('saml_keys').select(['tenant_id', 'private_key']).execute()
  assert.equal(rows.length, 2)
  assert.ok(rows.every(({ private_key: key }) => key.startsWith('v1.') && !key.includes('PRIVATE')))
  // A row that is copied to another workspace opens nothing there.
  const [ours] = rows.filter(({ tenant_id: id }) => id === t.acme.id)
  assert.throws(() => vault.open(ours?.private_key ?? '', `saml-key ${t.other.id}`))

  const idp = new TestIdp()
  await createConnection(t.operator(), {
    alias: 'okta',
    idp: { entityId: idp.entityId, signOnUrl: idp.signOnUrl, certificates: [idp.key.certificate] },
  })
  const { text, headers } = await t.get('/auth/saml/okta/metadata', { token: null })
  assert.match(String(headers['content-type']), /^application\/samlmetadata\+xml/)
  assert.match(text, new RegExp(`entityID="http://127.0.0.1:${t.port}/auth/saml/metadata"`))
  assert.match(text, /AuthnRequestsSigned="true"/)
  assert.match(text, /WantAssertionsSigned="true"/)
  assert.match(text, new RegExp(`Location="http://127.0.0.1:${t.port}/auth/saml/okta/acs"`))
  assert.equal(text.match(/<SingleLogoutService /g)?.length, 2)
  const shown = [...text.matchAll(/<ds:X509Certificate>([^<]+)</g)].map((match) => match[1]?.replaceAll(/\s/g, ''))
  const ourKey = first.certificate.replaceAll(/-----[A-Z ]+-----|\s/g, '')
  assert.deepEqual(shown, [ourKey, ourKey])
})
