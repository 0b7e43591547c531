import type { Element } from '@xmldom/xmldom'
import { isAllowedDigest, isAllowedSignature, isStrongKey } from '../algorithms.ts'
import { require } from '../saml-refusal.ts'
import { attributeOf, childrenOf, ds, onlyChild } from '../xml.ts'

/**
 * SAML-08: nothing but SHA-2 with RSA of 2,048 bits or an elliptic curve, whatever the library knows beside.
 * Ciphers are checked where something is decrypted, canonicalisation and transforms where a signature is verified:
 * before either is used.
 */
export function checkAlgorithms(elements: readonly Element[], certificates: readonly string[]): void {
  require(certificates.every(isStrongKey), 'SAML-08: a pinned key is too weak')
  for (const signature of elements.flatMap((element) => childrenOf(element, ds, 'Signature'))) {
    const signedInfo = onlyChild(signature, ds, 'SignedInfo', 'SAML-08')
    const method = attributeOf(onlyChild(signedInfo, ds, 'SignatureMethod', 'SAML-08'), 'Algorithm') ?? ''
    require(isAllowedSignature(method), 'SAML-08: a signature algorithm that is not allowed')
    const reference = onlyChild(signedInfo, ds, 'Reference', 'SAML-08')
    const digest = attributeOf(onlyChild(reference, ds, 'DigestMethod', 'SAML-08'), 'Algorithm') ?? ''
    require(isAllowedDigest(digest), 'SAML-08: a digest that is not allowed')
  }
}
