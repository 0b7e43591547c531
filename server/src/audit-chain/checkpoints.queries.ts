import type { Queryable, Trx } from '../db/db.ts'
import type { Checkpoint } from './checkpoint-rules.ts'

const columns = ['tenant_id', 'seq', 'hash', 'at', 'public_key', 'signature'] as const

/** In the order of the chain. */
export async function selectCheckpoints(db: Queryable, tenantId: string): Promise<Checkpoint[]> {
  const rows = await db
    .selectFrom('audit_checkpoints')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .orderBy('seq')
    .execute()
  return rows.map(({ tenant_id, seq, hash, at, public_key, signature }) => ({
    type: 'muster-audit-checkpoint',
    tenantId: tenant_id,
    seq,
    hash,
    at,
    publicKey: public_key,
    signature,
  }))
}

/** The last one that is kept. */
export async function findLastCheckpoint(
  db: Queryable,
  tenantId: string,
): Promise<{ readonly seq: number; readonly at: number }> {
  const row = await db
    .selectFrom('audit_checkpoints')
    .select(['seq', 'at'])
    .where('tenant_id', '=', tenantId)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row ?? { seq: 0, at: 0 }
}

/** Adds a checkpoint; of those between two round numbers only the newest is kept. */
export async function insertCheckpoint(trx: Trx, checkpoint: Checkpoint, every: number): Promise<void> {
  const { tenantId, seq, hash, at, publicKey, signature } = checkpoint
  await trx
    .deleteFrom('audit_checkpoints')
    .where('tenant_id', '=', tenantId)
    .where('seq', '>', seq - every)
    .where('seq', '<=', seq)
    .where((eb) => eb(eb('seq', '%', every), '<>', 0))
    .execute()
  await trx
    .insertInto('audit_checkpoints')
    .values({ tenant_id: tenantId, seq, hash, at, public_key: publicKey, signature })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'seq']).doNothing())
    .execute()
}
