import type { Element } from '@xmldom/xmldom'
import { isAllowedCipher, keyTransport } from './algorithms.ts'
import { checkPlainXml } from './checks/saml-02-no-doctype.ts'
import { checkStructure } from './checks/saml-04-structure.ts'
import { refuse, require } from './saml-refusal.ts'
import { attributeOf, childrenOf, descendantsOf, ds, onlyChild, parseXml, saml, toXml, xenc } from './xml.ts'

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
  // At any depth: the library takes the first it finds, and a key may say of itself how it is encrypted.
  const [key, second] = descendantsOf(encrypted, xenc, 'EncryptedKey')
  if (key === undefined || second !== undefined) return refuse('SAML-08: not exactly one encrypted key')
  const method = attributeOf(onlyChild(key, xenc, 'EncryptionMethod', 'SAML-08'), 'Algorithm')
  require(method === keyTransport, 'SAML-08: another key transport than RSA-OAEP')
  requirePlainReferences(encrypted, data, key)
}

/** The library makes an XPath of what a RetrievalMethod says: nothing but the name of the one key may get there. */
function requirePlainReferences(encrypted: Element, data: Element, key: Element): void {
  const references = descendantsOf(encrypted, ds, 'RetrievalMethod')
  const expected = childrenOf(data, ds, 'KeyInfo').flatMap((info) => childrenOf(info, ds, 'RetrievalMethod'))
  require(references.length === expected.length, 'SAML-08: a reference to a key in another place than beside the data')
  // SAML-04 has seen that ids are names, which mean nothing in an XPath.
  const id = attributeOf(key, 'Id')
  const arePlain = references.every((reference) => id !== undefined && attributeOf(reference, 'URI') === `#${id}`)
  require(arePlain, 'SAML-08: a reference to something else than the encrypted key')
}
