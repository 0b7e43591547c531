import type { Queryable, Trx } from '../db/db.ts'

export interface TotpRow {
  readonly secret: string
  readonly confirmed_at: number
  readonly last_step: number
}

export async function findTotp(db: Queryable, tenantId: string, userId: string): Promise<TotpRow | undefined> {
  return db
    .selectFrom('totp_secrets')
    .select(['secret', 'confirmed_at', 'last_step'])
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .executeTakeFirst()
}

/** A new secret in place of one that was never confirmed; a confirmed one stays. */
export async function offerTotp(
  trx: Trx,
  row: { tenant_id: string; user_id: string; secret: string; created_at: number },
): Promise<void> {
  await trx
    .insertInto('totp_secrets')
    .values({ ...row, confirmed_at: 0, last_step: 0 })
    .onConflict((conflict) =>
      conflict
        .columns(['tenant_id', 'user_id'])
        .doUpdateSet({ secret: row.secret, created_at: row.created_at })
        .where('totp_secrets.confirmed_at', '=', 0),
    )
    .execute()
}

/** Uses a step up: of two requests with one code one wins, and older codes are worth nothing from here on. */
export async function useTotpStep(
  trx: Trx,
  tenantId: string,
  userId: string,
  { step, confirmedAt }: { readonly step: number; readonly confirmedAt: number },
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('totp_secrets')
    .set({ last_step: step, confirmed_at: confirmedAt })
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .where('last_step', '<', step)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

export async function deleteTotp(trx: Trx, tenantId: string, userId: string): Promise<boolean> {
  const { numDeletedRows } = await trx
    .deleteFrom('totp_secrets')
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .executeTakeFirst()
  return numDeletedRows > 0n
}

export async function replaceRecoveryCodes(
  trx: Trx,
  tenantId: string,
  userId: string,
  { hashes, at }: { readonly hashes: readonly string[]; readonly at: number },
): Promise<void> {
  await trx.deleteFrom('recovery_codes').where('tenant_id', '=', tenantId).where('user_id', '=', userId).execute()
  if (hashes.length === 0) return
  await trx
    .insertInto('recovery_codes')
    .values(
      hashes.map((code_hash) => ({ tenant_id: tenantId, user_id: userId, code_hash, created_at: at, used_at: 0 })),
    )
    .execute()
}

/** Each opens once. */
export async function useRecoveryCode(
  trx: Trx,
  tenantId: string,
  userId: string,
  { hash, at }: { readonly hash: string; readonly at: number },
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('recovery_codes')
    .set({ used_at: at })
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .where('code_hash', '=', hash)
    .where('used_at', '=', 0)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

export async function countRecoveryCodes(db: Queryable, tenantId: string, userId: string): Promise<number> {
  const { left } = await db
    .selectFrom('recovery_codes')
    .select((eb) => eb.fn.countAll<number>().as('left'))
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .where('used_at', '=', 0)
    .executeTakeFirstOrThrow()
  return Number(left)
}
