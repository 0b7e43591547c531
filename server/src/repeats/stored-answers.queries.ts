import { sql } from 'kysely'
import { dialectOf, rawRows, type Db, type Queryable, type Trx } from '../db/db.ts'
import type { IdempotencyKeysTable } from './stored-answers.table.ts'

export type StoredAnswerRow = Pick<IdempotencyKeysTable, 'fingerprint' | 'status' | 'headers' | 'body'>

const byKey = `
select fingerprint, status, headers, body from idempotency_keys where tenant_id = ? and key_hash = ? and expires_at > ?`

/** What was answered under this key, unless its time is over. */
export async function findAnswer(
  db: Queryable,
  tenantId: string,
  keyHash: string,
  now: number,
): Promise<StoredAnswerRow | undefined> {
  return (await rawRows<StoredAnswerRow>(db, byKey, [tenantId, keyHash, now]))[0]
}

const keep = `
insert into idempotency_keys (tenant_id, key_hash, fingerprint, status, headers, body, expires_at)
values (?, ?, ?, ?, ?, ?, ?)
on conflict (tenant_id, key_hash) do update set fingerprint = excluded.fingerprint, status = excluded.status,
  headers = excluded.headers, body = excluded.body, expires_at = excluded.expires_at
where idempotency_keys.expires_at <= ?
returning status`

/** Keeps an answer; one whose time is over gives way. Answers false when there is one that still counts. */
export async function insertAnswer(trx: Trx, row: IdempotencyKeysTable, now: number): Promise<boolean> {
  const { tenant_id, key_hash, fingerprint, status, headers, body, expires_at } = row
  const values = [tenant_id, key_hash, fingerprint, status, headers, body, expires_at, now]
  return (await rawRows(trx, keep, values)).length > 0
}

const lock = `select pg_try_advisory_xact_lock(hashtextextended(?, 0)) as "isOurs"`

/**
 * Whether this transaction alone works under the key, on whatever node; held until it ends, however it ends. Never waits.
 * On SQLite all requests meet in one process, which knows by itself.
 */
export async function lockKey(trx: Trx, tenantId: string, keyHash: string): Promise<boolean> {
  if (dialectOf(trx) === 'sqlite') return true
  const [row] = await rawRows<{ isOurs: boolean }>(trx, lock, [`${tenantId} ${keyHash}`])
  return row?.isOurs === true
}

/** One probe of the index per tenant. */
export async function listTenantsWithExpired(db: Db, now: number): Promise<string[]> {
  const rows = await db
    .selectFrom('every_tenant as tenants')
    .select('tenants.id')
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('every_stored_answer as answers')
          .select('answers.tenant_id')
          .whereRef('answers.tenant_id', '=', 'tenants.id')
          .where('answers.expires_at', '<=', now),
      ),
    )
    .execute()
  return rows.map((row) => row.id)
}

/** Deletes up to `max` answers whose time is over, the oldest first; answers how many. */
export async function deleteExpired(trx: Trx, tenantId: string, now: number, max: number): Promise<number> {
  const { numDeletedRows } = await trx
    .with(
      (cte) => cte('expired').materialized(),
      (db) =>
        db
          .selectFrom('idempotency_keys')
          .select('key_hash')
          .where('tenant_id', '=', tenantId)
          .where('expires_at', '<=', now)
          .orderBy('expires_at')
          .orderBy('key_hash')
          .limit(max)
          // SQLite has one writer; on PostgreSQL another node may be at it.
          .$if(dialectOf(trx) === 'postgres', (query) => query.modifyEnd(sql`for update skip locked`)),
    )
    .deleteFrom('idempotency_keys')
    .where('tenant_id', '=', tenantId)
    .where('key_hash', 'in', (eb) => eb.selectFrom('expired').select('expired.key_hash'))
    .executeTakeFirst()
  return Number(numDeletedRows)
}
