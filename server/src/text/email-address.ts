import { domainToASCII } from 'node:url'
import { ApiError } from '../errors/api-error.ts'

const addressMax = 254
const localMax = 64
const localPart = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
/** ASCII that a domain may not have; domainToASCII itself cuts at "/", drops tabs and decodes "%41". */
const foreignToDomains = /(?![A-Za-z0-9.-])[\u0000-\u007f]/

/**
 * Reads an address once: NFKC, an ASCII local part, the domain as A-labels. The result is stored and written to as it is.
 * Quoted local parts, comments, groups and address literals are refused: mail libraries disagree about them.
 *
 * @returns undefined when it is no address we write to
 * @source contract/security-and-reliability.md, V-I9 and V-I10
 */
export function parseEmailAddress(text: string): string | undefined {
  if (text.length > addressMax) return undefined
  const canonical = text.normalize('NFKC').replaceAll(/^ +| +$/g, '')
  const at = canonical.lastIndexOf('@')
  const local = canonical.slice(0, at)
  const typedDomain = canonical.slice(at + 1)
  if (at < 1 || local.length > localMax || !localPart.test(local) || foreignToDomains.test(typedDomain))
    return undefined
  const domain = domainToASCII(typedDomain)
  const labels = domain.split('.')
  if (labels.length < 2 && domain !== 'localhost') return undefined
  if (!labels.every((part) => label.test(part)) || /^[0-9]+$/.test(labels.at(-1) ?? '')) return undefined
  const address = `${local}@${domain}`
  return address.length > addressMax ? undefined : address
}

/** @throws invalid_email */
export function requireEmailAddress(text: string): string {
  const address = parseEmailAddress(text)
  if (address === undefined) {
    throw new ApiError('invalid_email', {
      detail: 'This is not an e-mail address Muster can write to; it should look like name@example.com.',
    })
  }
  return address
}
