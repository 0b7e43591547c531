import type { Insertable, Selectable } from 'kysely'
import type { Queryable, Trx } from '../db/db.ts'
import type { SsoTestsTable } from './saml.table.ts'
import type { SsoTest } from './sso-tests.schema.ts'

const columns = ['id', 'connection_id', 'user_id', 'state', 'reason', 'detail', 'created_at', 'finished_at'] as const

export async function insertTest(trx: Trx, row: Insertable<SsoTestsTable>): Promise<void> {
  await trx.insertInto('sso_tests').values(row).execute()
}

export async function findTest(db: Queryable, tenantId: string, id: string): Promise<SsoTest | undefined> {
  const row = await db
    .selectFrom('sso_tests')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst()
  return row === undefined ? undefined : toTest(row)
}

/** Starts it, once, while it is young. */
export async function startTest(
  trx: Trx,
  tenantId: string,
  {
    tokenHash,
    connectionId,
    bornAfter,
  }: { readonly tokenHash: string; readonly connectionId: string; readonly bornAfter: number },
): Promise<SsoTest | undefined> {
  const row = await trx
    .updateTable('sso_tests')
    .set({ state: 'started' })
    .where('tenant_id', '=', tenantId)
    .where('token_hash', '=', tokenHash)
    .where('connection_id', '=', connectionId)
    .where('state', '=', 'open')
    .where('created_at', '>', bornAfter)
    .returning(columns)
    .executeTakeFirst()
  return row === undefined ? undefined : toTest(row)
}

export async function finishTest(
  trx: Trx,
  tenantId: string,
  {
    id,
    ...result
  }: {
    readonly id: string
    readonly state: 'passed' | 'failed'
    readonly reason: string
    readonly detail: string
    readonly finishedAt: number
  },
): Promise<void> {
  await trx
    .updateTable('sso_tests')
    .set({ state: result.state, reason: result.reason, detail: result.detail, finished_at: result.finishedAt })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .where('state', '=', 'started')
    .execute()
}

/** The newest first. */
export async function selectTests(
  db: Queryable,
  tenantId: string,
  connectionId: string,
  max: number,
): Promise<SsoTest[]> {
  const rows = await db
    .selectFrom('sso_tests')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .where('connection_id', '=', connectionId)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(max)
    .execute()
  return rows.map(toTest)
}

export async function deleteTests(trx: Trx, tenantId: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await trx
    .deleteFrom('sso_tests')
    .where('tenant_id', '=', tenantId)
    .where('id', 'in', [...ids])
    .execute()
}

function toTest(row: Pick<Selectable<SsoTestsTable>, (typeof columns)[number]>): SsoTest {
  const { state } = row
  return {
    id: row.id,
    connectionId: row.connection_id,
    userId: row.user_id,
    state: state === 'started' || state === 'passed' || state === 'failed' ? state : 'open',
    reason: row.reason,
    detail: JSON.parse(row.detail),
    createdAt: row.created_at,
    finishedAt: row.finished_at,
  }
}

/** Another address for a test nobody has begun; false when somebody has. */
export async function replaceTestToken(trx: Trx, tenantId: string, id: string, tokenHash: string): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('sso_tests')
    .set({ token_hash: tokenHash })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .where('state', '=', 'open')
    .executeTakeFirst()
  return numUpdatedRows > 0n
}
