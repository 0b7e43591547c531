import type { Element } from '@xmldom/xmldom'
import { require } from '../saml-refusal.ts'
import { attributeOf, elementsOf, onlyChild, samlp } from '../xml.ts'

const success = 'urn:oasis:names:tc:SAML:2.0:status:Success'

/** SAML-11: the IdP says success, and nothing nested takes it back. */
export function checkStatus(response: Element): void {
  const code = onlyChild(onlyChild(response, samlp, 'Status', 'SAML-11'), samlp, 'StatusCode', 'SAML-11')
  require(attributeOf(code, 'Value') === success, 'SAML-11: the identity provider reports a failure')
  require(elementsOf(code).length === 0, 'SAML-11: success with another status inside')
}
