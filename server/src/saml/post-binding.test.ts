import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp } from '../../test/start-test-app.ts'
import { createConnection } from '../sso-connections/sso-connections.service.ts'
import { SsoWorld, startSso } from './testdata/sso-world.ts'
import { TestIdp } from './testdata/test-idp.ts'
import { verifySignature } from './verify-signature.ts'
import { parseXml } from './xml.ts'

test('an IdP that takes requests by POST alone gets a signed one, from a page that leads there and nowhere else', async () => {
  await using t = await startTestApp()
  // It brings the workspace's key along.
  await startSso(t)
  const idp = new TestIdp()
  const certificate = idp.key.certificate.replaceAll(/-----[A-Z ]+-----|\s/g, '')
  const metadataXml =
    `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${idp.entityId}"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` +
    `<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>${certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>` +
    `<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${idp.signOnUrl}"/></IDPSSODescriptor></EntityDescriptor>`
  const connection = await createConnection(t.operator(), { alias: 'posting', idp: { metadataXml } })
  const page = await t.get('/auth/saml/posting/login?next=/after', { token: null })
  assert.equal(page.status, 200)
  assert.match(String(page.headers['content-security-policy']), /form-action https:\/\/idp\.example;/)
  assert.match(page.text, new RegExp(`<form method="post" action="${idp.signOnUrl}">`))
  const field = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(page.text)?.[1] ?? ''
  const xml = Buffer.from(field('SAMLRequest'), 'base64').toString()
  const metadata = (await t.get('/auth/saml/posting/metadata', { token: null })).text
  const ours = /<ds:X509Certificate>([^<]+)</.exec(metadata)?.[1]?.replaceAll(/\s/g, '') ?? ''
  const pem = `-----BEGIN CERTIFICATE-----\n${ours}\n-----END CERTIFICATE-----\n`
  const { text } = await verifySignature(xml, parseXml(xml, 'test'), { certificates: [pem], rule: 'test' })
  const requestId = / ID="([^"]+)"/.exec(text)?.[1] ?? ''
  assert.equal(field('RelayState'), requestId)
  const sso = new SsoWorld(t, { idp, connection, tenant: t.acme })
  const cookie = String(page.headers['set-cookie']).split(';')[0] ?? ''
  const begun = { requestId, cookie, location: new URL(idp.signOnUrl) }
  const answer = await sso.post(await idp.respond(sso.values(begun)), { cookie })
  assert.deepEqual([answer.status, answer.headers.location], [303, '/after'])
})
