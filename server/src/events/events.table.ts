export interface EventsTable {
  tenant_id: string
  id: string
  at: number
  type: string
  category: string
  actor_kind: string
  actor_id: string
  actor_name: string
  subject_kind: string
  subject_id: string
  /** The second thing concerned, e.g. the user added to a group; empty where there is none. */
  object_id: string
  door: string
  address: string
  request_id: string
  /** JSON without personal data: ids, field names, roles. */
  data: string
  /** JSON of personal data: addresses, names, before and after. Erasable. */
  personal: string
}
