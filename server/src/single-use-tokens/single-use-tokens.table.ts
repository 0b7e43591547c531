/** What a mailed link opens, once. Times are epoch ms, 0 where the thing never happened. */
export interface SingleUseTokensTable {
  tenant_id: string
  id: string
  token_hash: string
  purpose: string
  user_id: string
  /** Where it was mailed to: it opens nothing once that is no longer so. */
  address: string
  /** JSON. */
  data: string
  created_at: number
  expires_at: number
  used_at: number
}
