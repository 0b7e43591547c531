import { holdsSql, withInstant } from '../bounds/bounds-sql.ts'
import { readCounter } from '../db/counters.ts'
import { rawRows, type Queryable } from '../db/db.ts'
import { SqlTexts } from '../db/sql-texts.ts'
import type { Page, WalkedPage } from '../lists/envelope.ts'
import type { ListQuery } from '../lists/list-query.ts'
import type { CursorSeal } from '../lists/cursor.ts'
import { selectPage, selectWalk } from '../lists/select-page.ts'
import { groupList, presentCountSql, timedGroupList } from './groups.fields.ts'
import { groupColumns, type GroupRow } from './group-row-rules.ts'
import { toGroups } from './groups.queries.ts'
import type { Group } from './groups.schema.ts'
import { hasTimedGroups } from './timed-members.queries.ts'

interface Asked {
  readonly query: ListQuery
  readonly whose: 'all' | { readonly userId: string }
  readonly now: Date
}

/** All groups, or those of one user at this instant. */
export async function selectGroupPage(db: Queryable, tenantId: string, asked: Asked): Promise<Page<Group>> {
  const { query, whose, now } = asked
  // Members for good are counted in the index; where others come and go, the order is made when it is asked for.
  const isCounted = query.sort?.key === 'userCount' && (await hasTimedGroups(db, tenantId))
  if (isCounted && query.filter === null && whose === 'all') return selectByPresentCount(db, tenantId, query, now)
  const { rows, total, filtered } = await selectPage<GroupRow>(db, {
    shape: isCounted ? timedGroupList : groupList,
    table: 'groups',
    columns: groupColumns,
    ...(isCounted || query.filter !== null || whose !== 'all' ? { instant: now.getTime() } : {}),
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
            text: `group_members.tenant_id = (select ?) and group_members.user_id = (select ?) and ${holdsSql('group_members')}`,
            values: [tenantId, whose.userId],
          },
    query,
    total: () =>
      whose === 'all' ? readCounter(db, tenantId, 'groups') : countGroupsOf(db, tenantId, whose.userId, now),
  })
  return { items: await toGroups(db, tenantId, rows, now), total, filtered }
}

const texts = new SqlTexts()

/**
 * All groups by how many members they have now: those without time-bound members come in the order of the index and
 * no further than the page, and the others, which are few, are sorted in between.
 */
async function selectByPresentCount(
  db: Queryable,
  tenantId: string,
  { sort, limit, offset, withTotals }: ListQuery,
  now: Date,
): Promise<Page<Group>> {
  const direction = sort?.descending === true ? 'desc' : 'asc'
  const names = groupColumns.map((column) => column.replace('groups.', '')).join(', ')
  const text = texts.get(`${direction} ${limit}`, () => {
    const page = `limit ${limit} + cast(? as bigint)`
    return `${withInstant}
      select ${names} from (
        select * from (select ${groupColumns.join(', ')}, groups.member_count as present
          from groups where groups.tenant_id = (select ?) and groups.timed_members = 0 order by groups.member_count ${direction}, groups.id ${direction}
          ${page}) counted
        union all
        select ${groupColumns.join(', ')}, ${presentCountSql} as present from groups
          where groups.tenant_id = (select ?) and groups.timed_members > 0
      ) merged order by present ${direction}, id ${direction} limit ${limit} offset cast(? as bigint)`
  })
  const rows = await rawRows<GroupRow>(db, text, [now.getTime(), tenantId, offset, tenantId, offset])
  const total = withTotals ? await readCounter(db, tenantId, 'groups') : 0
  return { items: await toGroups(db, tenantId, rows, now), total, filtered: total }
}

/** A page of a walk over all groups. */
export async function selectGroupWalk(
  db: Queryable,
  tenantId: string,
  { query, now, seal }: Omit<Asked, 'whose'> & { readonly seal: CursorSeal },
): Promise<WalkedPage<Group>> {
  const isCounted = query.sort?.key === 'userCount' && (await hasTimedGroups(db, tenantId))
  const { rows, ...page } = await selectWalk<GroupRow>(db, {
    shape: isCounted ? timedGroupList : groupList,
    table: 'groups',
    columns: groupColumns,
    instant: now.getTime(),
    scope: { text: 'groups.tenant_id = (select ?)', values: [tenantId] },
    query,
    total: () => readCounter(db, tenantId, 'groups'),
    seal,
  })
  return { ...page, items: await toGroups(db, tenantId, rows, now) }
}

async function countGroupsOf(db: Queryable, tenantId: string, userId: string, now: Date): Promise<number> {
  const row = await db
    .selectFrom('group_members')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .where('valid_from', '<=', now.getTime())
    .where('expires_at', '>', now.getTime())
    .executeTakeFirstOrThrow()
  return row.count
}
