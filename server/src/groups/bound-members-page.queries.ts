import { toBounds, type BoundsColumns } from '../bounds/bounds-sql.ts'
import { rawRows, type Queryable } from '../db/db.ts'
import type { Page } from '../lists/envelope.ts'
import type { ListQuery } from '../lists/list-query.ts'
import { selectPage } from '../lists/select-page.ts'
import { boundMemberList } from './bound-members.fields.ts'
import type { BoundMemberView } from './groups.schema.ts'

interface Row extends BoundsColumns {
  readonly id: string
  readonly username: string
  readonly added_at: number
}

interface Asked {
  readonly groupId: string
  readonly query: ListQuery
  readonly now: Date
}

export async function selectBoundMemberPage(
  db: Queryable,
  tenantId: string,
  { groupId, query, now }: Asked,
): Promise<Page<BoundMemberView>> {
  const { rows, total, filtered } = await selectPage<Row>(db, {
    shape: boundMemberList,
    table: 'users',
    columns: [
      'users.id',
      'users.username',
      'group_members.valid_from',
      'group_members.expires_at',
      'group_members.added_at',
    ],
    startFrom: {
      table: 'group_members',
      on: 'group_members.tenant_id = users.tenant_id and group_members.user_id = users.id',
    },
    readsStart: true,
    instant: now.getTime(),
    scope: {
      text: 'group_members.tenant_id = (select ?) and group_members.group_id = (select ?)',
      values: [tenantId, groupId],
    },
    query,
    total: () => countMemberships(db, tenantId, groupId),
  })
  return {
    items: rows.map((row) => ({
      userId: row.id,
      username: row.username,
      bounds: toBounds(row),
      addedAt: row.added_at,
    })),
    total,
    filtered,
  }
}

/** Both counts are kept on the group. */
async function countMemberships(db: Queryable, tenantId: string, groupId: string): Promise<number> {
  const text = 'select member_count + timed_members as count from groups where tenant_id = ? and id = ?'
  const [row] = await rawRows<{ count: number }>(db, text, [tenantId, groupId])
  return row?.count ?? 0
}
