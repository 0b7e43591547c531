import { toBounds, type BoundsColumns } from '../bounds/bounds-sql.ts'
import type { Queryable } from '../db/db.ts'
import type { Page } from '../lists/envelope.ts'
import type { ListQuery } from '../lists/list-query.ts'
import { selectPage } from '../lists/select-page.ts'
import { roleGrantList, subRoleList } from './held-roles.fields.ts'
import { countHoldings } from './held-roles.queries.ts'
import type { HeldRole } from './held-roles.schema.ts'
import type { HeldRolesName } from './held-roles.table.ts'

interface Row extends BoundsColumns {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly given_at: number
  readonly given_by: string
}

interface Asked {
  readonly userId: string
  readonly query: ListQuery
  readonly now: Date
}

export async function selectHeldRolePage(
  db: Queryable,
  table: HeldRolesName,
  tenantId: string,
  { userId, query, now }: Asked,
): Promise<Page<HeldRole>> {
  const bounded = ['valid_from', 'expires_at', 'given_at', 'given_by'].map((column) => `${table}.${column}`)
  const { rows, total, filtered } = await selectPage<Row>(db, {
    shape: table === 'role_grants' ? roleGrantList : subRoleList,
    table: 'roles',
    columns: ['roles.id', 'roles.name', 'roles.description', ...bounded],
    startFrom: { table, on: `${table}.tenant_id = roles.tenant_id and ${table}.role_id = roles.id` },
    readsStart: true,
    instant: now.getTime(),
    scope: { text: `${table}.tenant_id = (select ?) and ${table}.user_id = (select ?)`, values: [tenantId, userId] },
    query,
    total: () => countHoldings(db, table, tenantId, userId),
  })
  return { items: rows.map(toHeldRole), total, filtered }
}

function toHeldRole(row: Row): HeldRole {
  return {
    roleId: row.id,
    name: row.name,
    description: row.description,
    bounds: toBounds(row),
    givenAt: row.given_at,
    givenBy: row.given_by,
  }
}
