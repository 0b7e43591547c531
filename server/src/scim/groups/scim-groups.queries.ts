import { sql } from 'kysely'
import type { Queryable, Trx } from '../../db/db.ts'
import { holdsAt } from '../../bounds/bounds-sql.ts'
import { groupColumns, type GroupRow } from '../../groups/group-row-rules.ts'
import type { Member } from './group-resource.ts'

const storedColumns = [...groupColumns, `coalesce(scim_groups.external_id, '') as external_id`].join(', ')
const storedJoin =
  'left join scim_groups on scim_groups.tenant_id = groups.tenant_id and scim_groups.group_id = groups.id'

/** A group's own row, and what SCIM keeps beside it. */
export type StoredGroupRow = GroupRow & { readonly external_id: string }

export async function selectStoredGroupRows(
  db: Queryable,
  tenantId: string,
  ids: readonly string[],
): Promise<StoredGroupRow[]> {
  if (ids.length === 0) return []
  const { rows } = await sql<StoredGroupRow>`
    select ${sql.raw(storedColumns)} from groups ${sql.raw(storedJoin)}
    where groups.tenant_id = ${tenantId} and groups.id in (${sql.join(ids.map((id) => sql`${id}`))})`.execute(db)
  return rows
}

export async function saveScimGroup(trx: Trx, tenantId: string, groupId: string, externalId: string): Promise<void> {
  await trx
    .insertInto('scim_groups')
    .values({ tenant_id: tenantId, group_id: groupId, external_id: externalId, document: '{}' })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'group_id']).doUpdateSet({ external_id: externalId }))
    .execute()
}

/** Rows of one read while a list of members is written out: memory stays flat however large the group. */
const membersPerRead = 5_000

interface MemberRow {
  readonly group_id: string
  readonly id: string
  readonly display: string
  readonly label: string
  readonly first_name: string
  readonly last_name: string
  readonly username: string
}

/** Everybody directly in these groups at this instant, people first, in steps of some thousand. */
export async function* readMembers(
  db: Queryable,
  tenantId: string,
  groupIds: readonly string[],
  now: Date,
): AsyncGenerator<{ readonly groupId: string; readonly member: Member }[]> {
  for (const groupId of groupIds.toSorted()) yield* readMembersOf(db, tenantId, groupId, now)
  if (groupIds.length > 0) yield await selectSubgroups(db, tenantId, groupIds)
}

async function* readMembersOf(db: Queryable, tenantId: string, groupId: string, now: Date) {
  let after = ''
  for (;;) {
    const { rows } = await sql<MemberRow>`
      select m.group_id, m.user_id as id, m.display, coalesce(s.display_name, '') as label, u.first_name, u.last_name, u.username
      from group_members m
      join users u on u.tenant_id = m.tenant_id and u.id = m.user_id
      left join scim_users s on s.tenant_id = m.tenant_id and s.user_id = m.user_id
      where m.tenant_id = ${tenantId} and m.group_id = ${groupId} and m.user_id > ${after} and ${holdsAt('m', now)}
      order by m.user_id limit ${sql.lit(membersPerRead)}`.execute(db)
    if (rows.length > 0) yield rows.map((row) => ({ groupId, member: toMember(row) }))
    const last = rows.at(-1)
    if (rows.length < membersPerRead || last === undefined) return
    after = last.id
  }
}

function toMember({ id, display, label, first_name: first, last_name: last, username }: MemberRow): Member {
  const names = [display, label, `${first} ${last}`.trim(), username]
  return { id, kind: 'User', display: names.find((name) => name !== '') ?? '' }
}

async function selectSubgroups(db: Queryable, tenantId: string, groupIds: readonly string[]) {
  const { rows } = await sql<{ group_id: string; id: string; display: string }>`
    select s.group_id, s.member_id as id, coalesce(nullif(s.display, ''), nullif(g.alias, ''), g.name) as display
    from scim_subgroups s join groups g on g.tenant_id = s.tenant_id and g.id = s.member_id
    where s.tenant_id = ${tenantId} and s.group_id in (${sql.join(groupIds.map((id) => sql`${id}`))})
    order by s.group_id, s.member_id`.execute(db)
  return rows.map((row) => ({
    groupId: row.group_id,
    member: { id: row.id, kind: 'Group', display: row.display } satisfies Member,
  }))
}

/** Of a group, all who have a membership, those whose time has passed or is yet to come included. */
export async function selectMemberIds(
  db: Queryable,
  tenantId: string,
  groupId: string,
): Promise<{ users: Set<string>; groups: Set<string> }> {
  const users = await db
    .selectFrom('group_members')
    .select('user_id')
    .where('tenant_id', '=', tenantId)
    .where('group_id', '=', groupId)
    .execute()
  const groups = await db
    .selectFrom('scim_subgroups')
    .select('member_id')
    .where('tenant_id', '=', tenantId)
    .where('group_id', '=', groupId)
    .execute()
  return {
    users: new Set(users.map((row) => row.user_id)),
    groups: new Set(groups.map((row) => row.member_id)),
  }
}

