export interface OutboxTable {
  tenant_id: string
  id: string
  kind: string
  subject_id: string
  dedupe_key: string
  payload: string
  state: string
  attempts: number
  due_at: number
  lease_until: number
  lease_owner: string
  last_error: string
  created_at: number
  settled_at: number
}
