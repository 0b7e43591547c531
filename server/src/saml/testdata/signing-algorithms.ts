import { createHash, createSign } from 'node:crypto'
import type { HashAlgorithm, SignatureAlgorithm } from 'xml-crypto'

const more = 'http://www.w3.org/2001/04/xmldsig-more#'

/** What xml-crypto does not sign with by itself: elliptic curves, and SHA-384. */
export const moreSignatures: Record<string, new () => SignatureAlgorithm> = Object.fromEntries(
  ['rsa-sha384', 'ecdsa-sha256', 'ecdsa-sha384', 'ecdsa-sha512'].map((name) => [
    `${more}${name}`,
    class implements SignatureAlgorithm {
      getAlgorithmName = () => `${more}${name}`
      getSignature = (text: unknown, key: unknown) =>
        createSign(`sha${name.slice(-3)}`)
          .update(String(text))
          .sign({ key: String(key), dsaEncoding: 'ieee-p1363' }, 'base64')
      verifySignature = () => {
        throw new Error('nothing is verified here')
      }
    },
  ]),
)

export const moreDigests: Record<string, new () => HashAlgorithm> = {
  [`${more}sha384`]: class implements HashAlgorithm {
    getAlgorithmName = () => `${more}sha384`
    getHash = (text: string) => createHash('sha384').update(text, 'utf8').digest('base64')
  },
}
