import { sql } from 'kysely'
import { rawRows, type Queryable, type Trx } from './db.ts'

/** Totals that would otherwise be counted at each request; moved in the transaction of the change. */
export type CounterName =
  | 'users'
  | 'groups'
  | 'personas'
  | 'purposes'
  | 'api_tokens'
  | 'oauth_clients'
  | 'sso_mappers'
  | 'invitations'
  | 'outbox'

export async function addToCounter(trx: Trx, tenantId: string, name: CounterName, by: number): Promise<void> {
  if (by === 0) return
  await trx
    .insertInto('counters')
    .values({ tenant_id: tenantId, name, value: Math.max(by, 0) })
    .onConflict((conflict) =>
      conflict.columns(['tenant_id', 'name']).doUpdateSet({ value: sql<number>`counters.value + ${by}` }),
    )
    .execute()
}

export async function readCounter(db: Queryable, tenantId: string, name: CounterName): Promise<number> {
  const [row] = await rawRows<{ value: number }>(db, 'select value from counters where tenant_id = ? and name = ?', [
    tenantId,
    name,
  ])
  return row?.value ?? 0
}
