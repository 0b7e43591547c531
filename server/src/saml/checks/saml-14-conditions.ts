import type { Element } from '@xmldom/xmldom'
import { require } from '../saml-refusal.ts'
import { attributeOf, onlyChild, readTime, saml } from '../xml.ts'

/** How far the clocks of an IdP and of this server may be apart. */
export const clockSkewMs = 120_000
const lifetimeMaxMs = 2 * 60 * 60_000

/** SAML-14: within its time, for two hours at most, from a login that has not ended. */
export function checkConditions(
  assertion: Element,
  now: number,
): { notOnOrAfter: number; sessionNotOnOrAfter: number; sessionIndex: string } {
  const conditions = onlyChild(assertion, saml, 'Conditions', 'SAML-14')
  const notBefore = readTime(attributeOf(conditions, 'NotBefore'), 'SAML-14', 'NotBefore')
  const notOnOrAfter = readTime(attributeOf(conditions, 'NotOnOrAfter'), 'SAML-14', 'NotOnOrAfter')
  require(notBefore <= now + clockSkewMs, 'SAML-14: not valid yet')
  require(now < notOnOrAfter + clockSkewMs, 'SAML-14: expired')
  require(notBefore < notOnOrAfter && notOnOrAfter - notBefore <= lifetimeMaxMs, 'SAML-14: valid for too long')
  const statement = onlyChild(assertion, saml, 'AuthnStatement', 'SAML-14')
  const end = attributeOf(statement, 'SessionNotOnOrAfter')
  const sessionNotOnOrAfter = end === undefined ? 0 : readTime(end, 'SAML-14', 'SessionNotOnOrAfter')
  require(end === undefined || now < sessionNotOnOrAfter + clockSkewMs, 'SAML-14: the login has ended')
  return { notOnOrAfter, sessionNotOnOrAfter, sessionIndex: attributeOf(statement, 'SessionIndex') ?? '' }
}
