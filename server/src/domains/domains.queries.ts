import type { Insertable, Selectable } from 'kysely'
import type { Queryable, Trx } from '../db/db.ts'
import type { Domain } from './domains.schema.ts'
import type { DomainsTable } from './domains.table.ts'

const columns = ['id', 'name', 'challenge', 'verified_at', 'verified_by', 'created_at', 'created_by'] as const

/** All of a tenant's: there are never more than a handful. */
export async function selectDomains(db: Queryable, tenantId: string): Promise<Domain[]> {
  const rows = await db
    .selectFrom('domains')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .orderBy('name')
    .limit(200)
    .execute()
  return rows.map(toDomain)
}

export async function findDomain(db: Queryable, tenantId: string, id: string): Promise<Domain | undefined> {
  const row = await db
    .selectFrom('domains')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst()
  return row === undefined ? undefined : toDomain(row)
}

export async function findDomainByName(db: Queryable, tenantId: string, name: string): Promise<Domain | undefined> {
  const row = await db
    .selectFrom('domains')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .where('name', '=', name)
    .executeTakeFirst()
  return row === undefined ? undefined : toDomain(row)
}

export async function insertDomain(trx: Trx, row: Insertable<DomainsTable>): Promise<void> {
  await trx.insertInto('domains').values(row).execute()
}

export async function markVerified(
  trx: Trx,
  tenantId: string,
  { id, at, by }: { readonly id: string; readonly at: number; readonly by: string },
): Promise<void> {
  await trx
    .updateTable('domains')
    .set({ verified_at: at, verified_by: by })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .execute()
}

export async function deleteDomain(trx: Trx, tenantId: string, id: string): Promise<boolean> {
  const { numDeletedRows } = await trx
    .deleteFrom('domains')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst()
  return numDeletedRows > 0n
}

function toDomain(row: Omit<Selectable<DomainsTable>, 'tenant_id'>): Domain {
  return {
    id: row.id,
    name: row.name,
    challenge: row.challenge,
    verifiedAt: row.verified_at,
    verifiedBy: row.verified_by,
    createdAt: row.created_at,
    createdBy: row.created_by,
  }
}
