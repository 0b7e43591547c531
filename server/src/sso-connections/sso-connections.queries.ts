import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import type { Queryable, Trx } from '../db/db.ts'
import { readOptions } from './connection-options.schema.ts'
import type { SsoConnection } from './sso-connections.schema.ts'
import type { SsoConnectionsTable } from './sso-connections.table.ts'

const columns = [
  'id',
  'alias',
  'display_name',
  'is_enabled',
  'entity_id',
  'sign_on_url',
  'sign_on_binding',
  'logout_url',
  'certificates',
  'options',
  'created_at',
  'created_by',
  'updated_at',
  'updated_by',
  'version',
] as const

type Row = Pick<Selectable<SsoConnectionsTable>, (typeof columns)[number]>

/** All of a tenant's: there are never more than a handful. */
export async function selectConnections(db: Queryable, tenantId: string): Promise<SsoConnection[]> {
  const rows = await db
    .selectFrom('sso_connections')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .orderBy('created_at')
    .orderBy('id')
    .limit(100)
    .execute()
  return rows.map(toConnection)
}

export async function findConnection(db: Queryable, tenantId: string, id: string): Promise<SsoConnection | undefined> {
  const row = await db
    .selectFrom('sso_connections')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst()
  return row === undefined ? undefined : toConnection(row)
}

export async function findConnectionByAlias(
  db: Queryable,
  tenantId: string,
  aliasKey: string,
): Promise<SsoConnection | undefined> {
  const row = await db
    .selectFrom('sso_connections')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .where('alias_key', '=', aliasKey)
    .executeTakeFirst()
  return row === undefined ? undefined : toConnection(row)
}

export async function insertConnection(trx: Trx, row: Insertable<SsoConnectionsTable>): Promise<void> {
  await trx.insertInto('sso_connections').values(row).execute()
}

/** Holds the row until the transaction ends, so that what is decided about it stays true. */
export async function holdConnection(trx: Trx, tenantId: string, id: string): Promise<void> {
  await trx
    .updateTable('sso_connections')
    .set({ version: sql<number>`version` })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .execute()
}

export async function updateConnection(
  trx: Trx,
  tenantId: string,
  id: string,
  change: Updateable<SsoConnectionsTable>,
): Promise<void> {
  await trx
    .updateTable('sso_connections')
    .set((eb) => ({ ...change, version: eb('version', '+', 1) }))
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .execute()
}

export async function deleteConnection(trx: Trx, tenantId: string, id: string): Promise<boolean> {
  const { numDeletedRows } = await trx
    .deleteFrom('sso_connections')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst()
  return numDeletedRows > 0n
}

function toConnection(row: Row): SsoConnection {
  return {
    id: row.id,
    alias: row.alias,
    displayName: row.display_name,
    isEnabled: row.is_enabled === 1,
    entityId: row.entity_id,
    signOnUrl: row.sign_on_url,
    signOnBinding: row.sign_on_binding === 'post' ? 'post' : 'redirect',
    logoutUrl: row.logout_url,
    certificates: JSON.parse(row.certificates),
    options: readOptions(row.options),
    createdAt: row.created_at,
    createdBy: row.created_by,
    updatedAt: row.updated_at,
    updatedBy: row.updated_by,
    version: row.version,
  }
}
