/** Failures of one account, device or address. Times are epoch ms, 0 where the thing never happened. */
export interface SignInCountersTable {
  tenant_id: string
  /** What is counted: `user:<id>`, `name:<hash>`, `device:<hash>`, `address:<address>` and the like. */
  subject_key: string
  /** In a row, since the last success. */
  failures: number
  window_start: number
  in_window: number
  blocked_until: number
  last_at: number
}

/** A browser in which a user has signed in before. */
export interface KnownDevicesTable {
  tenant_id: string
  user_id: string
  /** SHA-256 of what its cookie holds. */
  device_hash: string
  created_at: number
  last_seen_at: number
}

/** A sign-in that has begun and not ended: the password was right, or a passkey was asked for. */
export interface PendingSignInsTable {
  tenant_id: string
  /** SHA-256 of what the cookie holds. */
  token_hash: string
  purpose: string
  /** Empty while nobody is known. */
  user_id: string
  /** JSON. */
  data: string
  expires_at: number
}
