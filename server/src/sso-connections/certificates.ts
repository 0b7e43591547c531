import { X509Certificate } from 'node:crypto'
import { ApiError } from '../errors/api-error.ts'

const certificatesMax = 4
const rsaBitsMin = 2_048

/** A signing certificate of an IdP. */
export interface IdpCertificate {
  readonly pem: string
  /** SHA-256 of the certificate, colon-separated. */
  readonly fingerprint: string
  readonly subject: string
  /** Epoch ms. */
  readonly notBefore: number
  readonly notAfter: number
}

/**
 * Reads certificates as PEM or bare base64. Trust is in the key that is pinned here, not in who signed it.
 *
 * @throws invalid_metadata
 * @source contract/security-and-reliability.md SAML-08
 */
export function readCertificates(texts: readonly string[], now: Date): IdpCertificate[] {
  if (texts.length === 0) throw unusable('there is no signing certificate')
  if (texts.length > certificatesMax) throw unusable(`there are more than ${certificatesMax} signing certificates`)
  const read = texts.map(readCertificate)
  if (!read.some((certificate) => isUsable(certificate, now))) throw unusable('every signing certificate has expired')
  return [...new Map(read.map((certificate) => [certificate.fingerprint, certificate])).values()]
}

export function isUsable({ notBefore, notAfter }: IdpCertificate, now: Date): boolean {
  return notBefore <= now.getTime() && now.getTime() < notAfter
}

const warnBeforeMs = 30 * 86_400_000

/** What an admin should do something about, in words. */
export function certificateWarnings(certificates: readonly IdpCertificate[], now: Date): string[] {
  return certificates.flatMap((certificate) => {
    const { subject, notAfter } = certificate
    if (now.getTime() < notAfter - warnBeforeMs) return []
    const day = new Date(notAfter).toISOString().slice(0, 10)
    return [
      now.getTime() < notAfter
        ? `The certificate ${subject} runs out on ${day}; add the next one before that.`
        : `The certificate ${subject} ran out on ${day} and is not used any more.`,
    ]
  })
}

function readCertificate(text: string): IdpCertificate {
  const certificate = parse(text)
  const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey
  if (asymmetricKeyType !== 'rsa' && asymmetricKeyType !== 'ec')
    throw unusable('a certificate holds neither an RSA nor an EC key')
  if (asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) < rsaBitsMin)
    throw unusable(`a certificate holds an RSA key of less than ${rsaBitsMin} bits`)
  return {
    pem: certificate.toString(),
    fingerprint: certificate.fingerprint256,
    subject: certificate.subject.replaceAll('\n', ', '),
    notBefore: Date.parse(certificate.validFrom),
    notAfter: Date.parse(certificate.validTo),
  }
}

function parse(text: string): X509Certificate {
  const body = text.replaceAll(/-----(BEGIN|END) CERTIFICATE-----|\s+/g, '')
  try {
    return new X509Certificate(Buffer.from(body, 'base64'))
  } catch (error) {
    throw unusable('a certificate cannot be read; send PEM or its base64', error)
  }
}

function unusable(problem: string, cause?: unknown): ApiError {
  return new ApiError('invalid_metadata', { detail: `The certificates cannot be used: ${problem}.`, cause })
}
