import { sql } from 'kysely'
import { instantSql, withInstant } from '../bounds/bounds-sql.ts'
import { rawRows, type Queryable } from '../db/db.ts'

/** How many of their time-bound members these groups have now: an index holds nothing but those rows. */
export async function countTimedMembers(
  db: Queryable,
  tenantId: string,
  groupIds: readonly string[],
  now: Date,
): Promise<Map<string, number>> {
  if (groupIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('group_members')
    .select((eb) => ['group_id', eb.fn.countAll<number>().as('count')])
    .where('tenant_id', '=', tenantId)
    .where('group_id', 'in', [...groupIds])
    // As part of the text, so that every plan may use the partial index.
    .where('is_timed', '=', sql.lit(1))
    .where('expires_at', '>', now.getTime())
    .where('valid_from', '<=', now.getTime())
    .groupBy('group_id')
    .execute()
  return new Map(rows.map((row) => [row.group_id, row.count]))
}

const anyTimedGroup = 'select 1 as found from groups where tenant_id = ? and timed_members > 0 limit 1'

/** Says whether any group of the tenant has a time-bound membership. */
export async function hasTimedGroups(db: Queryable, tenantId: string): Promise<boolean> {
  return (await rawRows(db, anyTimedGroup, [tenantId])).length > 0
}

/** Of several groups, as findLastBound; asked only of those that have time-bound members. */
export async function selectLastBounds(
  db: Queryable,
  tenantId: string,
  groupIds: readonly string[],
  now: Date,
): Promise<Map<string, number>> {
  if (groupIds.length === 0) return new Map()
  const at = now.getTime()
  const rows = await db
    .selectFrom('group_members')
    .select([
      'group_id',
      sql<number>`max(case when expires_at <= ${at} then expires_at when valid_from <= ${at} then valid_from else 0 end)`.as(
        'at',
      ),
    ])
    .where('tenant_id', '=', tenantId)
    .where('group_id', 'in', [...groupIds])
    .where('is_timed', '=', sql.lit(1))
    .groupBy('group_id')
    .execute()
  return new Map(rows.map((row) => [row.group_id, row.at]))
}

const lastBound = `${withInstant}
select max(case when m.expires_at <= ${instantSql} then m.expires_at
  when m.valid_from <= ${instantSql} then m.valid_from else 0 end) as at
from group_members m where m.tenant_id = (select ?) and m.group_id = (select ?) and m.is_timed = 1`

/** The newest of a group's bounds that has passed: with it, the clock changed what the record shows. */
export async function findLastBound(db: Queryable, tenantId: string, groupId: string, now: Date): Promise<number> {
  const [row] = await rawRows<{ at: number | null }>(db, lastBound, [now.getTime(), tenantId, groupId])
  return row?.at ?? 0
}
