export interface OAuthClientsTable {
  tenant_id: string
  id: string
  /** `oauth-client-<uuid>`, what the program calls itself. */
  client_id: string
  secret_hash: string
  display_name: string
  description: string
  role_id: string
  /** JSON: array of qualified names of personas. */
  personas: string
  created_at: number
  created_by: string
  /** 0 = never. */
  updated_at: number
  updated_by: string
  /** When the secret was last exchanged for an access token. */
  last_used_at: number
  version: number
}
