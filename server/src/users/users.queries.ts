import { rawRows, type Queryable } from '../db/db.ts'
import { toUser, userRowColumns } from './user-row-rules.ts'
import type { DocumentVersion, User } from './users.schema.ts'

export async function findUser(db: Queryable, tenantId: string, id: string): Promise<User | undefined> {
  const row = await db
    .selectFrom('users')
    .select(userRowColumns)
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst()
  return row === undefined ? undefined : toUser(row)
}

export async function selectUsersByEmail(
  db: Queryable,
  tenantId: string,
  emailKeys: readonly string[],
): Promise<User[]> {
  if (emailKeys.length === 0) return []
  const rows = await db
    .selectFrom('users')
    .select(userRowColumns)
    .where('tenant_id', '=', tenantId)
    .where('email_key', 'in', [...emailKeys])
    .execute()
  return rows.map(toUser)
}

export async function findIdByName(db: Queryable, tenantId: string, key: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('users')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where((eb) => eb.or([eb('username_key', '=', key), eb('email_key', '=', key)]))
    .executeTakeFirst()
  return row?.id
}

/** Of these ids, those that are users of the tenant. */
export async function selectExistingIds(db: Queryable, tenantId: string, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const rows = await db
    .selectFrom('users')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('id', 'in', [...ids])
    .execute()
  return new Set(rows.map((row) => row.id))
}

/**
 * SQL for 1 when events exist in which the user of the row is the admin who acted, else 0.
 * Not `exists`: PostgreSQL 15 may answer that for all rows at once by hashing the whole table, limit or not.
 */
export const hasActedSql = `coalesce((select 1 from events e
  where e.tenant_id = users.tenant_id and e.actor_id = users.id and e.category = 'admin' limit 1), 0)`

interface VersionRow extends Omit<DocumentVersion, 'id' | 'hasActed'> {
  readonly hasActed: number
}

const versionById = `
select users.version, users.links_version as "linksVersion", t.catalogue_version as "catalogueVersion", ${hasActedSql} as "hasActed"
from users join tenants t on t.id = users.tenant_id where users.tenant_id = (select ?) and users.id = (select ?)`

/** The hottest read: decides whether a document kept in memory is still true. */
export async function findDocumentVersion(
  db: Queryable,
  tenantId: string,
  id: string,
): Promise<DocumentVersion | undefined> {
  const [row] = await rawRows<VersionRow>(db, versionById, [tenantId, id])
  return row === undefined ? undefined : { ...row, id, hasActed: row.hasActed === 1 }
}

export async function getCatalogueVersion(db: Queryable, tenantId: string): Promise<number> {
  const [row] = await rawRows<{ version: number }>(
    db,
    'select catalogue_version as version from tenants where id = ?',
    [tenantId],
  )
  return row?.version ?? 0
}

/** Says whether an enabled admin other than this user exists who has accepted. */
export async function hasOtherAdmin(
  db: Queryable,
  tenantId: string,
  adminRoleId: string,
  userId: string,
): Promise<boolean> {
  const row = await db
    .selectFrom('users')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('workspace_role_id', '=', adminRoleId)
    .where('id', '<>', userId)
    .where('enabled', '=', 1)
    .where((eb) => eb.or([eb('invited_at', '=', 0), eb('accepted_at', '>', 0)]))
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}
