import { ApiError } from '../errors/api-error.ts'
import { toKey } from '../db/normal-key.ts'
import { requireCleanName, type Attributes, type TextLimits } from '../text/clean-text.ts'
import type { User } from './users.schema.ts'

const usernamePattern = /^[\p{L}\p{N}][\p{L}\p{N}._@+-]{0,99}$/u
/** Names of token actors; a person of this name would be taken for one. */
const reservedPrefix = 'service-account-'

/** @throws invalid_body */
export function requireUsername(text: string, limits: TextLimits): string {
  const username = requireCleanName(text.trim(), 'username', limits)
  if (!usernamePattern.test(username) || toKey(username).startsWith(reservedPrefix)) {
    throw new ApiError('invalid_body', {
      detail:
        'username may have letters, digits and . _ @ + -, begins with a letter or digit, has at most 100 characters and does not begin with service-account-.',
    })
  }
  return username
}

/** A provisional username from an address: its local part, without what a username may not have. */
export function usernameFromEmail(email: string): string {
  const local = email.slice(0, email.lastIndexOf('@'))
  const cleaned = local
    .replaceAll(/[^\p{L}\p{N}._+-]/gu, '')
    .replace(/^[^\p{L}\p{N}]+/u, '')
    .slice(0, 80)
  return cleaned === '' || toKey(cleaned).startsWith(reservedPrefix) ? `user-${cleaned.slice(0, 60)}` : cleaned
}

/**
 * The key of a user without an address, whom only SCIM can make. Keys are unique and searched by what people type,
 * so it is made of the id in characters nobody types.
 */
function noAddressKey(id: string): string {
  return id
    .replaceAll('-', '')
    .replaceAll(/[0-9a-f]/g, (digit) => String.fromCodePoint(0xe000 + Number.parseInt(digit, 16)))
}

export function emailKey(email: string, id: string): string {
  return email === '' ? noAddressKey(id) : toKey(email)
}

/** SCIM's `title`, kept as the first designation; normalised, for its filters. */
export function titleKey(attributes: Attributes): string {
  return toKey(attributes['designation']?.[0] ?? '')
}

/** While SCIM is on, the IdP owns enabling and the address of the users it made. */
export function isScimManaged(user: Pick<User, 'source'>, scimIsOn: boolean): boolean {
  return scimIsOn && user.source === 'scim'
}

export function managedByScim(what: string): ApiError {
  return new ApiError('managed_by_scim', {
    detail: `This user is managed by the identity provider through SCIM; ${what} there.`,
  })
}

export function cannotDisableSelf(verb: string): ApiError {
  return new ApiError('cannot_disable_self', { detail: `You cannot ${verb} yourself; ask another admin.` })
}

export function lastAdmin(): ApiError {
  return new ApiError('last_admin', {
    detail: 'This is the last enabled admin of the workspace; make somebody else an admin first, for good.',
  })
}

/** The text of a refused duplicate, for single answers and for entries of a batch. */
export const userExistsText = 'a user with this address already exists'
