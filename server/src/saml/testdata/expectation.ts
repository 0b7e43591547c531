import type { Expectation } from '../assertion.schema.ts'
import { SamlRefusal } from '../saml-refusal.ts'
import { verifyResponse } from '../verify-response.ts'
import { makeKey } from './keys.ts'
import { TestIdp, type ResponseValues } from './test-idp.ts'

/** One IdP and one service provider at one moment, for whatever only reads responses. */
export const idp = new TestIdp()
export const sp = makeKey('sp')
export const now = new Date('2026-01-02T03:04:05.000Z')
const requestId = '_request'
export const values: ResponseValues = {
  acsUrl: 'https://acme.example.com/auth/saml/okta/acs',
  audience: 'https://acme.example.com/auth/saml/metadata',
  now,
  inResponseTo: requestId,
  attributes: { email: ['person1@example.com'], memberOf: ['a', 'b'] },
}
export const expected: Expectation = {
  entityId: idp.entityId,
  certificates: [idp.key.certificate],
  signed: 'response_and_assertion',
  acsUrl: values.acsUrl,
  spEntityId: values.audience,
  now: now.getTime(),
  allowsIdpInitiated: false,
  decryptionKey: sp.privateKey,
  findRequest: async (id) =>
    id === requestId
      ? { id, connectionId: 'c', purpose: 'sign_in', userId: null, sessionId: null, testId: null, returnPath: '/' }
      : undefined,
}

/** Why a response is refused, or `accepted <NameID>`. */
export async function reasonFor(field: string, more: Partial<Expectation> = {}): Promise<string> {
  try {
    const { assertion } = await verifyResponse(field, { ...expected, ...more })
    return `accepted ${assertion.nameId}`
  } catch (error) {
    if (!(error instanceof SamlRefusal)) throw error
    return error.reason
  }
}
