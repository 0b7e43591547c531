import { sql, type Insertable, type Selectable } from 'kysely'
import type { Queryable, Trx } from '../db/db.ts'
import type { ScimSettingsTable } from './scim-tokens.table.ts'

const columns = ['profile', 'overrides', 'role_map', 'log_days', 'cursor_key', 'version'] as const

export type SettingsRow = Pick<Selectable<ScimSettingsTable>, (typeof columns)[number]>

export async function findSettings(db: Queryable, tenantId: string): Promise<SettingsRow | undefined> {
  return db.selectFrom('scim_settings').select(columns).where('tenant_id', '=', tenantId).executeTakeFirst()
}

/** Somebody else may have made the row at this very moment; it is then as good. */
export async function insertSettings(trx: Trx, row: Insertable<ScimSettingsTable>): Promise<void> {
  await trx
    .insertInto('scim_settings')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** Holds the row until the transaction ends, so that what is decided about it stays true. */
export async function holdSettings(trx: Trx, tenantId: string): Promise<void> {
  await trx
    .updateTable('scim_settings')
    .set({ version: sql<number>`version` })
    .where('tenant_id', '=', tenantId)
    .execute()
}

export async function updateSettings(
  trx: Trx,
  tenantId: string,
  change: Omit<SettingsRow, 'version' | 'cursor_key'> & { updated_at: number },
): Promise<void> {
  await trx
    .updateTable('scim_settings')
    .set((eb) => ({ ...change, version: eb('version', '+', 1) }))
    .where('tenant_id', '=', tenantId)
    .execute()
}
