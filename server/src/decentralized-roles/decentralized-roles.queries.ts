import { fromBounds, toBounds } from '../bounds/bounds-sql.ts'
import type { Queryable, Trx } from '../db/db.ts'
import type { Page } from '../lists/envelope.ts'
import type { ListQuery } from '../lists/list-query.ts'
import { selectPage } from '../lists/select-page.ts'
import { decentralizedRoleList } from './decentralized-roles.fields.ts'
import type { DecentralizedRole, DecentralizedRoleKey } from './decentralized-roles.schema.ts'
import type { DecentralizedRolesTable } from './decentralized-roles.table.ts'

const columns = [
  'decentralized_roles.id',
  'decentralized_roles.role_id',
  'decentralized_roles.level',
  'decentralized_roles.privilege',
  'decentralized_roles.object_id',
  'decentralized_roles.valid_from',
  'decentralized_roles.expires_at',
  'decentralized_roles.given_at',
  'decentralized_roles.given_by',
] as const

/** A row as it is; the name of its role is known to who reads the roles. */
export type StoredDecentralizedRole = Omit<DecentralizedRole, 'roleName'>

type Row = Omit<DecentralizedRolesTable, 'tenant_id' | 'user_id'>

interface Asked {
  readonly userId: string
  readonly query: ListQuery
  readonly now: Date
}

export async function selectDecentralizedRolePage(
  db: Queryable,
  tenantId: string,
  { userId, query, now }: Asked,
): Promise<Page<StoredDecentralizedRole>> {
  const { rows, total, filtered } = await selectPage<Row>(db, {
    shape: decentralizedRoleList,
    table: 'decentralized_roles',
    columns,
    instant: now.getTime(),
    scope: {
      text: 'decentralized_roles.tenant_id = (select ?) and decentralized_roles.user_id = (select ?)',
      values: [tenantId, userId],
    },
    query,
    total: () => countDecentralizedRoles(db, tenantId, userId),
  })
  return { items: rows.map(toStored), total, filtered }
}

export async function countDecentralizedRoles(db: Queryable, tenantId: string, userId: string): Promise<number> {
  const row = await db
    .selectFrom('decentralized_roles')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .executeTakeFirstOrThrow()
  return row.count
}

export async function findByKey(
  db: Queryable,
  tenantId: string,
  userId: string,
  key: DecentralizedRoleKey,
): Promise<StoredDecentralizedRole | undefined> {
  const row = await db
    .selectFrom('decentralized_roles')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .where('role_id', '=', key.roleId)
    .where('level', '=', key.level)
    .where('object_id', '=', key.objectId)
    .executeTakeFirst()
  return row === undefined ? undefined : toStored(row)
}

/** Writes a role by its id: a new one, or another privilege and other bounds. */
export async function upsertDecentralizedRole(
  trx: Trx,
  tenantId: string,
  userId: string,
  role: StoredDecentralizedRole,
): Promise<void> {
  const change = {
    privilege: role.privilege,
    ...fromBounds(role.bounds),
    given_at: role.givenAt,
    given_by: role.givenBy,
  }
  const key = { role_id: role.roleId, level: role.level, object_id: role.objectId }
  await trx
    .insertInto('decentralized_roles')
    .values({ tenant_id: tenantId, id: role.id, user_id: userId, ...key, ...change })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'id']).doUpdateSet(change))
    .execute()
}

export async function deleteDecentralizedRole(
  trx: Trx,
  tenantId: string,
  userId: string,
  id: string,
): Promise<StoredDecentralizedRole | undefined> {
  const row = await trx
    .deleteFrom('decentralized_roles')
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .returning(columns)
    .executeTakeFirst()
  return row === undefined ? undefined : toStored(row)
}

export async function deleteAllOf(trx: Trx, tenantId: string, userId: string): Promise<void> {
  await trx.deleteFrom('decentralized_roles').where('tenant_id', '=', tenantId).where('user_id', '=', userId).execute()
}

function toStored(row: Row): StoredDecentralizedRole {
  return {
    id: row.id,
    roleId: row.role_id,
    level: row.level,
    privilege: row.privilege,
    objectId: row.object_id,
    bounds: toBounds(row),
    givenAt: row.given_at,
    givenBy: row.given_by,
  }
}
