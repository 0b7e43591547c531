/** Times are epoch ms. */
export interface DecentralizedRolesTable {
  tenant_id: string
  id: string
  user_id: string
  role_id: string
  level: string
  privilege: string
  /** What the role is held on; empty where nobody said. */
  object_id: string
  valid_from: number
  expires_at: number
  given_at: number
  given_by: string
}
