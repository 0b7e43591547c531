import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SamlRefusal } from './saml-refusal.ts'
import { requireSameReading } from './second-reader.ts'
import { idp, values } from './testdata/expectation.ts'
import { parseXml } from './xml.ts'

async function assertionText(): Promise<string> {
  const xml = await idp.respondXml(values, { response: false })
  const text = /<saml:Assertion .*<\/saml:Assertion>/s.exec(xml)?.[0]
  assert.ok(text !== undefined)
  return text
}

test('V-A2: what one reader finds and the other does not, in whatever tells who somebody is, is refused', async () => {
  const text = await assertionText()
  await requireSameReading({ text, element: parseXml(text, 'test') })
  for (const [what, other] of [
    ['the NameID', text.replace('person-1', 'admin')],
    ['the issuer', text.replace('idp.example/entity', 'evil.example/entity')],
    ['the id', text.replace(/ ID="a/, ' ID="b')],
    ['a value', text.replace('person1@example.com', 'admin@example.com')],
    ['a value more', text.replace(/<saml:AttributeValue>a</, '<saml:AttributeValue>b</saml:AttributeValue>$&')],
    ['an attribute more', text.replace(/<saml:Attribute Name="memberOf".*?<\/saml:Attribute>/, '$&$&')],
    ['the name of an attribute', text.replace('Name="memberOf"', 'Name="role"')],
    ['a NameID more', text.replace(/<saml:NameID.*<\/saml:NameID>/, '$&$&')],
    ['nothing that can be read', text.replace('<saml:Subject>', '<saml:Subject')],
  ] as const) {
    assert.notEqual(other, text, what)
    await assert.rejects(requireSameReading({ text: other, element: parseXml(text, 'test') }), SamlRefusal, what)
  }
})

test('blanks, empty values and characters of any script are the same to both', async () => {
  const text = (await assertionText())
    .replace('>a<', '>  <')
    .replace('>b<', '><')
    .replace('person1@example.com', ' Ärger &amp; &lt;b&gt; &#x1F600; 日本 ')
  await requireSameReading({ text, element: parseXml(text, 'test') })
})
