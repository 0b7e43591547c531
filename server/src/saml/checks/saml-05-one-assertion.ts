import type { Element } from '@xmldom/xmldom'
import { refuse } from '../saml-refusal.ts'
import { elementsOf, saml } from '../xml.ts'

/** The assertion as the response carries it. */
export interface CarriedAssertion {
  readonly element: Element
  readonly isEncrypted: boolean
}

/** SAML-05: exactly one Assertion or EncryptedAssertion, directly below the Response; SAML-04 knows no other place. */
export function checkOneAssertion(response: Element): CarriedAssertion {
  const carried = elementsOf(response).filter(
    ({ namespaceURI, localName }) =>
      namespaceURI === saml && (localName === 'Assertion' || localName === 'EncryptedAssertion'),
  )
  const [element, second] = carried
  if (element === undefined) return refuse('SAML-05: no assertion')
  if (second !== undefined) return refuse('SAML-05: more than one assertion')
  return { element, isEncrypted: element.localName === 'EncryptedAssertion' }
}
