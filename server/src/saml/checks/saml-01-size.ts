import { require } from '../saml-refusal.ts'

const formMaxBytes = 256 * 1024
const decodedMaxBytes = 192 * 1024
const base64 = /^[A-Za-z0-9+/]+={0,2}$/

/** SAML-01: the form field has at most 256 KiB, what it decodes to at most 192 KiB. */
export function checkSize(field: string): Buffer {
  require(field.length <= formMaxBytes, 'SAML-01: the form is too large')
  const text = field.replaceAll(/[\r\n\t ]+/g, '')
  require(text.length % 4 === 0 && base64.test(text), 'SAML-01: not base64')
  const decoded = Buffer.from(text, 'base64')
  require(decoded.length <= decodedMaxBytes, 'SAML-01: the document is too large')
  return decoded
}
