import { createHash, createPrivateKey, createPublicKey, hkdfSync, sign, verify, type KeyObject } from 'node:crypto'

/** Signs for the installation, with Ed25519. */
export interface Signer {
  /** The raw public key, base64url. */
  readonly publicKey: string
  /** @returns the signature of the text's UTF-8 bytes, base64url */
  sign(text: string): string
}

/** What stands in front of 32 bytes in the DER forms of an Ed25519 key (RFC 8410). */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex')
const spkiHead = Buffer.from('302a300506032b6570032100', 'hex')

/** The key is derived from the installation's secret: whoever has the database alone cannot sign. */
export function signerFrom(secretKey: string): Signer {
  const seed = Buffer.from(hkdfSync('sha256', secretKey, '', 'muster audit signing key, version 1', 32))
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Head, seed]), format: 'der', type: 'pkcs8' })
  const publicKey = rawPublicKey(createPublicKey(key))
  return { publicKey, sign: (text) => sign(null, Buffer.from(text), key).toString('base64url') }
}

/** Answers false for a signature or key of any other form, too. */
export function isSignedBy(publicKey: string, text: string, signature: string): boolean {
  const raw = Buffer.from(publicKey, 'base64url')
  if (raw.length !== 32) return false
  return verify(null, Buffer.from(text), toKeyObject(raw), Buffer.from(signature, 'base64url'))
}

/** A short name of a public key, for people and for telling keys apart. */
export function keyIdOf(publicKey: string): string {
  return createHash('sha256').update(Buffer.from(publicKey, 'base64url')).digest('hex').slice(0, 16)
}

export function toPem(publicKey: string): string {
  return toKeyObject(Buffer.from(publicKey, 'base64url')).export({ format: 'pem', type: 'spki' }).toString()
}

/**
 * Reads a public key in any form it is given out in: PEM, the JSON of the API, or the bare text.
 *
 * @returns undefined for what is none
 */
export function readPublicKey(text: string): string | undefined {
  const trimmed = text.trim()
  try {
    if (trimmed.startsWith('-----')) return rawPublicKey(createPublicKey(trimmed))
    const bare: unknown = trimmed.startsWith('{') ? JSON.parse(trimmed).publicKey : trimmed
    return typeof bare === 'string' && /^[A-Za-z0-9_-]{43}$/.test(bare) ? bare : undefined
  } catch {
    return undefined
  }
}

function toKeyObject(raw: Buffer): KeyObject {
  return createPublicKey({ key: Buffer.concat([spkiHead, raw]), format: 'der', type: 'spki' })
}

function rawPublicKey(key: KeyObject): string {
  if (key.asymmetricKeyType !== 'ed25519') throw new Error(`a key of the type ${key.asymmetricKeyType}`)
  return key.export({ format: 'der', type: 'spki' }).subarray(spkiHead.length).toString('base64url')
}
