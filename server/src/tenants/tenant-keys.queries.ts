import { rawRows, type Queryable, type Trx } from '../db/db.ts'
import type { TenantKeysTable } from './tenant-keys.table.ts'

export async function findKey(db: Queryable, tenantId: string, purpose: string): Promise<string | undefined> {
  const [row] = await rawRows<{ key: string }>(
    db,
    'select key from tenant_keys where tenant_id = (select ?) and purpose = (select ?)',
    [tenantId, purpose],
  )
  return row?.key
}

export async function insertKey(trx: Trx, row: TenantKeysTable): Promise<void> {
  await trx.insertInto('tenant_keys').values(row).execute()
}
