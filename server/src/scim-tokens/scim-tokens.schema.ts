import type { WorkspaceRole } from '../access/permissions.ts'
import type { ScimProfile, ScimRules } from './scim-rules.schema.ts'

export type ScimTokenState = 'live' | 'ending' | 'expired' | 'revoked' | 'rotated'

/** A credential that lets one IdP provision one tenant. Times are epoch ms, 0 where the thing never happened. */
export interface ScimToken {
  readonly id: string
  readonly label: string
  /** Prefix and last four characters, for people to recognise it by. */
  readonly hint: string
  readonly access: 'all' | 'read'
  /** Null: the tenant's. */
  readonly profile: ScimProfile | null
  readonly createdAt: number
  readonly createdBy: string
  readonly creatorId: string
  readonly expiresAt: number
  readonly revokedAt: number
  readonly replacedBy: string
  readonly lastUsedAt: number
  readonly lastUsedAddress: string
  readonly lastUsedAgent: string
}

export interface NewScimToken {
  readonly label: string
  readonly access: 'all' | 'read'
  readonly profile: ScimProfile | null
  readonly lifetimeSeconds: number | null
}

/** How a tenant is provisioned. */
export interface ScimSettings {
  readonly isOn: boolean
  readonly profile: ScimProfile
  /** Single rules that differ from the profile's. */
  readonly overrides: Partial<ScimRules>
  /** Value or display of a SCIM role, in lower case → workspace role. */
  readonly roleMap: Readonly<Record<string, WorkspaceRole>>
  /** Days the inspector keeps requests; 0 keeps none. */
  readonly logDays: number
  readonly version: number
}

export interface ScimSettingsChange {
  readonly isOn?: boolean
  readonly profile?: ScimProfile
  readonly overrides?: Partial<ScimRules>
  readonly roleMap?: Readonly<Record<string, WorkspaceRole>>
  readonly logDays?: number
}

export const lifetimeDefaultSeconds = 365 * 86_400
export const lifetimeMinSeconds = 86_400
export const lifetimeMaxSeconds = 5 * 365 * 86_400

/** @source contract/scim.md 3.3 */
export function tokenState(token: ScimToken, now: number): ScimTokenState {
  if (token.revokedAt > 0) return 'revoked'
  if (token.expiresAt <= now) return token.replacedBy === '' ? 'expired' : 'rotated'
  return token.replacedBy === '' ? 'live' : 'ending'
}
