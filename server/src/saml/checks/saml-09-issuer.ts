import type { Element } from '@xmldom/xmldom'
import { require } from '../saml-refusal.ts'
import { attributeOf, childrenOf, onlyChild, saml, textOf } from '../xml.ts'

const entity = 'urn:oasis:names:tc:SAML:2.0:nameid-format:entity'

/** SAML-09: the issuer is the IdP of this connection, in the assertion and, where it is named, in the response. */
export function checkIssuer(response: Element, assertion: Element, entityId: string): void {
  for (const issuer of [...childrenOf(response, saml, 'Issuer'), onlyChild(assertion, saml, 'Issuer', 'SAML-09')]) {
    require((attributeOf(issuer, 'Format') ?? entity) === entity, 'SAML-09: the issuer is no entity')
    require(textOf(issuer) === entityId, 'SAML-09: another issuer')
  }
}
