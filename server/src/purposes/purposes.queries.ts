import { sql, type Updateable } from 'kysely'
import { readCounter } from '../db/counters.ts'
import type { Queryable, Trx } from '../db/db.ts'
import type { Page } from '../lists/envelope.ts'
import type { ListQuery } from '../lists/list-query.ts'
import { selectPage } from '../lists/select-page.ts'
import { purposeList } from './purposes.fields.ts'
import type { Purpose } from './purposes.schema.ts'
import type { PurposesTable } from './purposes.table.ts'

const columns = [
  'purposes.id',
  'purposes.name',
  'purposes.qualified_name',
  'purposes.display_name',
  'purposes.description',
  'purposes.created_at',
  'purposes.created_by',
  'purposes.updated_at',
  'purposes.updated_by',
  'purposes.version',
  'purposes.links_version',
  'purposes.is_active',
  'purposes.tags',
  'purposes.revision',
] as const

type Row = Omit<PurposesTable, 'tenant_id' | 'name_key'>

export async function findPurpose(db: Queryable, tenantId: string, id: string): Promise<Purpose | undefined> {
  const row = await db
    .selectFrom('purposes')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst()
  return row === undefined ? undefined : toPurpose(row)
}

export async function selectPurposePage(db: Queryable, tenantId: string, query: ListQuery): Promise<Page<Purpose>> {
  const { rows, total, filtered } = await selectPage<Row>(db, {
    shape: purposeList,
    table: 'purposes',
    columns,
    scope: { text: 'purposes.tenant_id = (select ?)', values: [tenantId] },
    query,
    total: () => readCounter(db, tenantId, 'purposes'),
  })
  return { items: rows.map(toPurpose), total, filtered }
}

export async function insertPurpose(trx: Trx, row: PurposesTable): Promise<void> {
  await trx.insertInto('purposes').values(row).execute()
}

export async function updatePurpose(
  trx: Trx,
  tenantId: string,
  id: string,
  change: Updateable<PurposesTable>,
): Promise<void> {
  await trx
    .updateTable('purposes')
    .set((eb) => ({ ...change, version: eb('version', '+', 1) }))
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .execute()
}

/** Holds the row until the transaction ends. */
export async function lockPurpose(trx: Trx, tenantId: string, id: string): Promise<void> {
  await trx
    .updateTable('purposes')
    .set({ version: sql<number>`version` })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .execute()
}

function toPurpose(row: Row): Purpose {
  return {
    id: row.id,
    name: row.name,
    qualifiedName: row.qualified_name,
    displayName: row.display_name,
    description: row.description,
    isActive: row.is_active === 1,
    tags: JSON.parse(row.tags),
    revision: row.revision,
    createdAt: row.created_at,
    createdBy: row.created_by,
    updatedAt: row.updated_at,
    updatedBy: row.updated_by,
    version: row.version,
    linksVersion: row.links_version,
  }
}
