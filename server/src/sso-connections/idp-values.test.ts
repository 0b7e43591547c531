import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { certificates } from './testdata/certificates.ts'
import { bare, idp, key, post, redirect, rich, service, serviceProvider, several } from './testdata/metadata.ts'

const url = '/api/muster/sso-connections'
let t: TestApp
let made = 0

before(async () => {
  t = await startTestApp()
})

after(() => t[Symbol.asyncDispose]())

async function create(idpValues: object) {
  const alias = `idp-${(made += 1)}`
  const answer = await t.post(url, { alias, ...idpValues })
  if (answer.status === 200) assert.equal((await t.delete(`${url}/${answer.json.id}`)).status, 200)
  return answer
}

function byHand(values: object = {}): object {
  return {
    entityId: 'https://idp.example.com/metadata',
    signOnUrl: 'https://idp.example.com/sso',
    certificates: [certificates.rsa],
    ...values,
  }
}

test('metadata gives entity id, sign-on and logout addresses, and the keys marked for signing', async () => {
  const { json, status, text } = await create({ metadataXml: rich })
  assert.equal(status, 200, text)
  const { entityId, signOnUrl, signOnBinding, logoutUrl } = json
  assert.deepEqual(
    { entityId, signOnUrl, signOnBinding, logoutUrl },
    {
      entityId: 'https://idp.example.com/metadata',
      signOnUrl: 'https://idp.example.com/sso/redirect',
      signOnBinding: 'redirect',
      logoutUrl: 'https://idp.example.com/logout',
    },
  )
  assert.deepEqual(
    json.certificates.map(({ subject, pem }: { subject: string; pem: string }) => [subject, pem]),
    [
      ['CN=idp.example.com', certificates.rsa],
      ['CN=next.idp.example.com', certificates.next],
    ],
  )
  assert.match(json.certificates[0].fingerprint, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/)
  assert.deepEqual(
    [json.certificates[0].notBefore, json.certificates[0].notAfter],
    [Date.UTC(2025, 0), Date.UTC(2045, 0)],
  )
})

test('an IdP that offers the POST binding alone is reached by it, and one among service providers is found', async () => {
  const onlyPost = await create({
    metadataXml: idp({ services: service(post, 'https://idp.example.com/sso') }),
  })
  assert.deepEqual([onlyPost.json.signOnBinding, onlyPost.json.logoutUrl], ['post', ''])
  const among = await create({ metadataXml: several(serviceProvider, idp()) })
  assert.equal(among.json.entityId, 'https://idp.example.com/metadata')
})

test('certificates come as PEM or bare base64; of several one that is good today is enough, and doubles count once', async () => {
  for (const [list, count] of [
    [[certificates.rsa], 1],
    [[bare(certificates.ec)], 1],
    [[certificates.expired, certificates.rsa], 2],
    [[certificates.future, certificates.rsa], 2],
    [[certificates.rsa, bare(certificates.rsa)], 1],
  ] as const) {
    const { status, json, text } = await create(byHand({ certificates: list }))
    assert.equal(status, 200, text)
    assert.equal(json.certificates.length, count)
  }
})

const doctype = '<!DOCTYPE x [<!ENTITY secret SYSTEM "file:///etc/passwd">]>'

