import type { Trx } from '../db/db.ts'

export interface Counter {
  readonly failures: number
  readonly windowStart: number
  readonly inWindow: number
  readonly blockedUntil: number
}

/** The counter of this key, made when missing, and held: attempts at once are counted one after another. */
export async function holdCounter(trx: Trx, tenantId: string, key: string, now: number): Promise<Counter> {
  const row = await trx
    .insertInto('sign_in_counters')
    .values({
      tenant_id: tenantId,
      subject_key: key,
      failures: 0,
      window_start: now,
      in_window: 0,
      blocked_until: 0,
      last_at: now,
    })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'subject_key']).doUpdateSet({ last_at: now }))
    .returning(['failures', 'window_start', 'in_window', 'blocked_until'])
    .executeTakeFirstOrThrow()
  return {
    failures: row.failures,
    windowStart: row.window_start,
    inWindow: row.in_window,
    blockedUntil: row.blocked_until,
  }
}

export async function writeCounter(trx: Trx, tenantId: string, key: string, counter: Counter): Promise<void> {
  await trx
    .updateTable('sign_in_counters')
    .set({
      failures: counter.failures,
      window_start: counter.windowStart,
      in_window: counter.inWindow,
      blocked_until: counter.blockedUntil,
    })
    .where('tenant_id', '=', tenantId)
    .where('subject_key', '=', key)
    .execute()
}

export async function clearFailures(trx: Trx, tenantId: string, keys: readonly string[]): Promise<void> {
  await trx
    .updateTable('sign_in_counters')
    .set({ failures: 0, blocked_until: 0 })
    .where('tenant_id', '=', tenantId)
    .where('subject_key', 'in', [...keys])
    .execute()
}

/** A bounded bite out of what nobody has asked about for long; counters of accounts that exist stay. */
export async function deleteOld(trx: Trx, tenantId: string, before: number): Promise<void> {
  const old = trx
    .selectFrom('sign_in_counters')
    .select('subject_key')
    .where('tenant_id', '=', tenantId)
    .where('last_at', '<', before)
    .where('subject_key', 'not like', 'user:%')
    .orderBy('last_at')
    .limit(20)
  await trx.deleteFrom('sign_in_counters').where('tenant_id', '=', tenantId).where('subject_key', 'in', old).execute()
}
