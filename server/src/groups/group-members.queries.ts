import { sql, type Insertable } from 'kysely'
import { dialectOf, type Queryable, type Trx } from '../db/db.ts'
import type { GroupMembersTable } from './groups.table.ts'

export interface Membership {
  readonly groupId: string
  readonly userId: string
}

/** Rows of one insert: five values each stay far below both databases' limit. */
const rowsPerInsert = 1_000

/** Adds memberships; answers those that were not there before. Counters are the caller's. */
export async function insertMembers(trx: Trx, rows: readonly Insertable<GroupMembersTable>[]): Promise<Membership[]> {
  const added: Membership[] = []
  for (let start = 0; start < rows.length; start += rowsPerInsert) {
    const inserted = await trx
      .insertInto('group_members')
      .values(rows.slice(start, start + rowsPerInsert))
      .onConflict((conflict) => conflict.doNothing())
      .returning(['group_id', 'user_id'])
      .execute()
    added.push(...inserted.map((row) => ({ groupId: row.group_id, userId: row.user_id })))
  }
  return added
}

/** Removes these users from one group; answers those who were members. */
export async function deleteMembers(
  trx: Trx,
  tenantId: string,
  groupId: string,
  userIds: readonly string[],
): Promise<string[]> {
  if (userIds.length === 0) return []
  const rows = await trx
    .deleteFrom('group_members')
    .where('tenant_id', '=', tenantId)
    .where('group_id', '=', groupId)
    .where('user_id', 'in', [...userIds])
    .returning('user_id')
    .execute()
  return rows.map((row) => row.user_id)
}

/** Removes one user from these groups, or from all; answers the groups that lost a member. */
export async function deleteMembershipsOf(
  trx: Trx,
  tenantId: string,
  userId: string,
  groupIds: readonly string[] | 'all',
): Promise<string[]> {
  if (groupIds !== 'all' && groupIds.length === 0) return []
  const rows = await trx
    .deleteFrom('group_members')
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .$if(groupIds !== 'all', (query) => query.where('group_id', 'in', groupIds === 'all' ? [] : [...groupIds]))
    .returning('group_id')
    .execute()
  return rows.map((row) => row.group_id)
}

export async function deleteAllMembers(trx: Trx, tenantId: string, groupId: string): Promise<number> {
  const result = await trx
    .deleteFrom('group_members')
    .where('tenant_id', '=', tenantId)
    .where('group_id', '=', groupId)
    .executeTakeFirst()
  return Number(result.numDeletedRows)
}

export async function selectGroupIdsOf(db: Queryable, tenantId: string, userId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('group_members')
    .select('group_id')
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .orderBy('group_id')
    .execute()
  return rows.map((row) => row.group_id)
}

/** Moves the maintained member count of one group, whose members changed at this moment. */
export async function addToMemberCount(
  trx: Trx,
  tenantId: string,
  groupId: string,
  { by, now }: { readonly by: number; readonly now: number },
): Promise<void> {
  await trx
    .updateTable('groups')
    .set({
      member_count: sql<number>`member_count + ${by}`,
      links_version: sql<number>`links_version + 1`,
      members_version: sql<number>`members_version + 1`,
      modified_at: now,
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

/** Of these users, those who are members of the group now. */
export async function selectMembersAmong(
  db: Queryable,
  tenantId: string,
  groupId: string,
  userIds: readonly string[],
): Promise<Set<string>> {
  if (userIds.length === 0) return new Set()
  const rows = await db
    .selectFrom('group_members')
    .select('user_id')
    .where('tenant_id', '=', tenantId)
    .where('group_id', '=', groupId)
    .where('user_id', 'in', [...userIds])
    .execute()
  return new Set(rows.map((row) => row.user_id))
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
): Promise<Set<string>> {
  const found = new Set<string>()
  for (const batch of batches(ids))
    for (const id of await selectMembersAmong(db, tenantId, groupId, batch)) found.add(id)
  return found
}

/** As deleteMembers, for any number of ids. */
export async function deleteMembersInBatches(
  trx: Trx,
  tenantId: string,
  groupId: string,
  ids: readonly string[],
): Promise<string[]> {
  const removed: string[] = []
  for (const batch of batches(ids)) removed.push(...(await deleteMembers(trx, tenantId, groupId, batch)))
  return removed
}
