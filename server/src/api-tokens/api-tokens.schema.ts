import type { Right } from '../access/permissions.ts'

/** The longest life of a token: five years. */
export const lifetimeMaxSeconds = 157_680_000

export interface ApiToken {
  readonly id: string
  /** `apikey-<uuid>` */
  readonly clientId: string
  readonly displayName: string
  readonly description: string
  readonly ownerId: string | null
  /** Qualified names. */
  readonly personas: readonly string[]
  readonly lifetimeSeconds: number
  readonly createdAt: number
  readonly createdBy: string
  readonly version: number
}

export interface NewApiToken {
  readonly displayName: string
  readonly description: string
  readonly personas: readonly string[]
  /** Null, negative or beyond the maximum means the maximum. */
  readonly lifetimeSeconds: number | null
}

export interface ApiTokenChange {
  readonly displayName: string
  /** Null leaves it. */
  readonly description: string | null
  readonly personas: readonly string[] | null
}

/** A token as its creator sees it once. */
export interface IssuedApiToken {
  readonly token: ApiToken
  readonly secret: string
}

/** A token of the host operator: it has no owner, keeps its role, and may carry rights that /apikeys never gives. */
export interface NewServiceToken {
  readonly displayName: string
  readonly role: '$admin' | '$member' | '$guest'
  readonly rights: readonly Right[]
  /** Null never expires. */
  readonly lifetimeSeconds: number | null
  /** A secret chosen beforehand; random when null. */
  readonly secret: string | null
}

/** What a token's actor is called wherever a username is shown: `service-account-apikey-<uuid>`. */
export function actorName(clientId: string): string {
  return `service-account-${clientId}`
}
