import type { Queryable, Trx } from '../db/db.ts'

const purpose = 'service_provider'

export interface StoredKey {
  readonly sealedPrivateKey: string
  readonly certificate: string
}

export async function findKey(db: Queryable, tenantId: string): Promise<StoredKey | undefined> {
  const row = await db
    .selectFrom('saml_keys')
    .select(['private_key', 'certificate'])
    .where('tenant_id', '=', tenantId)
    .where('purpose', '=', purpose)
    .executeTakeFirst()
  return row === undefined ? undefined : { sealedPrivateKey: row.private_key, certificate: row.certificate }
}

/** Whoever comes second keeps what is there. */
export async function insertKeyOnce(
  trx: Trx,
  row: { tenant_id: string; private_key: string; certificate: string; created_at: number },
): Promise<void> {
  await trx
    .insertInto('saml_keys')
    .values({ ...row, purpose })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'purpose']).doNothing())
    .execute()
}
