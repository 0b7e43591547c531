import type { Expectation, PendingRequest, SignedAssertion } from './assertion.schema.ts'
import { checkSize } from './checks/saml-01-size.ts'
import { checkNoDoctype } from './checks/saml-02-no-doctype.ts'
import { checkOneRoot } from './checks/saml-03-one-root.ts'
import { checkStructure } from './checks/saml-04-structure.ts'
import { checkOneAssertion } from './checks/saml-05-one-assertion.ts'
import { checkResponseSigned } from './checks/saml-06-response-signed.ts'
import { checkAssertionSigned } from './checks/saml-07-assertion-signed.ts'
import { checkAlgorithms } from './checks/saml-08-algorithms.ts'
import { checkIssuer } from './checks/saml-09-issuer.ts'
import { checkDestination } from './checks/saml-10-destination.ts'
import { checkStatus } from './checks/saml-11-status.ts'
import { checkVersion } from './checks/saml-12-version.ts'
import { checkAudience } from './checks/saml-13-audience.ts'
import { checkConditions } from './checks/saml-14-conditions.ts'
import { checkSubjectConfirmation } from './checks/saml-15-subject-confirmation.ts'
import { readAttributes, readSubject } from './read-assertion.ts'
import { attributeOf, onlyChild, saml, textOf } from './xml.ts'

export interface VerifiedResponse {
  readonly assertion: SignedAssertion
  /** Undefined for a sign-in that began at the IdP. */
  readonly request: PendingRequest | undefined
}

/**
 * Reads the answer of an IdP, or refuses it. Every check runs for every response, in this order; the sixteenth, that an
 * assertion is used once, is a statement in the transaction that makes the session (`consumed-once.service.ts`).
 * Changes nothing.
 *
 * @param field the form field SAMLResponse as it was posted
 * @throws SamlRefusal
 * @source contract/security-and-reliability.md, section 4
 */
export async function verifyResponse(field: string, expected: Expectation): Promise<VerifiedResponse> {
  const text = checkNoDoctype(checkSize(field))
  const received = checkOneRoot(text)
  checkStructure(received)
  const carried = checkOneAssertion(received)
  const signedResponse = await checkResponseSigned(text, received, expected)
  const isSignedOver = signedResponse !== undefined
  const { assertion, plain } = await checkAssertionSigned(text, carried, { ...expected, isSignedOver })
  checkAlgorithms([received, plain], expected.certificates)
  const response = signedResponse ?? received
  checkIssuer(response, assertion, expected.entityId)
  checkDestination(response, expected.acsUrl)
  checkStatus(response)
  checkVersion(response, assertion)
  checkAudience(assertion, expected.spEntityId)
  const times = checkConditions(assertion, expected.now)
  const request = await checkSubjectConfirmation(response, assertion, expected)
  return {
    request,
    assertion: {
      id: attributeOf(assertion, 'ID') ?? '',
      issuer: textOf(onlyChild(assertion, saml, 'Issuer', 'SAML-09')),
      ...readSubject(assertion),
      ...times,
      attributes: readAttributes(assertion),
    },
  }
}
