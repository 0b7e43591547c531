/** Keys that never leave the server. */
export interface TenantKeysTable {
  tenant_id: string
  /** `cursors`. */
  purpose: string
  /** 256 bits, base64url. */
  key: string
  created_at: number
}
