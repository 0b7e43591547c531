import assert from 'node:assert/strict'
import { test } from 'node:test'
import { idp, reasonFor, sp, values } from './testdata/expectation.ts'
import { encryptXml, toField } from './testdata/test-idp.ts'

const keyPattern = /<e:EncryptedKey .*?<\/e:EncryptedKey>/s
const ownKeyInfo = /<KeyInfo>.*<\/KeyInfo>/s

/** A response whose assertion alone is signed: whoever carries it can write what they like around the cipher. */
async function carried(edit: (xml: string, key: string) => string = (xml) => xml): Promise<string> {
  const xml = await idp.respondXml(values, { encryptFor: sp.certificate, response: false })
  return reasonFor(toField(edit(xml, keyPattern.exec(xml)?.[0] ?? '')), { signed: 'assertion' })
}

/** The key stands behind the data, and the data refers to it. */
const withReference = (uri: string, keyAttributes = ' Id="_key"') =>
  carried((xml, key) => {
    const moved = key.replace(' ', `${keyAttributes} xmlns="http://www.w3.org/2000/09/xmldsig#" `)
    return xml
      .replace(keyPattern, `<RetrievalMethod URI="${uri}"/>`)
      .replace('</xenc:EncryptedData>', `</xenc:EncryptedData>${moved}`)
  })

test('V-A5, V-A14: what refers to the encrypted key is its name: the library makes an XPath of it', async () => {
  const hostile = `#' or count(//*[count(//*[//*])=0])=0 or '`
  assert.equal(await withReference('#_key'), 'accepted person-1')
  for (const uri of [hostile, '#_other', '_key', 'x_key', '#', ''])
    assert.equal(await withReference(uri), 'SAML-08: a reference to something else than the encrypted key', uri)
  for (const uri of [hostile, '#', '#undefined'])
    assert.equal(await withReference(uri, ''), 'SAML-08: a reference to something else than the encrypted key', uri)
  const inside = (xml: string) =>
    xml
      .replace('<e:EncryptedKey', '<e:EncryptedKey Id="_key"')
      .replace(ownKeyInfo, '<KeyInfo><RetrievalMethod URI="#_key"/></KeyInfo>')
  assert.match(await carried((xml, key) => xml.replace(key, inside(key))), /^SAML-08: a reference .* another place/)
})

test('V-A5: the key is one, and no other is hidden in what it says of itself', async () => {
  const hidden = (key: string) =>
    `<KeyInfo>${key.replace(/ Algorithm="[^"]*"/, ' Algorithm="http://www.w3.org/2001/04/xmlenc#rsa-1_5"')}</KeyInfo>`
  assert.equal(await carried(), 'accepted person-1')
  assert.equal(await carried((xml) => xml.replace(keyPattern, '')), 'SAML-08: not exactly one encrypted key')
  assert.equal(
    await carried((xml, key) => xml.replace(key, key.replace(ownKeyInfo, hidden(key)))),
    'SAML-08: not exactly one encrypted key',
  )
})

test('V-A5: what was encrypted is an assertion, and passes the checks that it would have to pass unencrypted', async () => {
  const genuine =
    /<saml:Assertion .*<\/saml:Assertion>/s.exec(await idp.respondXml(values, { response: false }))?.[0] ?? ''
  const encrypted = async (text: string) => {
    const xml = await idp.respondXml(values, { response: false, assertion: false })
    const carrier = `<saml:EncryptedAssertion>${await encryptXml(text, { encryptFor: sp.certificate })}</saml:EncryptedAssertion>`
    return reasonFor(toField(xml.replace(/<saml:Assertion .*<\/saml:Assertion>/s, carrier)), { signed: 'assertion' })
  }
  assert.equal(await encrypted(genuine), 'accepted person-1')
  for (const [from, to, reason] of [
    [/saml:Assertion\b/g, 'saml:Issuer', 'SAML-07: no assertion was encrypted'],
    [/SAML:2.0:assertion/g, 'SAML:1.0:assertion', 'SAML-07: no assertion was encrypted'],
    ['<saml:Subject>', '<saml:Advice/><saml:Subject>', 'SAML-04: an element in the wrong place'],
    ['<saml:Subject>', '<!-- --><saml:Subject>', 'SAML-02: a document type, comment or CDATA'],
  ] as const)
    assert.equal(await encrypted(genuine.replace(from, to)), reason)
})
