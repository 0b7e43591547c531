import { holdsSql } from '../bounds/bounds-sql.ts'
import { readCounter } from '../db/counters.ts'
import type { Queryable } from '../db/db.ts'
import type { ListQuery } from '../lists/list-query.ts'
import type { ListShape } from '../lists/list-shape.ts'
import { hasActedSql } from './document-versions.queries.ts'
import { selectPage, selectWalk, type PageRequest, type RowPage } from '../lists/select-page.ts'
import type { CursorSeal } from '../lists/cursor.ts'

/** The whole tenant, or the members of a group with their number. */
export type UserScope =
  | 'all'
  | {
      readonly groupId: string
      readonly memberCount: number
      /** Whether some come or go by the clock. */
      readonly isTimed: boolean
    }

export interface VersionRow {
  readonly id: string
  readonly version: number
  readonly links_version: number
  readonly has_time_bounds: number
  readonly has_acted: number
}

const columns = ['users.id', 'users.version', 'users.links_version', 'users.has_time_bounds']
const isMember = 'group_members.tenant_id = users.tenant_id and group_members.user_id = users.id'
/** From here on, walking the sort index and passing over strangers beats sorting the members. */
const walkedMembersMin = 10_000

interface Asked {
  readonly shape: ListShape
  readonly query: ListQuery
  readonly now: Date
}

/** Which users are on the page, and which versions their documents must have. */
export function selectUserPage(
  db: Queryable,
  tenantId: string,
  { scope, ...asked }: Asked & { readonly scope: UserScope },
): Promise<RowPage<VersionRow>> {
  if (scope === 'all') return selectPage<VersionRow>(db, everybody(db, tenantId, asked))
  const common = read(asked)
  const isWalked = scope.memberCount > walkedMembersMin
  return selectPage<VersionRow>(db, {
    ...common,
    ...(isWalked
      ? { joins: `join group_members on ${isMember}` }
      : { startFrom: { table: 'group_members', on: isMember } }),
    scope: {
      text: `${isWalked ? 'users' : 'group_members'}.tenant_id = (select ?) and group_members.group_id = (select ?)${scope.isTimed ? ` and ${holdsSql('group_members')}` : ''}`,
      values: [tenantId, scope.groupId],
    },
    total: async () => scope.memberCount,
  })
}

/** The same for a page of a walk over all users. */
export function selectUserWalk(
  db: Queryable,
  tenantId: string,
  { seal, ...asked }: Asked & { readonly seal: CursorSeal },
): Promise<RowPage<VersionRow>> {
  return selectWalk<VersionRow>(db, { ...everybody(db, tenantId, asked), seal })
}

function everybody(db: Queryable, tenantId: string, asked: Asked): PageRequest {
  return {
    ...read(asked),
    scope: { text: 'users.tenant_id = (select ?)', values: [tenantId] },
    total: () => readCounter(db, tenantId, 'users'),
  }
}

/** Whether somebody acted matters only where it shows. */
function read({ shape, query, now }: Asked) {
  const withActed = query.columns === null || query.columns.has('adminEvents')
  return {
    shape,
    query,
    table: 'users',
    columns: [...columns, `${withActed ? hasActedSql : '0'} as has_acted`],
    instant: now.getTime(),
  }
}
