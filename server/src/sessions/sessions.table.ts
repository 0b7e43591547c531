/** Times are epoch ms; booleans are 0 or 1. */
export interface SessionsTable {
  tenant_id: string
  /** Shown in lists; opens nothing. */
  id: string
  /** SHA-256 of what the cookie holds. */
  id_hash: string
  user_id: string
  /** Proves that a form came from our own page. */
  csrf_token: string
  method: string
  second_factor: string
  started_at: number
  last_seen_at: number
  /** When the person last proved who they are. */
  confirmed_at: number
  idle_ms: number
  ends_at: number
  /** 1: the role changed, and the next request gets a new id. */
  is_stale: number
  address: string
  user_agent: string
  connection_id: string
  name_id: string
  session_index: string
}

export interface SessionTokensTable {
  tenant_id: string
  token_hash: string
  session_id: string
  expires_at: number
}
