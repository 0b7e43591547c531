import { createPublicKey, createSign, randomBytes, type KeyObject } from 'node:crypto'

const sha256WithRsa = Buffer.from('300d06092a864886f70d01010b0500', 'hex')
const commonName = Buffer.from('0603550403', 'hex')

/**
 * A certificate around an RSA key, signed by that key. IdPs want a certificate where they could take a key: they pin it
 * and look at nothing else in it (docs/decisions/0041).
 *
 * @returns PEM
 * @source RFC 5280, 4.1
 */
export function selfSignedCertificate(
  privateKey: KeyObject,
  { name, notBefore, notAfter }: { readonly name: string; readonly notBefore: Date; readonly notAfter: Date },
): string {
  const serial = randomBytes(16)
  // Positive, and not beginning with zeros that DER would want gone.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40
  const distinguishedName = sequence(der(0x31, sequence(commonName, der(0x0c, Buffer.from(name)))))
  const toBeSigned = sequence(
    der(0x02, serial),
    sha256WithRsa,
    distinguishedName,
    sequence(time(notBefore), time(notAfter)),
    distinguishedName,
    createPublicKey(privateKey).export({ type: 'spki', format: 'der' }),
  )
  const signature = createSign('sha256').update(toBeSigned).sign(privateKey)
  const certificate = sequence(toBeSigned, sha256WithRsa, der(0x03, Buffer.concat([Buffer.of(0), signature])))
  const lines = certificate.toString('base64').replaceAll(/.{64}/g, '$&\n').trimEnd()
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts))
}

/** Two digits of the year before 2050, four from then on. */
function time(at: Date): Buffer {
  const digits = at.toISOString().replaceAll(/[-:T]|\.\d{3}/g, '')
  return at.getUTCFullYear() < 2050 ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits))
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content])
  const bytes = Buffer.from(length.toString(16).padStart(length > 0xffff ? 6 : length > 0xff ? 4 : 2, '0'), 'hex')
  return Buffer.concat([Buffer.of(tag, 0x80 | bytes.length), bytes, content])
}
