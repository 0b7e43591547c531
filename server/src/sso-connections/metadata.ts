import type { Document, Element } from '@xmldom/xmldom'
import { ApiError } from '../errors/api-error.ts'
import { xmldom } from '../text/xmldom.ts'

const metadataNs = 'urn:oasis:names:tc:SAML:2.0:metadata'
const signatureNs = 'http://www.w3.org/2000/09/xmldsig#'
const protocol = 'urn:oasis:names:tc:SAML:2.0:protocol'
const bindings = {
  'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect': 'redirect',
  'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST': 'post',
} as const

const metadataMaxBytes = 256 * 1024

/** What the metadata of an IdP says of it. */
export interface IdpMetadata {
  readonly entityId: string
  readonly signOnUrl: string
  readonly signOnBinding: 'redirect' | 'post'
  readonly logoutUrl: string
  /** Base64 without line breaks; only those marked for signing. */
  readonly certificates: readonly string[]
}

/**
 * Reads the metadata document of an IdP. Whatever is missing is a refusal, never a check that is left out later.
 *
 * @throws invalid_metadata
 * @source SAML 2.0 metadata, 2.4; contract/security-and-reliability.md V-A7, V-A14
 */
export function readIdpMetadata(xml: string): IdpMetadata {
  if (Buffer.byteLength(xml) > metadataMaxBytes)
    throw unusable(`the document has more than ${metadataMaxBytes / 1024} KiB`)
  if (/<!DOCTYPE|<!ENTITY/i.test(xml)) throw unusable('it declares a document type or entities, which is not allowed')
  const root = parse(xml).documentElement
  if (root === null || root.namespaceURI !== metadataNs) throw unusable('it is no SAML metadata')
  const entities = root.localName === 'EntityDescriptor' ? [root] : children(root, metadataNs, 'EntityDescriptor')
  const idps = entities.filter((entity) => children(entity, metadataNs, 'IDPSSODescriptor').some(speaksSaml2))
  const [entity, second] = idps
  if (entity === undefined) throw unusable('it describes no identity provider')
  if (second !== undefined) throw unusable('it describes several identity providers; upload the part of one')
  const [idp] = children(entity, metadataNs, 'IDPSSODescriptor').filter(speaksSaml2)
  if (idp === undefined) throw unusable('it describes no identity provider')
  const entityId = entity.getAttribute('entityID') ?? ''
  const { url, binding } = signOn(idp)
  return {
    entityId,
    signOnUrl: url,
    signOnBinding: binding,
    logoutUrl: locationOf(children(idp, metadataNs, 'SingleLogoutService')),
    certificates: signingCertificates(idp),
  }
}

function parse(xml: string): Document {
  const problems: string[] = []
  try {
    const document = new (xmldom().DOMParser)({
      onError: (_level, message) => void problems.push(message),
    }).parseFromString(xml, 'text/xml')
    if (problems.length > 0) throw unusable('it is not well-formed XML')
    return document
  } catch (error) {
    if (error instanceof ApiError) throw error
    throw unusable('it is not well-formed XML', error)
  }
}

function speaksSaml2(idp: Element): boolean {
  return (idp.getAttribute('protocolSupportEnumeration') ?? '').split(/\s+/).includes(protocol)
}

function children(parent: Element, namespace: string, name: string): Element[] {
  const found: Element[] = []
  for (let node = parent.firstChild; node !== null; node = node.nextSibling) {
    // Nodes of type 1 are elements.
    if (node.nodeType === 1 && node.namespaceURI === namespace && node.localName === name) found.push(node as Element)
  }
  return found
}

/** Redirect first: the request is small and signed by the query. */
function signOn(idp: Element): { url: string; binding: 'redirect' | 'post' } {
  const services = children(idp, metadataNs, 'SingleSignOnService')
  for (const [name, binding] of Object.entries(bindings)) {
    const service = services.find((candidate) => candidate.getAttribute('Binding') === name)
    const url = service?.getAttribute('Location') ?? ''
    if (url !== '') return { url, binding }
  }
  throw unusable('it names no sign-on address with the redirect or POST binding')
}

function locationOf(services: readonly Element[]): string {
  const known = services.find((service) => Object.hasOwn(bindings, service.getAttribute('Binding') ?? ''))
  return known?.getAttribute('Location') ?? ''
}

function signingCertificates(idp: Element): string[] {
  const keys = children(idp, metadataNs, 'KeyDescriptor').filter((key) => key.getAttribute('use') === 'signing')
  const found = keys.flatMap((key) =>
    children(key, signatureNs, 'KeyInfo').flatMap((info) =>
      children(info, signatureNs, 'X509Data').flatMap((data) =>
        children(data, signatureNs, 'X509Certificate').map((certificate) =>
          (certificate.textContent ?? '').replaceAll(/\s+/g, ''),
        ),
      ),
    ),
  )
  return [...new Set(found.filter((text) => text !== ''))]
}

function unusable(problem: string, cause?: unknown): ApiError {
  return new ApiError('invalid_metadata', {
    detail: `The metadata cannot be used: ${problem}. Download it again from the identity provider, or enter the values by hand.`,
    cause,
  })
}
