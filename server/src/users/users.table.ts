import type { Generated } from 'kysely'

/** Times are epoch ms, 0 where the thing never happened; booleans are 0 or 1. */
export interface UsersTable {
  seq: Generated<number>
  tenant_id: string
  id: string
  username: string
  username_key: string
  email: string
  email_key: string
  first_name: string
  first_name_key: string
  last_name: string
  last_name_key: string
  enabled: number
  email_verified: number
  source: string
  workspace_role_id: string
  /** JSON: object of string arrays. */
  attributes: string
  locked_until: number
  invited_at: number
  invited_by: string
  invited_by_name: string
  accepted_at: number
  last_login_at: number
  created_at: number
  version: number
  links_version: number
  /** 1 once the user was given anything that is time-bound: only then are bounds looked for. */
  has_time_bounds: Generated<number>
  /** 1 once the user was given a role beside the workspace role: only then are they looked for. */
  has_more_roles: Generated<number>
  /** When own fields or the role last changed, or the user was made. */
  modified_at: Generated<number>
  /** Normalised `attributes.designation[0]`. */
  title_key: Generated<string>
}
