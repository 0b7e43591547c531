import Type, { type Static } from 'typebox'

export const Plan = Type.Union([Type.Literal('enterprise'), Type.Literal('standard')])
export type Plan = Static<typeof Plan>

export type TenantState = 'active' | 'disabled'

/** What an admin may change about a tenant; missing keys mean these defaults. */
export interface TenantSettings {
  /** Whether API tokens and OAuth clients may enable and disable users. */
  readonly apiMayDeactivateUsers: boolean
  /** Role of invited people when the invitation names none. */
  readonly defaultRole: '$admin' | '$member' | '$guest'
  /** Whether SCIM is switched on: the IdP then owns the users it made. */
  readonly scimIsOn: boolean
  /** Minutes without a request after which a session ends: 1 to 43,200. */
  readonly sessionIdleMinutes: number
  /** Minutes after which a session ends whatever happens. */
  readonly sessionMaxMinutes: number
  /** Whether a password alone signs nobody in. */
  readonly requiresSecondFactor: boolean
  /** Whether people sign in through the IdP alone. */
  readonly enforcesSso: boolean
}

export const defaultSettings: TenantSettings = {
  apiMayDeactivateUsers: true,
  defaultRole: '$member',
  scimIsOn: false,
  sessionIdleMinutes: 60,
  sessionMaxMinutes: 1_440,
  requiresSecondFactor: false,
  enforcesSso: false,
}

export interface Tenant {
  readonly id: string
  readonly slug: string
  readonly name: string
  readonly plan: Plan
  readonly state: TenantState
  readonly settings: TenantSettings
  readonly createdAt: number
}
