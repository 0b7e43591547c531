import type { Generated } from 'kysely'

export interface EventsTable {
  tenant_id: string
  id: string
  at: number
  type: string
  category: string
  actor_kind: string
  actor_id: string
  /** Erasable with the address. */
  actor_name: string
  /** The user on whose behalf it was done; empty where there is none. */
  actor_user_id: Generated<string>
  /** The credential that was presented; empty for the host operator and for anonymous requests. */
  credential_id: Generated<string>
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
  /** Place in the tenant's chain, from 1 without gaps; 0 until sealed. This and what follows is written by the sealer alone. */
  seq: Generated<number>
  prev_hash: Generated<string>
  hash: Generated<string>
  /** Random key of `subject_mac`, which stands for `personal` in the hash; erased together with it. */
  subject_key: Generated<string>
  subject_mac: Generated<string>
  /** Random key of `actor_mac`, which stands for the actor's name and address in the hash; erased together with them. */
  actor_key: Generated<string>
  actor_mac: Generated<string>
}
