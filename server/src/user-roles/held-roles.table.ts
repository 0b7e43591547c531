import type { Generated } from 'kysely'

/** Role grants and sub-roles are kept in tables of one form. */
export type HeldRolesName = 'role_grants' | 'user_sub_roles'

/** A role somebody holds beside the workspace role. Times are epoch ms. */
interface HeldRolesTable {
  tenant_id: string
  user_id: string
  role_id: string
  valid_from: number
  expires_at: number
  given_at: number
  given_by: string
}

/** Workspace roles that stand in for one's own for a time. */
export type RoleGrantsTable = HeldRolesTable

export interface UserSubRolesTable extends HeldRolesTable {
  /** 1 where either bound is set; the others are in `roles.member_count`. */
  is_timed: Generated<number>
}
