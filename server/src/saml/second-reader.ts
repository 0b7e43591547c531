import type { Element } from '@xmldom/xmldom'
import { require } from './saml-refusal.ts'
import type { Verified } from './verify-signature.ts'
import { attributeOf, childrenOf, saml, textOf } from './xml.ts'

/**
 * Reads the signed text with the other parser (sax, below node-saml) and compares everything that decides who somebody is.
 * A document that two readers understand differently is an attack on one of them.
 *
 * @throws SamlRefusal
 * @source contract/security-and-reliability.md SAML-07, V-A2
 */
export async function requireSameReading({ text, element: assertion }: Verified): Promise<void> {
  const { parseXml2JsFromString } = await import('@node-saml/node-saml/lib/xml.js')
  let other: unknown
  try {
    other = await parseXml2JsFromString(text)
  } catch {
    other = undefined
  }
  const theirs = fieldOf(other, 'Assertion')
  const same = JSON.stringify(firstReading(assertion)) === JSON.stringify(secondReading(theirs))
  require(same, 'SAML-07: two readers of the assertion disagree')
}

type Reading = readonly (readonly string[])[]

function firstReading(assertion: Element): Reading {
  const names = childrenOf(assertion, saml, 'Subject').flatMap((subject) => childrenOf(subject, saml, 'NameID'))
  const attributes = childrenOf(assertion, saml, 'AttributeStatement').flatMap((statement) =>
    childrenOf(statement, saml, 'Attribute'),
  )
  return [
    [attributeOf(assertion, 'ID') ?? ''],
    childrenOf(assertion, saml, 'Issuer').map(textOf).map(visible),
    names.map(textOf).map(visible),
    ...attributes.map((attribute) => [
      attributeOf(attribute, 'Name') ?? '',
      ...childrenOf(attribute, saml, 'AttributeValue').map((value) =>
        value.firstChild?.nodeType === 1 ? '' : visible(textOf(value)),
      ),
    ]),
  ]
}

function secondReading(assertion: unknown): Reading {
  const names = listOf(assertion, 'Subject').flatMap((subject) => listOf(subject, 'NameID'))
  const attributes = listOf(assertion, 'AttributeStatement').flatMap((statement) => listOf(statement, 'Attribute'))
  return [
    [stringOf(fieldOf(assertion, '$'), 'ID')],
    listOf(assertion, 'Issuer').map(textIn),
    names.map(textIn),
    ...attributes.map((attribute) => [
      stringOf(fieldOf(attribute, '$'), 'Name'),
      ...listOf(attribute, 'AttributeValue').map(textIn),
    ]),
  ]
}

/** The other reader drops text of blanks alone. */
function visible(text: string): string {
  return /^\s*$/.test(text) ? '' : text
}

function textIn(value: unknown): string {
  return typeof value === 'string' ? visible(value) : visible(stringOf(value, '_'))
}

function listOf(value: unknown, name: string): unknown[] {
  const list = fieldOf(value, name)
  return Array.isArray(list) ? list : []
}

function stringOf(value: unknown, name: string): string {
  const field = fieldOf(value, name)
  return typeof field === 'string' ? field : ''
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return Object.getOwnPropertyDescriptor(value, name)?.value
}
