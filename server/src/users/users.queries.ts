import type { Queryable } from '../db/db.ts'
import { toUser, userRowColumns } from './user-row-rules.ts'
import type { User } from './users.schema.ts'

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

/** Says whether an enabled admin other than this user exists who has accepted, and whom no grant makes anything else now or later. */
export async function hasOtherAdmin(
  db: Queryable,
  tenantId: string,
  { adminRoleId, userId, now }: { readonly adminRoleId: string; readonly userId: string; readonly now: Date },
): Promise<boolean> {
  const row = await db
    .selectFrom('users')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('workspace_role_id', '=', adminRoleId)
    .where('id', '<>', userId)
    .where('enabled', '=', 1)
    .where((eb) => eb.or([eb('invited_at', '=', 0), eb('accepted_at', '>', 0)]))
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('role_grants')
            .select('role_grants.role_id')
            .whereRef('role_grants.tenant_id', '=', 'users.tenant_id')
            .whereRef('role_grants.user_id', '=', 'users.id')
            .where('role_grants.expires_at', '>', now.getTime()),
        ),
      ),
    )
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}
