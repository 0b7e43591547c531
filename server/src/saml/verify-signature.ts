import type { Element } from '@xmldom/xmldom'
import type { SignedXml } from 'xml-crypto'
import { enveloped, exclusiveC14n, hashAlgorithms, signatureAlgorithms } from './algorithms.ts'
import { refuse, require } from './saml-refusal.ts'
import { attributeOf, childrenOf, ds, onlyChild, parseXml, toXml } from './xml.ts'

/** What a signature covers: the text, and the element it is. */
export interface Verified {
  readonly text: string
  readonly element: Element
}

/**
 * The element as its signature covers it: canonical text to parse anew, so that nothing unsigned can be read.
 * The signature is a child of the element, has one reference, to the element itself, and is made with a pinned key.
 *
 * @param text the whole document, as it was parsed
 * @throws SamlRefusal
 * @source contract/security-and-reliability.md SAML-06, SAML-07, V-A1, V-A4, V-A6
 */
export async function verifySignature(
  text: string,
  element: Element,
  { certificates, rule }: { readonly certificates: readonly string[]; readonly rule: string },
): Promise<Verified> {
  const { SignedXml } = await import('xml-crypto')
  const signature = onlyChild(element, ds, 'Signature', rule)
  requireOwnReference(element, signature, rule)
  // One by one: no work for the others once one of them is right.
  const signed = certificates
    .values()
    .map((certificate) => signedText(text, signature, new SignedXml({ publicCert: certificate, getCertFromKeyInfo })))
    .find((candidate) => candidate !== undefined)
  if (signed === undefined) return refuse(`${rule}: no pinned key made the signature`)
  const verified = parseXml(signed, rule)
  require(verified.namespaceURI === element.namespaceURI &&
    verified.localName === element.localName &&
    attributeOf(verified, 'ID') === attributeOf(element, 'ID'), `${rule}: the signature covers something else`)
  return { text: signed, element: verified }
}

/** Both readers of a document must find what the signature is about in the same place: around it. */
function requireOwnReference(element: Element, signature: Element, rule: string): void {
  const id = attributeOf(element, 'ID')
  const signedInfo = onlyChild(signature, ds, 'SignedInfo', rule)
  const reference = onlyChild(signedInfo, ds, 'Reference', rule)
  require(id !== undefined && attributeOf(reference, 'URI') === `#${id}`, `${rule}: the signature is of something else`)
  const transforms = childrenOf(onlyChild(reference, ds, 'Transforms', rule), ds, 'Transform')
  const names = transforms.map((transform) => attributeOf(transform, 'Algorithm'))
  require(names.length === 2 &&
    names[0] === enveloped &&
    names[1] === exclusiveC14n, `${rule}: other transforms than enveloped signature and exclusive canonicalisation`)
  const method = onlyChild(signedInfo, ds, 'CanonicalizationMethod', rule)
  require(attributeOf(method, 'Algorithm') ===
    exclusiveC14n, `${rule}: another canonicalisation than the exclusive one`)
}

/** What a signature says of its own key is not looked at. */
const getCertFromKeyInfo = (): null => null

/** Undefined when the verifier's key did not sign it. */
function signedText(text: string, signature: Element, verifier: SignedXml): string | undefined {
  verifier.SignatureAlgorithms = signatureAlgorithms
  verifier.HashAlgorithms = hashAlgorithms
  // The one that counts; SAML-04 has seen that no other spelling has the same value. Each more is a walk over everything.
  verifier.idAttributes = ['ID']
  try {
    verifier.loadSignature(toXml(signature))
    if (!verifier.checkSignature(text)) return undefined
  } catch {
    // The library throws for most of what is wrong; another pinned key may still be the right one.
    return undefined
  }
  const [signed, second] = verifier.getSignedReferences()
  return second === undefined ? signed : undefined
}
