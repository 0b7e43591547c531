import type { WorkspaceRole } from '../access/permissions.ts'

/** A program with an id and a secret, which it exchanges for access tokens. */
export interface OAuthClient {
  readonly id: string
  /** `oauth-client-<uuid>` */
  readonly clientId: string
  readonly displayName: string
  readonly description: string
  readonly role: WorkspaceRole
  /** Qualified names. */
  readonly personas: readonly string[]
  readonly createdAt: number
  readonly createdBy: string
  /** 0 = never. */
  readonly updatedAt: number
  readonly updatedBy: string
  readonly version: number
}

export interface NewOAuthClient {
  readonly displayName: string
  readonly description: string
  /** The name of a workspace role. */
  readonly role: string
  readonly personas: readonly string[]
}

/** Null leaves a field as it is. */
export interface OAuthClientChange {
  readonly displayName: string | null
  readonly description: string | null
  readonly role: string | null
  readonly personas: readonly string[] | null
}

/** A client as its creator sees it once. */
export interface IssuedOAuthClient {
  readonly client: OAuthClient
  readonly secret: string
}

/** What a program shows in order to get an access token. */
export interface ClientCredentials {
  readonly clientId: string
  readonly secret: string
}

export interface AccessToken {
  readonly token: string
  readonly lifetimeSeconds: number
}
