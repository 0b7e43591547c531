import type { Element } from '@xmldom/xmldom'
import { require } from '../saml-refusal.ts'
import { parseXml, samlp } from '../xml.ts'

/** SAML-03: exactly one root element, a Response of SAML 2.0. */
export function checkOneRoot(text: string): Element {
  const root = parseXml(text, 'SAML-03')
  require(root.namespaceURI === samlp && root.localName === 'Response', 'SAML-03: the root is no Response')
  return root
}
