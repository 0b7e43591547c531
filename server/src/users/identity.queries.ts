import { sql } from 'kysely'
import { dialectOf, type Queryable } from '../db/db.ts'
import { searchedName } from '../db/searched-table.ts'
import type { CheckedNode } from '../filter/field.ts'
import { filterToSql } from '../filter/filter-sql.ts'
import type { GroupsTable } from '../groups/groups.table.ts'
import type { GroupIdentity, UserIdentity } from './identity.schema.ts'
import type { UsersTable } from './users.table.ts'

/** A client's filter may hold a pattern. */
function searched<Table>(db: Queryable, name: 'users' | 'groups') {
  return sql<Table>`${sql.table(searchedName(dialectOf(db), name))}`
}

export async function selectUserIdentities(
  db: Queryable,
  tenantId: string,
  filter: CheckedNode,
  /** The instant at which groups are wanted; null leaves them out. */
  groupsAt: Date | null,
): Promise<UserIdentity[]> {
  const rows = await db
    .selectFrom(searched<UsersTable>(db, 'users').as('users'))
    .select([
      'id',
      'username',
      'email',
      'enabled',
      'first_name',
      'last_name',
      'attributes',
      'invited_at',
      'invited_by',
      'invited_by_name',
      'created_at',
    ])
    .where('tenant_id', '=', tenantId)
    .where(filterToSql(filter, dialectOf(db)))
    .orderBy('username')
    .orderBy('id')
    .execute()
  const groups = groupsAt
    ? await selectGroupsOf(
        db,
        tenantId,
        rows.map((row) => row.id),
        groupsAt,
      )
    : new Map<string, { id: string; name: string }[]>()
  return rows.map((row) => ({
    id: row.id,
    username: row.username,
    email: row.email,
    enabled: row.enabled === 1,
    firstName: row.first_name,
    lastName: row.last_name,
    attributes: JSON.parse(row.attributes),
    invitedAt: row.invited_at,
    invitedBy: row.invited_by,
    invitedByName: row.invited_by_name,
    createdAt: row.created_at,
    groups: groups.get(row.id) ?? [],
  }))
}

async function selectGroupsOf(db: Queryable, tenantId: string, userIds: readonly string[], now: Date) {
  if (userIds.length === 0) return new Map<string, { id: string; name: string }[]>()
  const rows = await db
    .selectFrom('group_members')
    .innerJoin('groups', (join) =>
      join.onRef('groups.tenant_id', '=', 'group_members.tenant_id').onRef('groups.id', '=', 'group_members.group_id'),
    )
    .select(['group_members.user_id', 'groups.id', 'groups.name'])
    .where('group_members.tenant_id', '=', tenantId)
    .where('group_members.user_id', 'in', [...userIds])
    .where('group_members.valid_from', '<=', now.getTime())
    .where('group_members.expires_at', '>', now.getTime())
    .orderBy('groups.name')
    .execute()
  const byUser = Map.groupBy(rows, (row) => row.user_id)
  return new Map([...byUser].map(([userId, groups]) => [userId, groups.map(({ id, name }) => ({ id, name }))]))
}

export async function selectGroupIdentities(
  db: Queryable,
  tenantId: string,
  filter: CheckedNode,
): Promise<GroupIdentity[]> {
  return db
    .selectFrom(searched<GroupsTable>(db, 'groups').as('groups'))
    .select(['id', 'name', 'alias'])
    .where('tenant_id', '=', tenantId)
    .where(filterToSql(filter, dialectOf(db)))
    .orderBy('name')
    .execute()
}
