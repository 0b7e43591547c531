export interface ApiTokensTable {
  tenant_id: string
  id: string
  client_id: string
  token_hash: string
  last_four: string
  display_name: string
  description: string
  /** The user whose current role the token has; null for a service token, which has role_id instead. */
  owner_id: string | null
  role_id: string | null
  /** JSON: array of rights only the host operator gives. */
  rights: string
  /** JSON: array of qualified names of personas. */
  personas: string
  lifetime_seconds: number
  created_at: number
  created_by: string
  updated_at: number
  updated_by: string
  /** 0 = never. */
  expires_at: number
  revoked_at: number
  last_used_at: number
  version: number
}
