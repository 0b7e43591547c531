import { createHash, createVerify, X509Certificate } from 'node:crypto'
import type { HashAlgorithm, SignatureAlgorithm } from 'xml-crypto'

/** The allow lists of SAML-08. SHA-1, HMAC, DSA and inclusive canonicalisation are in none of them. */
const more = 'http://www.w3.org/2001/04/xmldsig-more#'
const digests = {
  'http://www.w3.org/2001/04/xmlenc#sha256': 'sha256',
  [`${more}sha384`]: 'sha384',
  'http://www.w3.org/2001/04/xmlenc#sha512': 'sha512',
} as const
const signatures: Readonly<Record<string, { readonly key: 'rsa' | 'ec'; readonly hash: string }>> = {
  [`${more}rsa-sha256`]: { key: 'rsa', hash: 'sha256' },
  [`${more}rsa-sha384`]: { key: 'rsa', hash: 'sha384' },
  [`${more}rsa-sha512`]: { key: 'rsa', hash: 'sha512' },
  [`${more}ecdsa-sha256`]: { key: 'ec', hash: 'sha256' },
  [`${more}ecdsa-sha384`]: { key: 'ec', hash: 'sha384' },
  [`${more}ecdsa-sha512`]: { key: 'ec', hash: 'sha512' },
}
export const exclusiveC14n = 'http://www.w3.org/2001/10/xml-exc-c14n#'
export const enveloped = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature'
/** Authenticated: a changed ciphertext does not decrypt. */
const aeadCiphers = ['http://www.w3.org/2009/xmlenc11#aes128-gcm', 'http://www.w3.org/2009/xmlenc11#aes256-gcm']
/** Not authenticated: only where a verified signature covers the ciphertext. */
const cbcCiphers = ['http://www.w3.org/2001/04/xmlenc#aes128-cbc', 'http://www.w3.org/2001/04/xmlenc#aes256-cbc']
/** RSA 1.5 padding can be decrypted by asking often enough. */
export const keyTransport = 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p'
const rsaBitsMin = 2_048

export function isAllowedSignature(algorithm: string): boolean {
  return Object.hasOwn(signatures, algorithm)
}

export function isAllowedDigest(algorithm: string): boolean {
  return Object.hasOwn(digests, algorithm)
}

export function isAllowedCipher(algorithm: string, isSignedOver: boolean): boolean {
  return aeadCiphers.includes(algorithm) || (isSignedOver && cbcCiphers.includes(algorithm))
}

/** Whether a pinned key may verify at all: RSA of 2,048 bits and more, or an elliptic curve. */
export function isStrongKey(pem: string): boolean {
  const { asymmetricKeyType, asymmetricKeyDetails } = new X509Certificate(pem).publicKey
  if (asymmetricKeyType === 'ec') return true
  return asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= rsaBitsMin
}

/** For xml-crypto, in place of its own lists: an algorithm that is not here does not exist. */
export const hashAlgorithms: Record<string, new () => HashAlgorithm> = Object.fromEntries(
  Object.entries(digests).map(([name, hash]) => [
    name,
    class implements HashAlgorithm {
      getAlgorithmName = () => name
      getHash = (xml: string) => createHash(hash).update(xml, 'utf8').digest('base64')
    },
  ]),
)

export const signatureAlgorithms: Record<string, new () => SignatureAlgorithm> = Object.fromEntries(
  Object.entries(signatures).map(([name, { key, hash }]) => [
    name,
    class implements SignatureAlgorithm {
      getAlgorithmName = () => name
      getSignature = () => {
        throw new Error('nothing is signed here')
      }
      verifySignature = (material: unknown, certificate: unknown, value: unknown) =>
        verify({ key, hash }, String(material), String(certificate), String(value))
    },
  ]),
)

/** A signature over the text of a query (SAML bindings 3.4.4.1). */
export function verifyQuery(
  algorithm: string,
  text: string,
  { certificate, value }: { readonly certificate: string; readonly value: string },
): boolean {
  const known = Object.hasOwn(signatures, algorithm) ? signatures[algorithm] : undefined
  return known !== undefined && isStrongKey(certificate) && verify(known, text, certificate, value)
}

/** The kind of key is part of the algorithm: an RSA name with an EC key is a mix-up, not a signature. */
function verify(
  { key, hash }: { readonly key: string; readonly hash: string },
  material: string,
  certificate: string,
  value: string,
): boolean {
  const { publicKey } = new X509Certificate(certificate)
  if (publicKey.asymmetricKeyType !== key) return false
  return createVerify(hash)
    .update(material, 'utf8')
    .verify({ key: publicKey, dsaEncoding: 'ieee-p1363' }, value.replaceAll(/\s+/g, ''), 'base64')
}
