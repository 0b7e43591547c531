import type { Queryable, Trx } from '../db/db.ts'
import { defaultSettings, type Plan, type Tenant, type TenantState } from './tenants.schema.ts'
import type { TenantsTable } from './tenants.table.ts'

const columns = ['id', 'slug', 'name', 'plan', 'state', 'settings', 'created_at'] as const

export async function findTenantBySlug(db: Queryable, slug: string): Promise<Tenant | undefined> {
  const row = await db.selectFrom('every_tenant').select(columns).where('slug', '=', slug).executeTakeFirst()
  return row === undefined ? undefined : toTenant(row)
}

export async function findTenant(db: Queryable, tenantId: string): Promise<Tenant | undefined> {
  const row = await db.selectFrom('tenants').select(columns).where('id', '=', tenantId).executeTakeFirst()
  return row === undefined ? undefined : toTenant(row)
}

export async function selectTenants(db: Queryable): Promise<Tenant[]> {
  const rows = await db.selectFrom('every_tenant').select(columns).orderBy('slug').execute()
  return rows.map(toTenant)
}

export async function insertTenant(trx: Trx, tenant: Tenant): Promise<void> {
  await trx
    .insertInto('tenants')
    .values({
      id: tenant.id,
      slug: tenant.slug,
      name: tenant.name,
      plan: tenant.plan,
      state: tenant.state,
      settings: JSON.stringify(tenant.settings),
      catalogue_version: 1,
      created_at: tenant.createdAt,
    })
    .execute()
}

export async function updateTenant(
  trx: Trx,
  tenantId: string,
  change: { plan?: Plan; state?: TenantState; settings?: string },
): Promise<void> {
  await trx.updateTable('tenants').set(change).where('id', '=', tenantId).execute()
}

/** After a change that the documents of many users show: a renamed or deleted group, a persona, its links to groups. */
export async function raiseCatalogueVersion(trx: Trx, tenantId: string): Promise<void> {
  await trx
    .updateTable('tenants')
    .set((eb) => ({ catalogue_version: eb('catalogue_version', '+', 1) }))
    .where('id', '=', tenantId)
    .execute()
}

function toTenant(row: Pick<TenantsTable, (typeof columns)[number]>): Tenant {
  return {
    id: row.id,
    slug: row.slug,
    name: row.name,
    plan: row.plan === 'enterprise' ? 'enterprise' : 'standard',
    state: row.state === 'active' ? 'active' : 'disabled',
    settings: { ...defaultSettings, ...JSON.parse(row.settings) },
    createdAt: row.created_at,
  }
}
