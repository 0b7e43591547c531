import type { Element } from '@xmldom/xmldom'
import { require } from '../saml-refusal.ts'
import { attributeOf } from '../xml.ts'

/** SAML-10: sent to this very address, byte for byte. */
export function checkDestination(response: Element, acsUrl: string): void {
  require(attributeOf(response, 'Destination') === acsUrl, 'SAML-10: another destination')
}
