export interface TenantsTable {
  id: string
  slug: string
  name: string
  plan: string
  state: string
  /** JSON of TenantSettings; missing keys mean their defaults. */
  settings: string
  /** Raised when a shared name or link changes that many users' documents show. */
  catalogue_version: number
  created_at: number
}
