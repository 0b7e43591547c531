import type { Queryable, Trx } from '../db/db.ts'

export async function upsertCredential(
  trx: Trx,
  tenantId: string,
  userId: string,
  hash: string,
  at: number,
): Promise<void> {
  await trx
    .insertInto('credentials')
    .values({ tenant_id: tenantId, user_id: userId, password_hash: hash, changed_at: at })
    .onConflict((conflict) =>
      conflict.columns(['tenant_id', 'user_id']).doUpdateSet({ password_hash: hash, changed_at: at }),
    )
    .execute()
}

export async function deleteCredential(trx: Trx, tenantId: string, userId: string): Promise<void> {
  await trx.deleteFrom('credentials').where('tenant_id', '=', tenantId).where('user_id', '=', userId).execute()
}

export async function findHash(db: Queryable, tenantId: string, userId: string): Promise<string | null> {
  const row = await db
    .selectFrom('credentials')
    .select('password_hash')
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .executeTakeFirst()
  return row?.password_hash ?? null
}
