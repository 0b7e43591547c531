export interface TotpSecretsTable {
  tenant_id: string
  user_id: string
  /** Base32, sealed for this user. */
  secret: string
  created_at: number
  /** 0 until the first code was right. */
  confirmed_at: number
  /** The newest step whose code was used; that and older ones count no more. */
  last_step: number
}

export interface RecoveryCodesTable {
  tenant_id: string
  user_id: string
  code_hash: string
  created_at: number
  used_at: number
}

export interface PasskeysTable {
  tenant_id: string
  /** The credential's own id, base64url. */
  id: string
  user_id: string
  name: string
  /** COSE, base64url. */
  public_key: string
  sign_count: number
  /** Comma-separated hints for the browser. */
  transports: string
  created_at: number
  last_used_at: number
}
