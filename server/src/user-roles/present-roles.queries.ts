import type { PresentRoles } from './held-roles.schema.ts'
import { forever } from '../bounds/bounds.ts'
import { instantSql, withInstant } from '../bounds/bounds-sql.ts'
import { dialectOf, rawRows, type DialectName, type Queryable } from '../db/db.ts'
import { jsonArraySql } from '../db/dialects/json.ts'
import { SqlTexts } from '../db/sql-texts.ts'
import { presentRoleSql, presentSubRolesSql } from './present-role-rules.ts'

interface Row {
  readonly role: string
  /** JSON array. */
  readonly sub_roles: string
  readonly until: number | null
}

/** Asked only for users who were ever given a role beside the workspace role. */
export async function selectPresentRoles(
  db: Queryable,
  tenantId: string,
  userId: string,
  now: Date,
): Promise<PresentRoles | undefined> {
  const dialect = dialectOf(db)
  const text = texts.get(dialect, () => presentRolesText(dialect))
  const [row] = await rawRows<Row>(db, text, [now.getTime(), tenantId, userId])
  if (row === undefined) return undefined
  return { role: row.role, subRoles: JSON.parse(row.sub_roles), until: row.until ?? forever }
}

const texts = new SqlTexts()

function presentRolesText(dialect: DialectName): string {
  const bounds = ['role_grants', 'user_sub_roles'].flatMap((table) =>
    ['valid_from', 'expires_at'].map(
      (column) =>
        `select ${column} as at from ${table} where tenant_id = u.tenant_id and user_id = u.id and ${column} > ${instantSql}`,
    ),
  )
  return `${withInstant}
select r.name as role, ${jsonArraySql(dialect, 'sr.name', presentSubRolesSql('u'))} as sub_roles,
  (select min(b.at) from (${bounds.join(' union all ')}) b) as until
from users u
join roles r on r.tenant_id = u.tenant_id and r.id = ${presentRoleSql('u')}
where u.tenant_id = (select ?) and u.id = (select ?)`
}
