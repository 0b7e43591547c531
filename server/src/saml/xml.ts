import type { Element } from '@xmldom/xmldom'
import { refuse } from './saml-refusal.ts'
import { xmldom } from '../text/xmldom.ts'

export const samlp = 'urn:oasis:names:tc:SAML:2.0:protocol'
export const saml = 'urn:oasis:names:tc:SAML:2.0:assertion'
export const ds = 'http://www.w3.org/2000/09/xmldsig#'
export const xenc = 'http://www.w3.org/2001/04/xmlenc#'

/**
 * The root element of a text that has passed SAML-02. Whatever the parser so much as mentions is a refusal: what one
 * reader repairs, another reads differently.
 *
 * @throws SamlRefusal
 */
export function parseXml(text: string, rule: string): Element {
  let problem: string | undefined
  try {
    const document = new (xmldom().DOMParser)({
      onError: (_level, message) => {
        problem ??= message
      },
    }).parseFromString(text, 'text/xml')
    const root = document.documentElement
    if (problem === undefined && root !== null) {
      if (countAttributes(text) === countAttributesBelow(root)) return root
      problem = 'an attribute twice'
    }
  } catch (error) {
    refuse(`${rule}: not well-formed`, error)
  }
  return refuse(`${rule}: not well-formed`, problem)
}

/**
 * How many attributes the tags of a well-formed text have. Of two whose prefixes stand for one namespace the parser keeps
 * the last and says nothing, while another reader may take the first (XML namespaces 6.3 forbids it).
 */
function countAttributes(text: string): number {
  // No attribute of a well-formed text has a "<" in it.
  const tags = text
    .split('<')
    .slice(1)
    .filter((piece) => !/^[/?!]/.test(piece))
  return tags.reduce((count, tag) => count + countQuoted(tag), 0)
}

/** How many quoted values stand before the ">" of a tag. */
function countQuoted(tag: string): number {
  const ends = /["'>]/g
  for (let count = 0; ; count += 1) {
    const quote = ends.exec(tag)?.[0]
    if (quote === undefined || quote === '>') return count
    const closing = tag.indexOf(quote, ends.lastIndex)
    if (closing === -1) return count
    ends.lastIndex = closing + 1
  }
}

/** Without recursion: how deep the elements are is looked at later. */
function countAttributesBelow(root: Element): number {
  let count = 0
  const left = [root]
  for (let element = left.pop(); element !== undefined; element = left.pop()) {
    count += element.attributes.length
    left.push(...elementsOf(element))
  }
  return count
}

/** An element as a document of its own. */
export function toXml(element: Element): string {
  return new (xmldom().XMLSerializer)().serializeToString(element)
}

/** Direct children with this name, in order. */
export function childrenOf(parent: Element, namespace: string, name: string): Element[] {
  return elementsOf(parent).filter((child) => child.namespaceURI === namespace && child.localName === name)
}

/** All elements with this name below, at any depth. */
export function descendantsOf(ancestor: Element, namespace: string, name: string): Element[] {
  return Array.from(ancestor.getElementsByTagNameNS(namespace, name))
}

/** All direct children that are elements. */
export function elementsOf(parent: Element): Element[] {
  const found: Element[] = []
  for (let node = parent.firstChild; node !== null; node = node.nextSibling) {
    // Nodes of type 1 are elements.
    if (node.nodeType === 1) found.push(node as Element)
  }
  return found
}

/** The only child of this name. @throws SamlRefusal when there is none, or another */
export function onlyChild(parent: Element, namespace: string, name: string, rule: string): Element {
  const [child, second] = childrenOf(parent, namespace, name)
  if (child === undefined) return refuse(`${rule}: no ${name}`)
  if (second !== undefined) return refuse(`${rule}: more than one ${name}`)
  return child
}

/** Undefined where the attribute is absent: an empty value is a value. */
export function attributeOf(element: Element, name: string): string | undefined {
  return element.hasAttribute(name) ? (element.getAttribute(name) ?? undefined) : undefined
}

/** The text of an element whose shape SAML-04 has checked: one text node or nothing. */
export function textOf(element: Element): string {
  return element.firstChild?.nodeValue ?? ''
}

const dateTime = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?Z$/

/** Epoch ms of an xs:dateTime in UTC, as SAML core 1.3.3 wants it. @throws SamlRefusal */
export function readTime(text: string | undefined, rule: string, what: string): number {
  if (text === undefined) return refuse(`${rule}: no ${what}`)
  const time = dateTime.test(text) ? Date.parse(text.replace(/(\.\d{3})\d+Z$/, '$1Z')) : Number.NaN
  if (Number.isNaN(time)) return refuse(`${rule}: ${what} is no UTC time`)
  return time
}
