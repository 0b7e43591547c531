import type { Element } from '@xmldom/xmldom'
import { require } from './saml-refusal.ts'
import { attributeOf, childrenOf, elementsOf, onlyChild, saml, textOf } from './xml.ts'

const transient = 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient'
const nameIdMax = 1_024
const attributesMax = 200
const valuesMax = 2_000

/**
 * Who the assertion is about and what it says of them, from the signed text.
 *
 * @throws SamlRefusal
 * @source contract/security-and-reliability.md 4, "Identity text"
 */
export function readSubject(assertion: Element): { nameId: string; nameIdFormat: string } {
  const nameId = onlyChild(onlyChild(assertion, saml, 'Subject', 'identity'), saml, 'NameID', 'identity')
  const text = textOf(nameId)
  const format = attributeOf(nameId, 'Format') ?? ''
  require(text.trim() !== '' && text.length <= nameIdMax, 'identity: NameID is empty or too long')
  require(format !== transient, 'identity: a transient NameID is another one each time')
  return { nameId: text, nameIdFormat: format }
}

/** A map, so that no name means anything to the language. Values of one name add up. */
export function readAttributes(assertion: Element): ReadonlyMap<string, readonly string[]> {
  const attributes = new Map<string, string[]>()
  let count = 0
  for (const statement of childrenOf(assertion, saml, 'AttributeStatement')) {
    for (const attribute of childrenOf(statement, saml, 'Attribute')) {
      const name = attributeOf(attribute, 'Name') ?? ''
      require(name !== '', 'identity: an attribute without a name')
      const values = childrenOf(attribute, saml, 'AttributeValue')
        .filter((value) => elementsOf(value).length === 0)
        .map(textOf)
      count += values.length
      attributes.set(name, [...(attributes.get(name) ?? []), ...values])
    }
  }
  require(attributes.size <= attributesMax && count <= valuesMax, 'identity: too many attributes')
  return attributes
}
