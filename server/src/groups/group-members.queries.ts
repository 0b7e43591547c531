import { sql, type Insertable } from 'kysely'
import type { Bounds } from '../bounds/bounds.ts'
import { fromCountedBounds, toBounds } from '../bounds/bounds-sql.ts'
import { dialectOf, type Queryable, type Trx } from '../db/db.ts'
import type { GroupMembersTable } from './groups.table.ts'

export interface Membership {
  readonly groupId: string
  readonly userId: string
}

/** A membership, and when it holds. */
export interface BoundMembership extends Membership {
  readonly bounds: Bounds
}

/** Rows of one insert: eight values each stay far below both databases' limit. */
const rowsPerInsert = 1_000

/** Adds memberships; answers those that were not there before. Counters are the caller's. */
export async function insertMembers(
  trx: Trx,
  rows: readonly Insertable<GroupMembersTable>[],
): Promise<BoundMembership[]> {
  const added: BoundMembership[] = []
  for (let start = 0; start < rows.length; start += rowsPerInsert) {
    const inserted = await trx
      .insertInto('group_members')
      .values(rows.slice(start, start + rowsPerInsert))
      .onConflict((conflict) => conflict.doNothing())
      .returning(['group_id', 'user_id', 'valid_from', 'expires_at'])
      .execute()
    added.push(...inserted.map((row) => ({ groupId: row.group_id, userId: row.user_id, bounds: toBounds(row) })))
  }
  return added
}

/** Gives memberships that exist other bounds: one statement for all that get the same. */
export async function updateBounds(trx: Trx, tenantId: string, memberships: readonly BoundMembership[]): Promise<void> {
  const alike = Map.groupBy(memberships, ({ groupId, bounds }) => JSON.stringify([groupId, bounds]))
  for (const same of alike.values()) {
    const [first] = same
    if (first === undefined) continue
    await trx
      .updateTable('group_members')
      .set(fromCountedBounds(first.bounds))
      .where('tenant_id', '=', tenantId)
      .where('group_id', '=', first.groupId)
      .where(
        'user_id',
        'in',
        same.map(({ userId }) => userId),
      )
      .execute()
  }
}

/** Removes these users from one group, whenever they are in it; answers the memberships that went. */
export async function deleteMembers(
  trx: Trx,
  tenantId: string,
  groupId: string,
  userIds: readonly string[],
): Promise<BoundMembership[]> {
  if (userIds.length === 0) return []
  const rows = await trx
    .deleteFrom('group_members')
    .where('tenant_id', '=', tenantId)
    .where('group_id', '=', groupId)
    .where('user_id', 'in', [...userIds])
    .returning(['user_id', 'valid_from', 'expires_at'])
    .execute()
  return rows.map((row) => ({ groupId, userId: row.user_id, bounds: toBounds(row) }))
}

/** Removes one user from these groups, or from all; answers the memberships that went. */
export async function deleteMembershipsOf(
  trx: Trx,
  tenantId: string,
  userId: string,
  groupIds: readonly string[] | 'all',
): Promise<BoundMembership[]> {
  if (groupIds !== 'all' && groupIds.length === 0) return []
  const rows = await trx
    .deleteFrom('group_members')
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .$if(groupIds !== 'all', (query) => query.where('group_id', 'in', groupIds === 'all' ? [] : [...groupIds]))
    .returning(['group_id', 'valid_from', 'expires_at'])
    .execute()
  return rows.map((row) => ({ groupId: row.group_id, userId, bounds: toBounds(row) }))
}

export async function deleteAllMembers(trx: Trx, tenantId: string, groupId: string): Promise<void> {
  await trx.deleteFrom('group_members').where('tenant_id', '=', tenantId).where('group_id', '=', groupId).execute()
}

/** A user's memberships in whatever state, by group. */
export async function selectMembershipsOf(db: Queryable, tenantId: string, userId: string): Promise<BoundMembership[]> {
  const rows = await db
    .selectFrom('group_members')
    .select(['group_id', 'valid_from', 'expires_at'])
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .orderBy('group_id')
    .execute()
  return rows.map((row) => ({ groupId: row.group_id, userId, bounds: toBounds(row) }))
}

/** Moves the maintained counts of one group, whose members changed at this moment: those for good, and those that are time-bound. */
export async function addToMemberCounts(
  trx: Trx,
  tenantId: string,
  groupId: string,
  by: { readonly always: number; readonly timed: number; readonly now: number },
): Promise<void> {
  await trx
    .updateTable('groups')
    .set({
      member_count: sql<number>`member_count + ${by.always}`,
      timed_members: sql<number>`timed_members + ${by.timed}`,
      links_version: sql<number>`links_version + 1`,
      members_version: sql<number>`members_version + 1`,
      modified_at: by.now,
    })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', groupId)
    .execute()
}

/**
 * Holds these users until the transaction ends, in id order, so that two such transactions never wait for each other in a ring.
 * SQLite writes one transaction at a time anyway.
 */
export async function lockUsers(trx: Trx, tenantId: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0 || dialectOf(trx) === 'sqlite') return
  const rows = trx
    .selectFrom('users')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('id', 'in', [...ids])
  await rows.orderBy('id').forNoKeyUpdate().execute()
}

/** Of these users, those who have a membership of the group, in whatever state, with its bounds. */
export async function selectMembersAmong(
  db: Queryable,
  tenantId: string,
  groupId: string,
  userIds: readonly string[],
): Promise<Map<string, Bounds>> {
  if (userIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('group_members')
    .select(['user_id', 'valid_from', 'expires_at'])
    .where('tenant_id', '=', tenantId)
    .where('group_id', '=', groupId)
    .where('user_id', 'in', [...userIds])
    .execute()
  return new Map(rows.map((row) => [row.user_id, toBounds(row)]))
}

/** Ids of one statement: far below both databases' limit of values. */
const idsPerStatement = 1_000

function batches(ids: readonly string[]): string[][] {
  const sorted = [...new Set(ids)].toSorted()
  return Array.from({ length: Math.ceil(sorted.length / idsPerStatement) }, (_, index) =>
    sorted.slice(index * idsPerStatement, (index + 1) * idsPerStatement),
  )
}

/** As lockUsers, for any number of ids. */
export async function lockUsersInBatches(trx: Trx, tenantId: string, ids: readonly string[]): Promise<void> {
  for (const batch of batches(ids)) await lockUsers(trx, tenantId, batch)
}

/** As selectMembersAmong, for any number of ids. */
export async function selectMembersInBatches(
  db: Queryable,
  tenantId: string,
  groupId: string,
  ids: readonly string[],
): Promise<Map<string, Bounds>> {
  const found = new Map<string, Bounds>()
  for (const batch of batches(ids))
    for (const [id, bounds] of await selectMembersAmong(db, tenantId, groupId, batch)) found.set(id, bounds)
  return found
}

/** As deleteMembers, for any number of ids. */
export async function deleteMembersInBatches(
  trx: Trx,
  tenantId: string,
  groupId: string,
  ids: readonly string[],
): Promise<BoundMembership[]> {
  const removed: BoundMembership[] = []
  for (const batch of batches(ids)) removed.push(...(await deleteMembers(trx, tenantId, groupId, batch)))
  return removed
}
