import type { Insertable } from 'kysely'
import type { Queryable, Trx } from '../db/db.ts'
import type { PendingRequest } from './assertion.schema.ts'
import type { SamlRequestsTable } from './saml.table.ts'

/** Whose answer is expected: all of it is part of the condition. */
export interface RequestKey {
  readonly id: string
  readonly connectionId: string
  readonly browserHash: string
  readonly now: number
}

export async function insertRequest(trx: Trx, row: Insertable<SamlRequestsTable>): Promise<void> {
  await trx.insertInto('saml_requests').values(row).execute()
}

export async function findRequest(
  db: Queryable,
  tenantId: string,
  { id, connectionId, browserHash, now }: RequestKey,
): Promise<PendingRequest | undefined> {
  const row = await db
    .selectFrom('saml_requests')
    .select(['id', 'connection_id', 'purpose', 'user_id', 'session_id', 'test_id', 'return_path'])
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .where('connection_id', '=', connectionId)
    .where('browser_hash', '=', browserHash)
    .where('expires_at', '>', now)
    .where('purpose', '<>', 'logout')
    .executeTakeFirst()
  if (row === undefined) return undefined
  return {
    id: row.id,
    connectionId: row.connection_id,
    purpose: row.purpose === 'test' || row.purpose === 'link' ? row.purpose : 'sign_in',
    userId: row.user_id === '' ? null : row.user_id,
    sessionId: row.session_id === '' ? null : row.session_id,
    testId: row.test_id === '' ? null : row.test_id,
    returnPath: row.return_path,
  }
}

/** The test whose answer this browser waits for; tests work with a connection that is off, and show why they fail. */
export async function findPendingTest(
  db: Queryable,
  tenantId: string,
  { connectionId, browserHash, now }: Omit<RequestKey, 'id'>,
): Promise<string | undefined> {
  const row = await db
    .selectFrom('saml_requests')
    .select('test_id')
    .where('tenant_id', '=', tenantId)
    .where('connection_id', '=', connectionId)
    .where('browser_hash', '=', browserHash)
    .where('expires_at', '>', now)
    .where('purpose', '=', 'test')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.test_id
}

/** True for exactly one caller: whoever comes second finds nothing. */
export async function takeRequest(
  trx: Trx,
  tenantId: string,
  { id, connectionId, browserHash, now }: RequestKey,
): Promise<boolean> {
  const { numDeletedRows } = await trx
    .deleteFrom('saml_requests')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .where('connection_id', '=', connectionId)
    .where('browser_hash', '=', browserHash)
    .where('expires_at', '>', now)
    .executeTakeFirst()
  return numDeletedRows > 0n
}

/** False when it was there already. */
export async function insertConsumed(
  trx: Trx,
  row: { tenant_id: string; connection_id: string; assertion_id: string; expires_at: number },
): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('saml_consumed')
    .values(row)
    .onConflict((conflict) => conflict.columns(['tenant_id', 'connection_id', 'assertion_id']).doNothing())
    .executeTakeFirst()
  return (numInsertedOrUpdatedRows ?? 0n) > 0n
}

/** A bounded bite out of what has run out; nothing depends on it. */
export async function deleteExpired(trx: Trx, tenantId: string, now: number): Promise<void> {
  const requests = trx
    .selectFrom('saml_requests')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('expires_at', '<=', now)
    .orderBy('expires_at')
    .limit(100)
  await trx.deleteFrom('saml_requests').where('tenant_id', '=', tenantId).where('id', 'in', requests).execute()
  const consumed = await trx
    .selectFrom('saml_consumed')
    .select(['connection_id', 'assertion_id'])
    .where('tenant_id', '=', tenantId)
    .where('expires_at', '<=', now)
    .orderBy('expires_at')
    .limit(100)
    .execute()
  for (const [connectionId, used] of Map.groupBy(consumed, (row) => row.connection_id)) {
    await trx
      .deleteFrom('saml_consumed')
      .where('tenant_id', '=', tenantId)
      .where('connection_id', '=', connectionId)
      .where(
        'assertion_id',
        'in',
        used.map((row) => row.assertion_id),
      )
      .where('expires_at', '<=', now)
      .execute()
  }
}
