/** Times are epoch ms, 0 where the thing never happened. */
export interface ScimTokensTable {
  tenant_id: string
  id: string
  label: string
  /** SHA-256 of the secret. */
  token_hash: string
  last_four: string
  /** `all`, or `read`: writes are then 403. */
  access: string
  /** Empty: the tenant's. */
  profile: string
  created_at: number
  created_by: string
  /** The user who made it; empty for the host operator. */
  creator_id: string
  expires_at: number
  revoked_at: number
  revoked_by: string
  /** The token that took its place, when rotated. */
  replaced_by: string
  last_used_at: number
  last_used_address: string
  last_used_agent: string
}

export interface ScimSettingsTable {
  tenant_id: string
  profile: string
  /** JSON: single keys of the profile. */
  overrides: string
  /** JSON: value or display of a SCIM role → workspace role. */
  role_map: string
  log_days: number
  /** Seals cursors, which give no right to anything. */
  cursor_key: string
  updated_at: number
  version: number
}
