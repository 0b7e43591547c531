import type { Queryable, Trx } from '../db/db.ts'
import type { PasskeysTable } from './second-factors.table.ts'

const columns = [
  'id',
  'user_id',
  'name',
  'public_key',
  'sign_count',
  'transports',
  'created_at',
  'last_used_at',
] as const

export type PasskeyRow = Pick<PasskeysTable, (typeof columns)[number]>

const ownedMax = 20

export async function selectPasskeysOf(db: Queryable, tenantId: string, userId: string): Promise<PasskeyRow[]> {
  return db
    .selectFrom('passkeys')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .orderBy('created_at')
    .orderBy('id')
    .limit(ownedMax)
    .execute()
}

export async function findPasskey(db: Queryable, tenantId: string, id: string): Promise<PasskeyRow | undefined> {
  return db
    .selectFrom('passkeys')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst()
}

export async function insertPasskey(trx: Trx, row: PasskeysTable): Promise<void> {
  await trx.insertInto('passkeys').values(row).execute()
}

export async function notePasskeyUse(
  trx: Trx,
  tenantId: string,
  id: string,
  { signCount, at }: { readonly signCount: number; readonly at: number },
): Promise<void> {
  await trx
    .updateTable('passkeys')
    .set({ sign_count: signCount, last_used_at: at })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .execute()
}

export async function deletePasskey(
  trx: Trx,
  tenantId: string,
  userId: string,
  id: string,
): Promise<string | undefined> {
  const row = await trx
    .deleteFrom('passkeys')
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .returning('name')
    .executeTakeFirst()
  return row?.name
}
