import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/**
 * Encrypts what must be read again, and so cannot be stored as a hash: private keys. What was sealed for one purpose
 * opens for no other, and not at all when it was changed.
 */
export interface Vault {
  seal(text: string, purpose: string): string
  /** @throws Error when the key is another, or the text was changed */
  open(sealed: string, purpose: string): string
}

const version = 'v1'
const ivBytes = 12
const tagBytes = 16

/** AES-256-GCM; the purpose is authenticated beside the text. */
export function vaultFrom(secretKey: string): Vault {
  const key = Buffer.from(hkdfSync('sha256', secretKey, '', 'muster sealing', 32))
  return {
    seal(text, purpose) {
      const iv = randomBytes(ivBytes)
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(purpose))
      const sealed = Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return `${version}.${sealed.toString('base64url')}`
    },
    open(sealed, purpose) {
      const [found, text = ''] = sealed.split('.')
      const bytes = Buffer.from(text, 'base64url')
      if (found !== version || bytes.length < ivBytes + tagBytes) throw new Error('a sealed secret is damaged')
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes })
      decipher.setAAD(Buffer.from(purpose)).setAuthTag(bytes.subarray(-tagBytes))
      return decipher.update(bytes.subarray(ivBytes, -tagBytes), undefined, 'utf8') + decipher.final('utf8')
    },
  }
}
