import { sql, type Insertable, type Updateable } from 'kysely'
import type { Queryable, Trx } from '../db/db.ts'
import { toKey } from '../db/normal-key.ts'
import type { NamedLink } from '../users/users.schema.ts'
import { groupColumns, toGroup, type GroupRow } from './group-row-rules.ts'
import type { Group, TaggedGroup } from './groups.schema.ts'
import type { GroupsTable } from './groups.table.ts'
import { countTimedMembers, findLastBound, selectLastBounds } from './timed-members.queries.ts'

export async function findGroup(
  db: Queryable,
  tenantId: string,
  id: string,
  now: Date,
): Promise<TaggedGroup | undefined> {
  const row = await db
    .selectFrom('groups')
    .select(groupColumns)
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst()
  if (row === undefined) return undefined
  const [group] = await toGroups(db, tenantId, [row], now)
  if (group === undefined) return undefined
  return { ...group, lastBoundAt: group.timedMembers === 0 ? 0 : await findLastBound(db, tenantId, id, now) }
}

export async function findGroupByKey(
  db: Queryable,
  tenantId: string,
  nameKey: string,
): Promise<{ id: string; name: string } | undefined> {
  return db
    .selectFrom('groups')
    .select(['id', 'name'])
    .where('tenant_id', '=', tenantId)
    .where('name_key', '=', nameKey)
    .executeTakeFirst()
}

/** Of these ids, those that are groups of the tenant. */
export async function selectExistingGroupIds(
  db: Queryable,
  tenantId: string,
  ids: readonly string[],
): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const rows = await db
    .selectFrom('groups')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('id', 'in', [...ids])
    .execute()
  return new Set(rows.map((row) => row.id))
}

export async function selectDefaultGroupIds(db: Queryable, tenantId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('groups')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('is_default', '=', 1)
    .orderBy('id')
    .execute()
  return rows.map((row) => row.id)
}

export async function insertGroup(trx: Trx, row: Insertable<GroupsTable>): Promise<void> {
  await trx.insertInto('groups').values(row).execute()
}

const nameAttemptsMax = 100

/** Inserts a group under this internal name, or the first free one with a number behind it; answers the name. */
export async function insertUnderFreeName(
  trx: Trx,
  row: Omit<Insertable<GroupsTable>, 'name' | 'name_key'>,
  wish: string,
): Promise<string> {
  for (let attempt = 1; attempt <= nameAttemptsMax; attempt += 1) {
    const name = attempt === 1 ? wish : attempt < nameAttemptsMax ? `${wish}_${attempt}` : `${wish}_${row.id}`
    const inserted = await trx
      .insertInto('groups')
      .values({ ...row, name, name_key: toKey(name) })
      .onConflict((conflict) => conflict.columns(['tenant_id', 'name_key']).doNothing())
      .returning('id')
      .executeTakeFirst()
    if (inserted !== undefined) return name
  }
  throw new Error(`no free name like ${wish}`)
}

export async function updateGroup(
  trx: Trx,
  tenantId: string,
  id: string,
  change: Updateable<GroupsTable>,
): Promise<void> {
  await trx
    .updateTable('groups')
    .set((eb) => ({ ...change, version: eb('version', '+', 1) }))
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .execute()
}

export async function raiseGroupLinks(trx: Trx, tenantId: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await trx
    .updateTable('groups')
    .set({ links_version: sql<number>`links_version + 1` })
    .where('tenant_id', '=', tenantId)
    .where('id', 'in', [...ids])
    .execute()
}

/**
 * Holds these groups until the transaction ends; answers those that exist.
 * One statement each, in id order, so that two such transactions never wait for each other in a ring.
 */
export async function lockGroups(trx: Trx, tenantId: string, ids: readonly string[]): Promise<Set<string>> {
  const held = new Set<string>()
  for (const id of ids.toSorted()) {
    const row = await trx
      .updateTable('groups')
      .set({ version: sql<number>`version` })
      .where('tenant_id', '=', tenantId)
      .where('id', '=', id)
      .returning('id')
      .executeTakeFirst()
    if (row !== undefined) held.add(row.id)
  }
  return held
}

export async function deleteGroup(trx: Trx, tenantId: string, id: string): Promise<void> {
  await trx.deleteFrom('groups').where('tenant_id', '=', tenantId).where('id', '=', id).execute()
}

/** Personas or purposes attached to these groups, by name. */
export async function selectGroupLinks(
  db: Queryable,
  tenantId: string,
  groupIds: readonly string[],
  kind: 'persona' | 'purpose',
): Promise<Map<string, NamedLink[]>> {
  if (groupIds.length === 0) return new Map()
  const ids = sql.join(groupIds.map((id) => sql`${id}`))
  const { rows } = await sql<NamedLink & { groupId: string }>`
    select s.subject_id as "groupId", o.id, o.name, o.display_name as "displayName", o.qualified_name as "qualifiedName"
    from ${sql.table(`${kind}_subjects`)} s
    join ${sql.table(`${kind}s`)} o on o.tenant_id = s.tenant_id and o.id = s.${sql.ref(`${kind}_id`)}
    where s.tenant_id = ${tenantId} and s.subject_kind = 'group' and s.subject_id in (${ids})`.execute(db)
  // Sorted here: asked to sort, SQLite walks every persona by name instead of looking up these groups' few.
  return Map.groupBy(
    rows.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    (row) => row.groupId,
  )
}

/** Rows as groups of this instant: only those with time-bound members are counted anew. */
export async function toGroups(
  db: Queryable,
  tenantId: string,
  rows: readonly GroupRow[],
  now: Date,
): Promise<Group[]> {
  const timed = rows.filter((row) => row.timed_members > 0).map((row) => row.id)
  const counts = await countTimedMembers(db, tenantId, timed, now)
  return rows.map((row) => toGroup(row, counts.get(row.id) ?? 0))
}

/** The same with the newest bound that has passed, as tags of what shows members need it. */
export async function toTaggedGroups(
  db: Queryable,
  tenantId: string,
  rows: readonly GroupRow[],
  now: Date,
): Promise<TaggedGroup[]> {
  const groups = await toGroups(db, tenantId, rows, now)
  const timed = groups.filter((group) => group.timedMembers > 0).map((group) => group.id)
  const bounds = await selectLastBounds(db, tenantId, timed, now)
  return groups.map((group) => ({ ...group, lastBoundAt: bounds.get(group.id) ?? 0 }))
}
