import type { Element } from '@xmldom/xmldom'
import { isAllowedCipher, keyTransport } from './algorithms.ts'
import { checkPlainXml } from './checks/saml-02-no-doctype.ts'
import { checkStructure } from './checks/saml-04-structure.ts'
import { refuse, require } from './saml-refusal.ts'
import { attributeOf, childrenOf, ds, onlyChild, parseXml, saml, toXml, xenc } from './xml.ts'

/**
 * The assertion inside an EncryptedAssertion, as a document of its own that has passed the same first checks.
 * All refusals after the cipher was chosen are one: whoever sends guesses learns nothing from them.
 *
 * @throws SamlRefusal
 * @source contract/security-and-reliability.md SAML-08, V-A5
 */
export async function decryptAssertion(
  encrypted: Element,
  { key, isSignedOver }: { readonly key: string; readonly isSignedOver: boolean },
): Promise<{ text: string; element: Element }> {
  requireAllowedCiphers(encrypted, isSignedOver)
  const { decryptXml } = await import('@node-saml/node-saml/lib/xml.js')
  let decrypted: string
  try {
    decrypted = await decryptXml(toXml(encrypted), key)
  } catch (error) {
    return refuse('SAML-07: the assertion cannot be decrypted', error)
  }
  const text = checkPlainXml(decrypted)
  const element = parseXml(text, 'SAML-07')
  require(element.namespaceURI === saml && element.localName === 'Assertion', 'SAML-07: no assertion was encrypted')
  checkStructure(element)
  return { text, element }
}

function requireAllowedCiphers(encrypted: Element, isSignedOver: boolean): void {
  const data = onlyChild(encrypted, xenc, 'EncryptedData', 'SAML-08')
  const cipher = attributeOf(onlyChild(data, xenc, 'EncryptionMethod', 'SAML-08'), 'Algorithm') ?? ''
  require(isAllowedCipher(cipher, isSignedOver), 'SAML-08: a cipher that is not authenticated, or not known')
  const inside = childrenOf(data, ds, 'KeyInfo').flatMap((info) => childrenOf(info, xenc, 'EncryptedKey'))
  const keys = [...inside, ...childrenOf(encrypted, xenc, 'EncryptedKey')]
  require(keys.length === 1, 'SAML-08: not exactly one encrypted key')
  for (const key of keys) {
    const method = attributeOf(onlyChild(key, xenc, 'EncryptionMethod', 'SAML-08'), 'Algorithm')
    require(method === keyTransport, 'SAML-08: another key transport than RSA-OAEP')
  }
}
