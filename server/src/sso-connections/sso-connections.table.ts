import type { Generated } from 'kysely'

/** Times are epoch ms, 0 where the thing never happened; booleans are 0 or 1. */
export interface SsoConnectionsTable {
  tenant_id: string
  id: string
  /** Known to clients: `okta`, `azure`. */
  alias: string
  alias_key: string
  display_name: string
  is_enabled: number
  /** Of the IdP. */
  entity_id: string
  sign_on_url: string
  sign_on_binding: string
  logout_url: string
  /** JSON: list of {pem, notAfter, subject, fingerprint}. */
  certificates: string
  /** JSON. */
  options: string
  created_at: number
  created_by: string
  updated_at: number
  updated_by: string
  version: Generated<number>
}
