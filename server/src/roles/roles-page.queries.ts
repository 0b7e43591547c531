import type { Queryable } from '../db/db.ts'
import type { Page } from '../lists/envelope.ts'
import type { ListQuery } from '../lists/list-query.ts'
import { selectPage } from '../lists/select-page.ts'
import { presentCountSql, roleList } from './roles.fields.ts'
import { roleColumns, toRole } from './roles.queries.ts'
import type { Role } from './roles.schema.ts'
import type { RolesTable } from './roles.table.ts'

type Row = Pick<RolesTable, 'id' | 'name' | 'description' | 'level' | 'member_count'>

/** Roles that can be listed: those of token actors are not. */
export async function selectRolePage(
  db: Queryable,
  tenantId: string,
  query: ListQuery,
  now: Date,
): Promise<Page<Role>> {
  const { rows, total, filtered } = await selectPage<Row>(db, {
    shape: roleList,
    table: 'roles',
    columns: [...roleColumns.filter((column) => column !== 'roles.member_count'), `${presentCountSql} as member_count`],
    instant: now.getTime(),
    scope: { text: `roles.tenant_id = (select ?) and roles.level <> 'token'`, values: [tenantId] },
    query,
    total: () => countRoles(db, tenantId),
  })
  return { items: rows.map(toRole), total, filtered }
}

/** A handful of rows, so they are counted. */
async function countRoles(db: Queryable, tenantId: string): Promise<number> {
  const row = await db
    .selectFrom('roles')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('tenant_id', '=', tenantId)
    .where('level', '<>', 'token')
    .executeTakeFirstOrThrow()
  return row.count
}
