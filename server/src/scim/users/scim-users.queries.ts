import { holdsAt } from '../../bounds/bounds-sql.ts'
import { sql } from 'kysely'
import type { Queryable, Trx } from '../../db/db.ts'
import { toUser, userRowColumns, type UserRow } from '../../users/user-row-rules.ts'
import type { ScimUsersTable } from '../scim.table.ts'
import { emptyObject, type ScimObject } from '../scim-value.ts'
import type { StoredUser, UserLinks } from './user-resource.ts'
import type { ValueRow } from './user-record.ts'

/** The user's own columns, and SCIM's beside them; of users nobody wrote by SCIM there are none. */
const storedColumns = [
  ...userRowColumns,
  `coalesce(scim_users.external_id, '') as external_id`,
  `coalesce(scim_users.display_name, '') as display_name`,
  `coalesce(scim_users.has_emails, 0) as has_emails`,
  `coalesce(scim_users.is_active_unset, 0) as is_active_unset`,
  `coalesce(scim_users.document, '{}') as document`,
]

const storedJoin = 'left join scim_users on scim_users.tenant_id = users.tenant_id and scim_users.user_id = users.id'

export type StoredRow = UserRow & Omit<ScimUsersTable, 'tenant_id' | 'user_id' | 'display_key'>

function toStored(row: StoredRow): StoredUser {
  return {
    user: toUser(row),
    externalId: row.external_id,
    displayName: row.display_name,
    hasEmails: row.has_emails === 1,
    isActiveUnset: row.is_active_unset === 1,
    document: readDocument(row.document),
  }
}

/** Stored by us, with names from the schemas. */
function readDocument(json: string): ScimObject {
  return json === '{}' ? emptyObject() : Object.assign(emptyObject(), JSON.parse(json))
}

export async function findStored(db: Queryable, tenantId: string, id: string): Promise<StoredUser | undefined> {
  const { rows } = await sql<StoredRow>`select ${sql.raw(storedColumns.join(', '))} from users ${sql.raw(storedJoin)}
    where users.tenant_id = ${tenantId} and users.id = ${id}`.execute(db)
  return rows[0] === undefined ? undefined : toStored(rows[0])
}

export async function saveScimUser(
  trx: Trx,
  tenantId: string,
  userId: string,
  values: Omit<ScimUsersTable, 'tenant_id' | 'user_id'>,
): Promise<void> {
  await trx
    .insertInto('scim_users')
    .values({ tenant_id: tenantId, user_id: userId, ...values })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'user_id']).doUpdateSet(values))
    .execute()
}

/** Two statements, however many values there are. */
export async function replaceValues(
  trx: Trx,
  tenantId: string,
  userId: string,
  rows: readonly ValueRow[],
): Promise<void> {
  await trx.deleteFrom('scim_values').where('tenant_id', '=', tenantId).where('user_id', '=', userId).execute()
  const values = rows.map((row) => ({
    tenant_id: tenantId,
    user_id: userId,
    attribute: row.attribute,
    ordinal: row.ordinal,
    value_key: row.valueKey,
    type_key: row.typeKey,
    is_primary: row.isPrimary ? 1 : 0,
    keys: row.keys,
  }))
  // Databases take some ten thousand parameters in one statement, and a user may have thousands of values.
  for (let start = 0; start < values.length; start += 1_000)
    await trx
      .insertInto('scim_values')
      .values(values.slice(start, start + 1_000))
      .execute()
}

type GroupLink = UserLinks['groups'][number] & { readonly userId: string }

const depthMax = 16

/**
 * Groups of these users, direct ones and those that hold them; one statement for the page.
 * `cross join` keeps SQLite to the order as written: it would begin with all groups of the tenant.
 */
export async function selectGroupsOf(
  db: Queryable,
  tenantId: string,
  userIds: readonly string[],
  now: Date,
): Promise<GroupLink[]> {
  if (userIds.length === 0) return []
  const ids = sql.join(userIds.map((id) => sql`${id}`))
  const { rows } = await sql<GroupLink & { depth: number }>`
    with recursive held (user_id, group_id, depth) as (
      select m.user_id, m.group_id, 0 from group_members m where m.tenant_id = ${tenantId} and m.user_id in (${ids}) and ${holdsAt('m', now)}
      union
      select held.user_id, s.group_id, held.depth + 1 from held
        cross join scim_subgroups s where s.tenant_id = ${tenantId} and s.member_id = held.group_id and held.depth < ${sql.lit(depthMax)}
    )
    select held.user_id as "userId", g.id, coalesce(nullif(g.alias, ''), g.name) as display, min(held.depth) as depth
    from held cross join groups g where g.tenant_id = ${tenantId} and g.id = held.group_id
    group by held.user_id, g.id, g.alias, g.name order by held.user_id, g.id`.execute(db)
  return rows.map(({ depth, ...row }) => ({ ...row, type: depth === 0 ? 'direct' : 'indirect' }))
}

/** Those of these ids that are users, in no particular order. */
export async function selectStored(db: Queryable, tenantId: string, ids: readonly string[]): Promise<StoredUser[]> {
  if (ids.length === 0) return []
  const { rows } = await sql<StoredRow>`select ${sql.raw(storedColumns.join(', '))} from users ${sql.raw(storedJoin)}
    where users.tenant_id = ${tenantId} and users.id in (${sql.join(ids.map((id) => sql`${id}`))})`.execute(db)
  return rows.map(toStored)
}

/** Whoever has this name or this address, by their keys; an empty key matches nobody. */
export async function findNamesake(
  db: Queryable,
  tenantId: string,
  usernameKey: string,
  emailKey: string,
): Promise<StoredUser | undefined> {
  const { rows } = await sql<StoredRow>`select ${sql.raw(storedColumns.join(', '))} from users ${sql.raw(storedJoin)}
    where users.tenant_id = ${tenantId} and (users.username_key = ${usernameKey} or users.email_key = ${emailKey})
    order by case when users.username_key = ${usernameKey} then 0 else 1 end limit 1`.execute(db)
  return rows[0] === undefined ? undefined : toStored(rows[0])
}

export async function hasExternalId(
  db: Queryable,
  tenantId: string,
  externalId: string,
  exceptId: string,
): Promise<boolean> {
  const row = await db
    .selectFrom('scim_users')
    .select('user_id')
    .where('tenant_id', '=', tenantId)
    .where('external_id', '=', externalId)
    .where('user_id', '<>', exceptId)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}
