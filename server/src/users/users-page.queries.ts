import { readCounter } from '../db/counters.ts'
import type { Queryable } from '../db/db.ts'
import type { ListQuery } from '../lists/list-query.ts'
import type { ListShape } from '../lists/list-shape.ts'
import { hasActedSql } from './users.queries.ts'
import { selectPage, type RowPage } from '../lists/select-page.ts'

/** The whole tenant, or the members of a group with their maintained number. */
export type UserScope = 'all' | { readonly groupId: string; readonly memberCount: number }

export interface VersionRow {
  readonly id: string
  readonly version: number
  readonly links_version: number
  readonly has_acted: number
}

const columns = ['users.id', 'users.version', 'users.links_version']
const isMember = 'group_members.tenant_id = users.tenant_id and group_members.user_id = users.id'
/** From here on, walking the sort index and passing over strangers beats sorting the members. */
const walkedMembersMin = 10_000

/** Which users are on the page, and which versions their documents must have. */
export function selectUserPage(
  db: Queryable,
  tenantId: string,
  { shape, query, scope }: { readonly shape: ListShape; readonly query: ListQuery; readonly scope: UserScope },
): Promise<RowPage<VersionRow>> {
  const withActed = query.columns === null || query.columns.has('adminEvents')
  const common = {
    shape,
    table: 'users',
    columns: [...columns, `${withActed ? hasActedSql : '0'} as has_acted`],
    query,
  }
  if (scope === 'all') {
    const all = { text: 'users.tenant_id = (select ?)', values: [tenantId] }
    return selectPage<VersionRow>(db, { ...common, scope: all, total: () => readCounter(db, tenantId, 'users') })
  }
  const isWalked = scope.memberCount > walkedMembersMin
  return selectPage<VersionRow>(db, {
    ...common,
    ...(isWalked
      ? { joins: `join group_members on ${isMember}` }
      : { startFrom: { table: 'group_members', on: isMember } }),
    scope: {
      text: `${isWalked ? 'users' : 'group_members'}.tenant_id = (select ?) and group_members.group_id = (select ?)`,
      values: [tenantId, scope.groupId],
    },
    total: async () => scope.memberCount,
  })
}
