import assert from 'node:assert/strict'
import { test } from 'node:test'
import { idp, reasonFor, values } from './testdata/expectation.ts'
import { toField } from './testdata/test-idp.ts'

/** The genuine response and its parts. */
async function parts(signing = {}) {
  const xml = await idp.respondXml(values, signing)
  const assertion = cut(xml, 'saml:Assertion')
  const signature = cut(assertion, 'Signature')
  const evil = assertion.replace('person-1', 'admin').replace(/ ID="a/, ' ID="evil')
  return { xml, assertion, signature, evil, evilUnsigned: evil.replace(signature, '') }
}

function cut(xml: string, name: string): string {
  return new RegExp(`<${name}[ >].*?</${name}>`, 's').exec(xml)?.[0] ?? ''
}

type Parts = Awaited<ReturnType<typeof parts>>

const object = (content: string) => `<Object xmlns="http://www.w3.org/2000/09/xmldsig#">${content}</Object>`
const extensions = (content: string) => `<samlp:Extensions>${content}</samlp:Extensions>`

/** Somorovsky and others, "On Breaking SAML", figures 4 to 12, and what came after. */
const wrappings: Readonly<Record<string, (parts: Parts) => string>> = {
  'XSW1: the signed response inside the signature of an evil one': ({ xml, assertion, evil }) => {
    const outer = xml.replace(assertion, evil).replace(/ ID="r/, ' ID="evil-r')
    const signature = cut(outer, 'Signature')
    return outer.replace(signature, signature.replace('</Signature>', `${object(xml)}</Signature>`))
  },
  'XSW2: the signed response beside the signature': ({ xml, assertion, evil }) => {
    const outer = xml.replace(assertion, evil).replace(/ ID="r/, ' ID="evil-r')
    return outer.replace('<samlp:Status>', `${xml}<samlp:Status>`)
  },
  'XSW3: an evil assertion before the signed one': ({ xml, assertion, evilUnsigned }) =>
    xml.replace(assertion, evilUnsigned + assertion),
  'XSW3 behind it': ({ xml, assertion, evilUnsigned }) => xml.replace(assertion, assertion + evilUnsigned),
  'XSW4: the signed assertion inside an evil one': ({ xml, assertion, evilUnsigned }) =>
    xml.replace(assertion, evilUnsigned.replace('</saml:Assertion>', `${assertion}</saml:Assertion>`)),
  'XSW5: an evil assertion with the signature, the original moved behind': ({ xml, assertion, signature, evil }) =>
    xml.replace(assertion, evil + assertion.replace(signature, '')),
  'XSW6: the original inside the signature of an evil assertion': ({ xml, assertion, signature, evil }) =>
    xml.replace(
      assertion,
      evil.replace(
        signature,
        signature.replace('</Signature>', `${object(assertion.replace(signature, ''))}</Signature>`),
      ),
    ),
  'XSW7: an evil assertion in Extensions': ({ xml, evil }) =>
    xml.replace('<samlp:Status>', `${extensions(evil)}<samlp:Status>`),
  'XSW7: the original in Extensions': ({ xml, assertion, evil }) =>
    xml.replace(assertion, evil).replace('<samlp:Status>', `${extensions(assertion)}<samlp:Status>`),
  'XSW8: the original in an Object of the signature': ({ xml, assertion, signature, evil }) =>
    xml.replace(
      assertion,
      evil.replace(signature, signature.replace('</Signature>', `${object(assertion)}</Signature>`)),
    ),
  'Advice around the original': ({ xml, assertion, evil }) =>
    xml.replace(
      assertion,
      evil.replace('<saml:AuthnStatement', `<saml:Advice>${assertion}</saml:Advice><saml:AuthnStatement`),
    ),
  'the same id twice': ({ xml, assertion, evil }) =>
    xml.replace(assertion, evil.replace(/ ID="evil/, ' ID="a') + assertion),
  'an id under another name': ({ xml, assertion, evil }) =>
    xml.replace(assertion, evil.replace(/ ID="evil([^"]*)"/, ' ID="x" Id="a$1"')),
  'an id in a namespace': ({ xml }) => xml.replace('<saml:Subject>', `<saml:Subject xmlns:e="urn:e" e:ID="a">`),
  'another prefix for the same namespace': ({ xml, assertion, evilUnsigned }) =>
    xml.replace(assertion, evilUnsigned.replaceAll('saml:', 'x:').replace('xmlns:x=', 'xmlns:x=') + assertion),
  'the signature moved to the response': ({ xml, signature, assertion }) =>
    xml.replace(assertion, assertion.replace(signature, '')).replace('<samlp:Status>', `${signature}<samlp:Status>`),
  'a digest that a comment splits (CVE-2025-29775)': ({ xml, assertion }) => {
    const forged = assertion.replace('person-1', 'admin')
    return xml.replace(assertion, forged.replace(/<DigestValue>([^<]*)</, '<DigestValue><!--YWJj-->$1<'))
  },
  'a SignedInfo twice (CVE-2025-29774)': ({ xml }) => xml.replace(/<SignedInfo>.*?<\/SignedInfo>/s, '$&$&'),
  'a reference twice': ({ xml }) => xml.replace(/<Reference .*?<\/Reference>/s, '$&$&'),
  'a reference to nothing': ({ xml }) => xml.replaceAll(/URI="#[^"]*"/g, 'URI=""'),
  'a reference to another element': ({ xml }) => xml.replace(/URI="#a/, 'URI="#r'),
  'a transform more': ({ xml }) =>
    xml.replace('</Transforms>', '<Transform Algorithm="http://www.w3.org/2000/09/xmldsig#base64"/></Transforms>'),
  'no signature value': ({ xml }) => xml.replaceAll(/<SignatureValue>[^<]*/g, '<SignatureValue>AAAA'),
}

const scopes = { 'response and assertion signed': {}, 'assertion signed alone': { response: false } } as const

test('V-A1: no wrapping of a genuine response brings in another identity, whatever the connection has signed', async () => {
  let tried = 0
  for (const [scope, signing] of Object.entries(scopes)) {
    const genuine = await parts(signing)
    const signed = signing === scopes['assertion signed alone'] ? 'assertion' : 'response_and_assertion'
    assert.equal(await reasonFor(toField(genuine.xml), { signed }), 'accepted person-1')
    for (const [name, wrap] of Object.entries(wrappings)) {
      const wrapped = wrap(genuine)
      assert.notEqual(wrapped, genuine.xml, `${name} changes nothing`)
      assert.match(await reasonFor(toField(wrapped), { signed }), /^(SAML-0[2-7]|identity): /, `${name}, ${scope}`)
      tried += 1
    }
  }
  assert.ok(tried >= 40)
})

test('V-A6: a key that the signature brings along is not looked at', async () => {
  const { makeKey } = await import('./testdata/keys.ts')
  const stranger = makeKey('stranger')
  const xml = await idp.respondXml(values, { key: stranger })
  assert.match(xml, /<X509Certificate>/)
  assert.equal(await reasonFor(toField(xml)), 'SAML-06: no pinned key made the signature')
})

test('V-A6: an HMAC keyed with the public key is no signature', async () => {
  const xml = (await idp.respondXml(values)).replaceAll(
    'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    'http://www.w3.org/2000/09/xmldsig#hmac-sha1',
  )
  assert.equal(await reasonFor(toField(xml)), 'SAML-06: no pinned key made the signature')
})

test('V-A14: what is too large, too deep or no base64 is refused at once, and little is kept of it', async () => {
  const before = process.memoryUsage().rss
  const xml = await idp.respondXml(values)
  const deep = '<saml:Advice>'.repeat(5_000) + '</saml:Advice>'.repeat(5_000)
  for (const [field, rule] of [
    ['A'.repeat(256 * 1024 + 4), 'SAML-01'],
    [toField(' '.repeat(192 * 1024 + 1)), 'SAML-01'],
    ['not base64!', 'SAML-01'],
    ['', 'SAML-01'],
    [toField(xml.replace('<samlp:Status>', `${deep}<samlp:Status>`)), 'SAML-04'],
    [
      toField(`<!DOCTYPE a [<!ENTITY b "${'c'.repeat(1000)}">]>${xml.replace('person-1', '&b;'.repeat(100))}`),
      'SAML-02',
    ],
  ] as const) {
    const started = performance.now()
    assert.match(await reasonFor(field), new RegExp(`^${rule}: `))
    assert.ok(performance.now() - started < 500, `${rule} took ${performance.now() - started} ms`)
  }
  assert.ok(process.memoryUsage().rss - before < 100 * 1024 * 1024)
})
