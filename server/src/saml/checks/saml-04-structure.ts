import type { Attr, Element, Node } from '@xmldom/xmldom'
import { shapeOf, type Shape } from '../response-shapes.ts'
import { require } from '../saml-refusal.ts'
import { elementsOf } from '../xml.ts'

const depthMax = 32
const xmlns = 'http://www.w3.org/2000/xmlns/'
const idNames = new Set(['ID', 'Id', 'id'])
const ncName = /^[A-Za-z_][A-Za-z0-9._-]{0,255}$/

/** Canonicalising walks over all that are in scope for each element, before any signature is known to be right. */
const namespacesMax = 8
const prefixListMaxLength = 256
const prefixesMax = 16

/** SAML-04: known elements in known places with known attributes and few namespaces, no id twice, at most 32 levels. */
export function checkStructure(root: Element): void {
  const ids = new Set<string>()
  const visit = (element: Element, depth: number): void => {
    require(depth <= depthMax, 'SAML-04: nested too deep')
    const shape = shapeOf(element)
    require(shape !== undefined, `SAML-04: an element that is not known here`)
    checkAttributes(element, shape, ids)
    checkContent(element, shape)
    for (const child of elementsOf(element)) visit(child, depth + 1)
  }
  visit(root, 1)
}

function checkAttributes(element: Element, shape: Shape, ids: Set<string>): void {
  const all = Array.from(element.attributes, (found: Attr) => found)
  const attributes = all.filter(({ namespaceURI }) => namespaceURI !== xmlns)
  require(all.length - attributes.length <= namespacesMax, 'SAML-04: too many namespaces')
  for (const attribute of attributes) {
    const name = attribute.localName ?? attribute.nodeName
    const isKnown =
      attribute.namespaceURI === null || attribute.namespaceURI === ''
        ? shape.attributes.includes(name)
        : shape.takesForeignAttributes
    require(isKnown, 'SAML-04: an attribute that is not known here')
    if (name === 'PrefixList') checkPrefixes(attribute.value)
    if (!idNames.has(name)) continue
    require(attribute.namespaceURI === null || attribute.namespaceURI === '', 'SAML-04: an id in a namespace')
    require(ncName.test(attribute.value), 'SAML-04: an id that is no name')
    require(!ids.has(attribute.value), 'SAML-04: an id twice')
    ids.add(attribute.value)
  }
}

/** Which namespaces a canonical text is to carry along, of ec:InclusiveNamespaces. */
function checkPrefixes(list: string): void {
  const prefixes = list.split(/[ \t\r\n]+/).filter((prefix) => prefix !== '')
  require(list.length <= prefixListMaxLength && prefixes.length <= prefixesMax, 'SAML-04: a list of too many prefixes')
  const areNames = prefixes.every((prefix) => prefix === '#default' || ncName.test(prefix))
  require(areNames, 'SAML-04: a prefix that is no name')
}

function checkContent(element: Element, shape: Shape): void {
  const nodes = Array.from(element.childNodes, (node: Node) => node)
  // 1 is an element, 3 text; SAML-02 has refused the rest, entity references included.
  require(nodes.every(
    ({ nodeType }) => nodeType === 1 || nodeType === 3,
  ), 'SAML-04: something that is neither element nor text')
  if (shape.text !== 'none' && elementsOf(element).length === 0) {
    require(nodes.length === 1 || (nodes.length === 0 && shape.text === 'optional'), 'SAML-04: not exactly one text')
    return
  }
  require(nodes.every(
    (node) => node.nodeType === 1 || /^[ \t\r\n]*$/.test(node.nodeValue ?? ''),
  ), 'SAML-04: text between elements')
  checkOrder(elementsOf(element), shape)
}

/** The children come in the order of the groups, each as often as its group allows. */
function checkOrder(children: readonly Element[], { groups }: Shape): void {
  let at = 0
  for (const { names, min, max } of groups) {
    let count = 0
    while (at < children.length && count < max && names.some((name) => isNamed(children[at], name))) {
      count += 1
      at += 1
    }
    require(count >= min, 'SAML-04: an element is missing')
  }
  require(at === children.length, 'SAML-04: an element in the wrong place')
}

function isNamed(element: Element | undefined, name: string): boolean {
  return element !== undefined && `${element.namespaceURI ?? ''} ${element.localName ?? ''}` === name
}
