export interface CredentialsTable {
  tenant_id: string
  user_id: string
  password_hash: string
  changed_at: number
}
