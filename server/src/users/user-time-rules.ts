import { holdsSql, instantSql } from '../bounds/bounds-sql.ts'

/** SQL for: the membership of this alias, of the user of the row, holds at the instant. Ordinary users' rows are not even looked at. */
export function holdsIfBoundSql(alias: string): string {
  return `(users.has_time_bounds = 0 or (${holdsSql(alias)}))`
}

const timeBoundTables = ['group_members', 'role_grants', 'user_sub_roles', 'decentralized_roles']

/** SQL for the newest bound in time of the user of the row that has passed at the instant; 0 when there is none. */
export const lastBoundSql = `coalesce((select max(b.at) from (${timeBoundTables
  .flatMap((table) =>
    ['valid_from', 'expires_at'].map(
      (column) =>
        `select ${column} as at from ${table} where tenant_id = users.tenant_id and user_id = users.id and ${column} <= ${instantSql}`,
    ),
  )
  .join(' union all ')}) b), 0)`
