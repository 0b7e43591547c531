import { sql, type Insertable } from 'kysely'
import { isWorkspaceRole } from '../access/permissions.ts'
import type { Queryable, Trx } from '../db/db.ts'
import type { OAuthClient } from './oauth-clients.schema.ts'
import type { OAuthClientsTable } from './oauth-clients.table.ts'

const columns = [
  'oauth_clients.id',
  'oauth_clients.client_id',
  'oauth_clients.display_name',
  'oauth_clients.description',
  'oauth_clients.personas',
  'oauth_clients.created_at',
  'oauth_clients.created_by',
  'oauth_clients.updated_at',
  'oauth_clients.updated_by',
  'oauth_clients.version',
] as const

const roleName =
  '(select r.name from roles r where r.tenant_id = oauth_clients.tenant_id and r.id = oauth_clients.role_id)'

/** For lists, whose columns are text. */
export const clientColumns: readonly string[] = [...columns, `${roleName} as role`]

export interface ClientRow extends Omit<OAuthClientsTable, 'tenant_id' | 'secret_hash' | 'role_id' | 'last_used_at'> {
  readonly role: string
}

export async function insertClient(trx: Trx, row: Insertable<OAuthClientsTable>): Promise<void> {
  await trx.insertInto('oauth_clients').values(row).execute()
}

export async function findClient(db: Queryable, tenantId: string, clientId: string): Promise<OAuthClient | undefined> {
  const row = await db
    .selectFrom('oauth_clients')
    .select([...columns, sql<string>`${sql.raw(roleName)}`.as('role')])
    .where('tenant_id', '=', tenantId)
    .where('client_id', '=', clientId)
    .executeTakeFirst()
  return row === undefined ? undefined : toClient(row)
}

/** Holds a client until the transaction ends: meanwhile it is neither changed nor deleted, and gets no access token. */
export async function lockClient(trx: Trx, tenantId: string, clientId: string): Promise<void> {
  await trx
    .updateTable('oauth_clients')
    .set({ version: sql<number>`version` })
    .where('tenant_id', '=', tenantId)
    .where('client_id', '=', clientId)
    .execute()
}

type Change = Pick<OAuthClientsTable, 'display_name' | 'description' | 'personas' | 'updated_at' | 'updated_by'> &
  Partial<Pick<OAuthClientsTable, 'role_id'>>

export async function updateClient(trx: Trx, tenantId: string, id: string, change: Change): Promise<void> {
  await trx
    .updateTable('oauth_clients')
    .set((eb) => ({ ...change, version: eb('version', '+', 1) }))
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .execute()
}

export async function deleteClient(trx: Trx, tenantId: string, id: string): Promise<void> {
  await trx.deleteFrom('oauth_clients').where('tenant_id', '=', tenantId).where('id', '=', id).execute()
}

/** The name of a client's role at this moment. */
export async function findClientRole(db: Queryable, tenantId: string, id: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('oauth_clients')
    .select(sql<string>`${sql.raw(roleName)}`.as('role'))
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst()
  return row?.role
}

export function toClient(row: ClientRow): OAuthClient {
  if (!isWorkspaceRole(row.role)) throw new Error(`OAuth client ${row.id} has the role ${row.role}`)
  return {
    id: row.id,
    clientId: row.client_id,
    displayName: row.display_name,
    description: row.description,
    role: row.role,
    personas: JSON.parse(row.personas),
    createdAt: row.created_at,
    createdBy: row.created_by,
    updatedAt: row.updated_at,
    updatedBy: row.updated_by,
    version: row.version,
  }
}
