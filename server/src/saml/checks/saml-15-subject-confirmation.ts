import type { Element } from '@xmldom/xmldom'
import type { Expectation, PendingRequest } from '../assertion.schema.ts'
import { refuse, require } from '../saml-refusal.ts'
import { attributeOf, onlyChild, readTime, saml } from '../xml.ts'
import { clockSkewMs } from './saml-14-conditions.ts'

const bearer = 'urn:oasis:names:tc:SAML:2.0:cm:bearer'

/**
 * SAML-15: for whoever brings it, to this address, now, and in answer to a request of this tenant, this connection and
 * this browser. Without a request only where the connection allows that.
 *
 * @returns the request it answers; undefined for a sign-in that began at the IdP
 */
export async function checkSubjectConfirmation(
  response: Element,
  assertion: Element,
  expected: Pick<Expectation, 'acsUrl' | 'now' | 'allowsIdpInitiated' | 'findRequest'>,
): Promise<PendingRequest | undefined> {
  const subject = onlyChild(assertion, saml, 'Subject', 'SAML-15')
  const confirmation = onlyChild(subject, saml, 'SubjectConfirmation', 'SAML-15')
  require(attributeOf(confirmation, 'Method') === bearer, 'SAML-15: another confirmation than bearer')
  const data = onlyChild(confirmation, saml, 'SubjectConfirmationData', 'SAML-15')
  require(attributeOf(data, 'Recipient') === expected.acsUrl, 'SAML-15: another recipient')
  require(attributeOf(data, 'NotBefore') === undefined, 'SAML-15: NotBefore, which has no place here')
  const end = readTime(attributeOf(data, 'NotOnOrAfter'), 'SAML-15', 'NotOnOrAfter')
  require(expected.now < end + clockSkewMs, 'SAML-15: the confirmation has expired')
  const inResponseTo = attributeOf(data, 'InResponseTo')
  require(attributeOf(response, 'InResponseTo') ===
    inResponseTo, 'SAML-15: response and assertion answer different requests')
  if (inResponseTo === undefined) {
    require(expected.allowsIdpInitiated, 'SAML-15: nobody asked for it')
    return undefined
  }
  const request = await expected.findRequest(inResponseTo)
  return request ?? refuse('SAML-15: no request of this browser waits for it')
}
