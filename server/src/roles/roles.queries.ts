import { sql } from 'kysely'
import type { Queryable, Trx } from '../db/db.ts'
import type { Role, RoleLevel } from './roles.schema.ts'
import type { RolesTable } from './roles.table.ts'

export const roleColumns = ['roles.id', 'roles.name', 'roles.description', 'roles.level', 'roles.member_count'] as const

export async function insertRoles(trx: Trx, rows: readonly RolesTable[]): Promise<void> {
  await trx
    .insertInto('roles')
    .values([...rows])
    .execute()
}

/** Every role of the tenant, workspace roles first; there are a handful. */
export async function selectRoles(db: Queryable, tenantId: string): Promise<Role[]> {
  const rows = await db
    .selectFrom('roles')
    .select(roleColumns)
    .where('tenant_id', '=', tenantId)
    .orderBy('rank')
    .orderBy('name')
    .execute()
  return rows.map(toRole)
}

export async function updateMemberCount(trx: Trx, tenantId: string, roleId: string, by: number): Promise<void> {
  await trx
    .updateTable('roles')
    .set({ member_count: sql<number>`member_count + ${by}` })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', roleId)
    .execute()
}

export function toRole(row: Pick<RolesTable, 'id' | 'name' | 'description' | 'level' | 'member_count'>): Role {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    level: toLevel(row.level),
    memberCount: row.member_count,
  }
}

function toLevel(level: string): RoleLevel {
  if (level === 'workspace' || level === 'admin-subrole') return level
  return 'token'
}
