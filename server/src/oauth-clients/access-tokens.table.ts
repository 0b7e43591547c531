/** Tokens that OAuth clients got for their secret; each lives for minutes. */
export interface AccessTokensTable {
  tenant_id: string
  token_hash: string
  /** The row of the client, not the name it calls itself by. */
  oauth_client_id: string
  issued_at: number
  expires_at: number
}
