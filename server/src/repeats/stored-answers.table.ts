export interface IdempotencyKeysTable {
  tenant_id: string
  /** Of actor, route and the client's key; the key itself is not kept. */
  key_hash: string
  /** Of address and body. */
  fingerprint: string
  status: number
  /** JSON: what the operation set beside the body. */
  headers: string
  /** As it was sent, without secrets; empty for an empty one. */
  body: string
  expires_at: number
}
