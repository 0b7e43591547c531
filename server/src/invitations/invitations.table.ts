export interface InvitationsTable {
  tenant_id: string
  id: string
  user_id: string
  email: string
  role_id: string
  token_hash: string
  inviter_kind: string
  inviter_id: string
  inviter_name: string
  created_at: number
  expires_at: number
  last_sent_at: number
  accepted_at: number
  revoked_at: number
}
