export interface AuditCheckpointsTable {
  tenant_id: string
  seq: number
  hash: string
  at: number
  /** The raw Ed25519 key, base64url. */
  public_key: string
  signature: string
}
