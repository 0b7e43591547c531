import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto'
import { ScimError } from '../scim-error.ts'

/** Seconds a cursor is good for; published in ServiceProviderConfig. */
export const cursorLifetimeSeconds = 3_600

/** Where a walk stands: the row after which, or before which, the page begins. */
export interface Position {
  readonly kind: number
  readonly seq: number
  /** 1 when the row has no value to sort by. */
  readonly missing: number
  readonly value: string | number
}

export interface WalkState {
  readonly position: Position
  readonly isBackward: boolean
  readonly pageSize: number
  readonly total: number
  /** Epoch ms. */
  readonly issuedAt: number
}

/** What a cursor is good for and nothing else (item 128). */
export interface Binding {
  readonly tenantId: string
  readonly tokenId: string
  /** Endpoint, filter, sort and order. */
  readonly question: string
}

const nonceBytes = 12
const tagBytes = 16

/** A position sealed against reading and forging; nothing is stored here (item 130). RFC 9865 section 5.3 */
export function sealCursor(key: Buffer, binding: Binding, state: WalkState): string {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(bindingBytes(binding))
  const sealed = Buffer.concat([cipher.update(JSON.stringify(state)), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')
}

/** @throws ScimError invalidCursor · expiredCursor */
export function openCursor(key: Buffer, binding: Binding, cursor: string, now: number): WalkState {
  const state = unseal(key, binding, cursor)
  if (now - state.issuedAt > cursorLifetimeSeconds * 1_000)
    throw new ScimError(400, `A cursor is good for ${cursorLifetimeSeconds} seconds; begin a new walk.`, {
      scimType: 'expiredCursor',
    })
  return state
}

function unseal(key: Buffer, binding: Binding, cursor: string): WalkState {
  const bytes = Buffer.from(cursor, 'base64url')
  if (bytes.length <= nonceBytes + tagBytes || cursor.length > 2_000 || !/^[A-Za-z0-9_-]+$/.test(cursor))
    throw invalidCursor()
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes))
  decipher.setAAD(bindingBytes(binding))
  decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes))
  try {
    const opened = Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()])
    // What opens was sealed here.
    return JSON.parse(opened.toString('utf8')) as WalkState
  } catch (error) {
    throw invalidCursor(error)
  }
}

function invalidCursor(cause?: unknown): ScimError {
  return new ScimError(
    400,
    'The cursor is not one of this walk; use it with the same endpoint, filter, sort and token.',
    {
      scimType: 'invalidCursor',
      cause,
    },
  )
}

function bindingBytes({ tenantId, tokenId, question }: Binding): Buffer {
  return Buffer.from(hash('sha256', JSON.stringify([tenantId, tokenId, question]), 'base64url'))
}
