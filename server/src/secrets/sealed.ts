import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const algorithm = 'aes-256-gcm'
const nonceBytes = 12
const tagBytes = 16

/** 256 random bits. */
export function newSealKey(): string {
  return randomBytes(32).toString('base64url')
}

/**
 * A text that nobody else can read or change, as letters that need no escaping in an address.
 *
 * @param bound what it is valid for; unsealing takes the same
 */
export function seal(key: string, bound: string, text: string): string {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv(algorithm, Buffer.from(key, 'base64url'), nonce, { authTagLength: tagBytes })
  cipher.setAAD(Buffer.from(bound))
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')
}

/** The text, or undefined for anything that was not sealed with this key and bound, letter for letter. */
export function unseal(key: string, bound: string, sealed: string): string | undefined {
  const bytes = Buffer.from(sealed, 'base64url')
  // Decoding overlooks foreign letters and spare bits.
  if (bytes.length < nonceBytes + tagBytes || bytes.toString('base64url') !== sealed) return undefined
  const nonce = bytes.subarray(0, nonceBytes)
  const decipher = createDecipheriv(algorithm, Buffer.from(key, 'base64url'), nonce, { authTagLength: tagBytes })
  decipher.setAAD(Buffer.from(bound))
  decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()]).toString('utf8')
  } catch (error) {
    // Node has no class of its own for this error.
    if (error instanceof Error && error.message.includes('unable to authenticate')) return undefined
    throw error
  }
}
