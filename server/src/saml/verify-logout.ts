import { promisify } from 'node:util'
import { inflateRaw } from 'node:zlib'
import type { Element } from '@xmldom/xmldom'
import { verifyQuery } from './algorithms.ts'
import { checkAlgorithms } from './checks/saml-08-algorithms.ts'
import { checkIssuer } from './checks/saml-09-issuer.ts'
import { checkSize } from './checks/saml-01-size.ts'
import { checkNoDoctype } from './checks/saml-02-no-doctype.ts'
import { checkStructure } from './checks/saml-04-structure.ts'
import { checkVersion } from './checks/saml-12-version.ts'
import { clockSkewMs } from './checks/saml-14-conditions.ts'
import { refuse, require } from './saml-refusal.ts'
import { verifySignature } from './verify-signature.ts'
import { attributeOf, childrenOf, onlyChild, parseXml, readTime, saml, samlp, textOf } from './xml.ts'

const inflatedMaxBytes = 256 * 1024
/** A request to sign out is carried at once by a browser; an old one is a repeat. */
const ageMaxMs = 5 * 60_000

/** How the message came. */
export type LogoutMessage =
  | { readonly binding: 'post'; readonly field: string; readonly relayState: string }
  /** The query as it was sent: what is signed are its bytes. */
  | { readonly binding: 'redirect'; readonly query: string }

export interface LogoutRequest {
  readonly id: string
  readonly nameId: string
  /** Empty: all logins of this person. */
  readonly sessionIndexes: readonly string[]
  /** What the answer takes back to the IdP; empty where it sent none. */
  readonly relayState: string
}

interface LogoutExpectation {
  readonly entityId: string
  readonly certificates: readonly string[]
  readonly logoutUrl: string
  readonly now: number
}

/**
 * Reads an IdP's request to sign somebody out: signed with a pinned key, for this address, now.
 *
 * @throws SamlRefusal
 * @source SAML profiles 4.4; bindings 3.4.4.1
 */
export async function verifyLogoutRequest(message: LogoutMessage, expected: LogoutExpectation): Promise<LogoutRequest> {
  const { request, relayState } = await (message.binding === 'post'
    ? readPosted(message, expected)
    : readQuery(message.query, expected))
  checkIssuer(request, request, expected.entityId)
  require(attributeOf(request, 'Destination') === expected.logoutUrl, 'logout: another destination')
  checkVersion(request)
  const issuedAt = readTime(attributeOf(request, 'IssueInstant'), 'logout', 'IssueInstant')
  require(Math.abs(expected.now - issuedAt) <= ageMaxMs + clockSkewMs, 'logout: too old, or from the future')
  const end = attributeOf(request, 'NotOnOrAfter')
  require(end === undefined || expected.now < readTime(end, 'logout', 'NotOnOrAfter') + clockSkewMs, 'logout: expired')
  return {
    id: attributeOf(request, 'ID') ?? refuse('logout: no ID'),
    nameId: textOf(onlyChild(request, saml, 'NameID', 'logout')),
    sessionIndexes: childrenOf(request, samlp, 'SessionIndex').map(textOf),
    relayState,
  }
}

interface Read {
  readonly request: Element
  readonly relayState: string
}

/** No signature of the POST binding covers a RelayState: it goes back to the IdP as it came, and nowhere else. */
async function readPosted(
  { field, relayState }: Extract<LogoutMessage, { binding: 'post' }>,
  { certificates }: LogoutExpectation,
): Promise<Read> {
  const text = checkNoDoctype(checkSize(field))
  const received = readRequest(text)
  const { element } = await verifySignature(text, received, { certificates, rule: 'logout' })
  checkAlgorithms([received], certificates)
  checkStructure(element)
  return { request: element, relayState }
}

async function readQuery(query: string, { certificates }: LogoutExpectation): Promise<Read> {
  const message = onlyParameter(query, 'SAMLRequest')
  const algorithm = onlyParameter(query, 'SigAlg')
  const value = decodeURIComponent(onlyParameter(query, 'Signature'))
  const relayState = /(?:^|&)RelayState=/.test(query) ? onlyParameter(query, 'RelayState') : undefined
  const signedState = relayState === undefined ? '' : `&RelayState=${relayState}`
  const signed = `SAMLRequest=${message}${signedState}&SigAlg=${algorithm}`
  const isSigned = certificates.some((certificate) =>
    verifyQuery(decodeURIComponent(algorithm), signed, { certificate, value }),
  )
  require(isSigned, 'logout: no pinned key signed the query')
  return {
    request: readRequest(checkNoDoctype(await inflate(checkSize(decodeURIComponent(message))))),
    // From the bytes that were signed, and a plus is a blank there: another reader of the query finds other parameters.
    relayState: decodeURIComponent((relayState ?? '').replaceAll('+', ' ')),
  }
}

/** As it stands in the query, once. */
function onlyParameter(query: string, name: string): string {
  const [value, second] = query
    .split('&')
    .filter((part) => part.startsWith(`${name}=`))
    .map((part) => part.slice(name.length + 1))
  if (value === undefined || second !== undefined) return refuse(`logout: not exactly one ${name}`)
  require(isDecodable(value), `logout: ${name} is not encoded as a query is`)
  return value
}

function isDecodable(text: string): boolean {
  try {
    return decodeURIComponent(text) !== ''
  } catch {
    return false
  }
}

async function inflate(deflated: Buffer): Promise<Buffer> {
  try {
    return await promisify(inflateRaw)(deflated, { maxOutputLength: inflatedMaxBytes })
  } catch (error) {
    return refuse('SAML-01: it does not inflate, or to too much', error)
  }
}

function readRequest(text: string): Element {
  const root = parseXml(text, 'logout')
  require(root.namespaceURI === samlp && root.localName === 'LogoutRequest', 'logout: the root is no LogoutRequest')
  checkStructure(root)
  return root
}
