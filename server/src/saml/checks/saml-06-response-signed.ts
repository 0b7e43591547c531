import type { Element } from '@xmldom/xmldom'
import type { Expectation } from '../assertion.schema.ts'
import { childrenOf, ds } from '../xml.ts'
import { verifySignature } from '../verify-signature.ts'

/**
 * SAML-06: the Response is signed with a pinned key. Where a connection signs assertions only, a signature that is
 * there all the same must be right, and nothing of an unsigned Response is a source: its values can only refuse.
 *
 * @returns the response as the signature covers it; undefined where it is not signed
 */
export async function checkResponseSigned(
  text: string,
  response: Element,
  { certificates, signed }: Pick<Expectation, 'certificates' | 'signed'>,
): Promise<Element | undefined> {
  if (signed === 'assertion' && childrenOf(response, ds, 'Signature').length === 0) return undefined
  const { element } = await verifySignature(text, response, { certificates, rule: 'SAML-06' })
  return element
}
