import { generateKeyPairSync } from 'node:crypto'
import { selfSignedCertificate } from '../self-signed-certificate.ts'

export interface TestKey {
  readonly privateKey: string
  readonly certificate: string
}

/** A key and its certificate, made anew: nothing secret is kept in the repository. */
export function makeKey(name: string, { bits = 2_048, until = '2040-01-01', curve = '' } = {}): TestKey {
  const { privateKey } =
    curve === ''
      ? generateKeyPairSync('rsa', { modulusLength: bits })
      : generateKeyPairSync('ec', { namedCurve: curve })
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: selfSignedCertificate(privateKey, {
      name,
      notBefore: new Date('2025-01-01'),
      notAfter: new Date(until),
    }),
  }
}