/** Of these ids, those that are groups of the tenant. */
export async function selectExistingGroups(
  db: Queryable,
  tenantId: string,
  ids: readonly string[],
): Promise<Set<string>> {
  const found = new Set<string>()
  for (const batch of batches(ids)) {
    const rows = await db
      .selectFrom('groups')
      .select('id')
      .where('tenant_id', '=', tenantId)
      .where('id', 'in', batch)
      .execute()
    for (const row of rows) found.add(row.id)
  }
  return found
}

/** Adds groups to a group; answers how many were not there before. */
export async function insertSubgroups(
  trx: Trx,
  tenantId: string,
  groupId: string,
  members: readonly { readonly id: string; readonly display: string }[],
): Promise<number> {
  let added = 0
  for (const batch of batches(members)) {
    const rows = await trx
      .insertInto('scim_subgroups')
      .values(batch.map(({ id, display }) => ({ tenant_id: tenantId, group_id: groupId, member_id: id, display })))
      .onConflict((conflict) => conflict.doNothing())
      .returning('member_id')
      .execute()
    added += rows.length
  }
  return added
}

/** Databases take some ten thousand parameters in one statement, and a client may name more. */
function batches<T>(list: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(list.length / 1_000) }, (_, at) => list.slice(at * 1_000, (at + 1) * 1_000))
}

export async function deleteSubgroups(
  trx: Trx,
  tenantId: string,
  groupId: string,
  ids: readonly string[],
): Promise<number> {
  let removed = 0
  for (const batch of batches(ids)) {
    const rows = await trx
      .deleteFrom('scim_subgroups')
      .where('tenant_id', '=', tenantId)
      .where('group_id', '=', groupId)
      .where('member_id', 'in', batch)
      .returning('member_id')
      .execute()
    removed += rows.length
  }
  return removed
}

/** Whether one of these groups holds this group, at whatever depth, or is it (item 76). */
export async function wouldBeCircle(
  db: Queryable,
  tenantId: string,
  groupId: string,
  memberIds: readonly string[],
): Promise<boolean> {
  if (memberIds.length === 0) return false
  const { rows } = await sql<{ group_id: string }>`
    with recursive below (group_id, depth) as (
      select g.id, 0 from groups g where g.tenant_id = ${tenantId} and g.id in (${sql.join(memberIds.map((id) => sql`${id}`))})
      union select s.member_id, below.depth + 1 from below
        cross join scim_subgroups s where s.tenant_id = ${tenantId} and s.group_id = below.group_id and below.depth < 32
    ) select group_id from below where group_id = ${groupId} limit 1`.execute(db)
  return rows.length > 0
}

/** How many levels stand above a group, and below the deepest of these. */
export async function nestingDepth(
  db: Queryable,
  tenantId: string,
  groupId: string,
  memberIds: readonly string[],
): Promise<number> {
  if (memberIds.length === 0) return 0
  const { rows } = await sql<{ depth: number }>`
    with recursive above (group_id, depth) as (
      select g.id, 1 from groups g where g.tenant_id = ${tenantId} and g.id = ${groupId}
      union select s.group_id, above.depth + 1 from above
        cross join scim_subgroups s where s.tenant_id = ${tenantId} and s.member_id = above.group_id and above.depth < 32
    ), below (group_id, depth) as (
      select g.id, 1 from groups g where g.tenant_id = ${tenantId} and g.id in (${sql.join(memberIds.map((id) => sql`${id}`))})
      union select s.member_id, below.depth + 1 from below
        cross join scim_subgroups s where s.tenant_id = ${tenantId} and s.group_id = below.group_id and below.depth < 32
    ) select (select max(depth) from above) + (select max(depth) from below) as depth`.execute(db)
  return rows[0]?.depth ?? 0
}

/** Another group of this shown name, whatever its letters' case. */
export async function hasAlias(db: Queryable, tenantId: string, aliasKey: string, exceptId: string): Promise<boolean> {
  const { rows } = await sql<{ id: string }>`select id from groups
    where tenant_id = ${tenantId} and alias_key = ${aliasKey} and id <> ${exceptId} limit 1`.execute(db)
  return rows.length > 0
}

/** The members of the group with what else the group holds: raised when subgroups change. */
export async function raiseMembersVersion(trx: Trx, tenantId: string, groupId: string, now: number): Promise<void> {
  await trx
    .updateTable('groups')
    .set((eb) => ({ members_version: eb('members_version', '+', 1), modified_at: now }))
    .where('tenant_id', '=', tenantId)
    .where('id', '=', groupId)
    .execute()
}
