import type { Generated } from 'kysely'

export interface GroupsTable {
  seq: Generated<number>
  tenant_id: string
  id: string
  name: string
  name_key: string
  alias: string
  alias_key: string
  /** JSON: object of string arrays, without those that have columns. */
  attributes: string
  is_default: number
  source: string
  /** Members for good. */
  member_count: number
  /** Memberships that are time-bound, in whatever state: where there are none, nothing is asked of the clock. */
  timed_members: Generated<number>
  created_at: number
  created_by: string
  updated_at: number
  updated_by: string
  version: number
  links_version: number
  /** When own fields or members last changed, or the group was made. */
  modified_at: Generated<number>
  /** Rises with every change of members. */
  members_version: Generated<number>
}

export interface GroupMembersTable {
  tenant_id: string
  group_id: string
  user_id: string
  source: string
  added_at: number
  valid_from: Generated<number>
  expires_at: Generated<number>
  /** 1 where either bound is set. */
  is_timed: Generated<number>
  /** What an IdP calls the member; empty: the member's own name. */
  display: Generated<string>
}
