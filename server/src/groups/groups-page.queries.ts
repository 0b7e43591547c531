import { readCounter } from '../db/counters.ts'
import type { Queryable } from '../db/db.ts'
import type { Page } from '../lists/envelope.ts'
import type { ListQuery } from '../lists/list-query.ts'
import { selectPage } from '../lists/select-page.ts'
import { groupList } from './groups.fields.ts'
import { groupColumns, toGroup, type GroupRow } from './group-row-rules.ts'
import type { Group } from './groups.schema.ts'

/** All groups, or those of one user. */
export async function selectGroupPage(
  db: Queryable,
  tenantId: string,
  query: ListQuery,
  whose: 'all' | { readonly userId: string },
): Promise<Page<Group>> {
  const { rows, total, filtered } = await selectPage<GroupRow>(db, {
    shape: groupList,
    table: 'groups',
    columns: groupColumns,
    ...(whose === 'all'
      ? {}
      : {
          startFrom: {
            table: 'group_members',
            on: 'group_members.tenant_id = groups.tenant_id and group_members.group_id = groups.id',
          },
        }),
    scope:
      whose === 'all'
        ? { text: 'groups.tenant_id = (select ?)', values: [tenantId] }
        : {
            text: 'group_members.tenant_id = (select ?) and group_members.user_id = (select ?)',
            values: [tenantId, whose.userId],
          },
    query,
    total: () => (whose === 'all' ? readCounter(db, tenantId, 'groups') : countGroupsOf(db, tenantId, whose.userId)),
  })
  return { items: rows.map(toGroup), total, filtered }
}

async function countGroupsOf(db: Queryable, tenantId: string, userId: string): Promise<number> {
  const row = await db
    .selectFrom('group_members')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .executeTakeFirstOrThrow()
  return row.count
}
