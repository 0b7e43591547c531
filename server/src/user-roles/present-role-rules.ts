import { holdsSql } from '../bounds/bounds-sql.ts'

/**
 * SQL for the id of the workspace role that counts at the instant for the user of this alias: the one granted for the
 * time being, or else one's own. Grants never overlap.
 */
export function presentRoleSql(users: string): string {
  return `coalesce(case when ${users}.has_more_roles = 1 then (select g.role_id from role_grants g
    where g.tenant_id = ${users}.tenant_id and g.user_id = ${users}.id and ${holdsSql('g')} limit 1) end, ${users}.workspace_role_id)`
}

/** What follows `from` to find the sub-roles a user holds at the instant; they count while the user is a member. */
export function presentSubRolesSql(users: string): string {
  return `user_sub_roles s join roles sr on sr.tenant_id = s.tenant_id and sr.id = s.role_id
    where s.tenant_id = ${users}.tenant_id and s.user_id = ${users}.id and ${holdsSql('s')}`
}
