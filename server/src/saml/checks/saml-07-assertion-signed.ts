import type { Element } from '@xmldom/xmldom'
import type { Expectation } from '../assertion.schema.ts'
import { decryptAssertion } from '../decrypt-assertion.ts'
import { requireSameReading } from '../second-reader.ts'
import { verifySignature } from '../verify-signature.ts'
import type { CarriedAssertion } from './saml-05-one-assertion.ts'
import { checkStructure } from './saml-04-structure.ts'

/**
 * SAML-07: the assertion is signed with a pinned key, always; what is read from here on is the text which that signature
 * covers, and two XML readers that share no code agree about it.
 */
export async function checkAssertionSigned(
  text: string,
  carried: CarriedAssertion,
  expected: Pick<Expectation, 'certificates' | 'decryptionKey'> & { readonly isSignedOver: boolean },
): Promise<{ assertion: Element; plain: Element }> {
  const { certificates, decryptionKey, isSignedOver } = expected
  const plain = carried.isEncrypted
    ? await decryptAssertion(carried.element, { key: decryptionKey, isSignedOver })
    : { text, element: carried.element }
  const signed = await verifySignature(plain.text, plain.element, { certificates, rule: 'SAML-07' })
  checkStructure(signed.element)
  await requireSameReading(signed)
  return { assertion: signed.element, plain: plain.element }
}