test('metadata that is no document of one IdP is refused with the reason, and nothing of it is repeated', async () => {
  const refused: readonly (readonly [string, string, RegExp])[] = [
    ['empty', '', /not well-formed|no SAML metadata/],
    ['no XML', 'entityID=idp', /not well-formed/],
    ['cut off', idp().slice(0, -20), /not well-formed/],
    ['HTML', '<html><body>Sign in</body></html>', /no SAML metadata/],
    ['another namespace', idp().replaceAll('tc:SAML:2.0:metadata', 'tc:SAML:1.0:metadata'), /no SAML metadata/],
    ['a document type', `${doctype}${idp()}`, /document type or entities/],
    ['a document type in small letters', `${doctype.toLowerCase()}${idp()}`, /document type or entities/],
    ['an entity of one’s own', `${doctype}${idp({ entityId: '&secret;' })}`, /document type or entities/],
    ['a service provider', serviceProvider, /no identity provider/],
    ['SAML 1.1 alone', idp({ protocol: 'urn:oasis:names:tc:SAML:1.1:protocol' }), /no identity provider/],
    ['two IdPs', several(idp(), idp({ entityId: 'https://two.example.com' })), /several identity providers/],
    ['no sign-on address', idp({ services: '' }), /no sign-on address/],
    [
      'SOAP alone',
      idp({ services: service('urn:oasis:names:tc:SAML:2.0:bindings:SOAP', 'https://idp.example.com/sso') }),
      /no sign-on address/,
    ],
    ['no certificate', idp({ keys: '' }), /no signing certificate/],
    ['an encryption key alone', idp({ keys: key(certificates.rsa, 'encryption') }), /no signing certificate/],
    ['no entity id', idp({ entityId: '' }), /entityId/],
    ['plain http', idp({ services: service(redirect, 'http://idp.example.com/sso') }), /https/],
    ['a script', idp({ services: service(redirect, 'javascript:alert(1)') }), /https/],
  ]
  for (const [what, metadataXml, reason] of refused) {
    const { status, json } = await create({ metadataXml })
    assert.deepEqual([status, json.error], [400, 'invalid_metadata'], `${what}: ${JSON.stringify(json)}`)
    assert.match(json.message, reason, what)
    assert.doesNotMatch(json.message, /secret|passwd|root:/, what)
  }
  const large = await create({ metadataXml: idp({ entityId: 'é'.repeat(200_000) }) })
  assert.equal(large.status, 413, 'more bytes than are read')
})

test('keys that do not protect are refused: weak, over, unreadable, of another kind, none, too many', async () => {
  const refused: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /no signing certificate/],
    [[certificates.weak], /2048 bits/],
    [[certificates.rsa, certificates.weak], /2048 bits/],
    [[certificates.ed], /neither an RSA nor an EC key/],
    [[certificates.expired], /has expired/],
    [['not a certificate'], /cannot be read/],
    [[bare(certificates.rsa).slice(0, 200)], /cannot be read/],
    [[''], /cannot be read/],
  ]
  for (const [list, reason] of refused) {
    const { status, json } = await create(byHand({ certificates: list }))
    assert.deepEqual([status, json.error], [400, 'invalid_metadata'], JSON.stringify(json))
    assert.match(json.message, reason)
  }
  assert.equal((await create(byHand({ certificates: Array(5).fill(certificates.rsa) }))).json.error, 'invalid_body')
})

test('values by hand are complete, safe addresses, and never mixed with a document', async () => {
  const refused: readonly (readonly [object, string])[] = [
    [{}, 'invalid_body'],
    [{ entityId: 'https://idp.example.com' }, 'invalid_body'],
    [byHand({ metadataXml: idp() }), 'invalid_body'],
    [byHand({ trustEverything: true }), 'invalid_body'],
    [byHand({ entityId: ' ' }), 'invalid_metadata'],
    [byHand({ entityId: 'x'.repeat(1_025) }), 'invalid_body'],
    [byHand({ signOnUrl: 'http://idp.example.com/sso' }), 'invalid_metadata'],
    [byHand({ signOnUrl: 'https://user:pass@idp.example.com/sso' }), 'invalid_metadata'],
    [byHand({ signOnUrl: 'idp.example.com' }), 'invalid_metadata'],
    [byHand({ logoutUrl: 'ftp://idp.example.com' }), 'invalid_metadata'],
  ]
  for (const [values, code] of refused) {
    const { status, json } = await create(values)
    assert.deepEqual([status, json.error], [400, code], `${JSON.stringify(values)}: ${JSON.stringify(json)}`)
  }
  const standIn = await create(byHand({ signOnUrl: 'http://127.0.0.1:8443/sso' }))
  assert.equal(standIn.status, 200, 'a program on this machine may stand in for an IdP')
})
