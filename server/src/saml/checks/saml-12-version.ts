import type { Element } from '@xmldom/xmldom'
import { require } from '../saml-refusal.ts'
import { attributeOf } from '../xml.ts'

/** SAML-12: version 2.0, of the response and of the assertion. */
export function checkVersion(...elements: readonly Element[]): void {
  require(elements.every((element) => attributeOf(element, 'Version') === '2.0'), 'SAML-12: another version than 2.0')
}
