import { sql } from 'kysely'
import { dialectOf, type Db } from '../db/db.ts'
import type { ClaimedItem } from './outbox.ts'

interface Claim {
  readonly tenantId: string
  readonly now: number
  readonly owner: string
  readonly leaseUntil: number
  readonly max: number
  readonly kinds: readonly string[]
}

/** One probe of the due index per tenant. */
export async function listTenantsWithDue(db: Db, now: number, kinds: readonly string[]): Promise<string[]> {
  if (kinds.length === 0) return []
  const rows = await db
    .selectFrom('every_tenant as tenants')
    .select('tenants.id')
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('every_outbox_item as outbox')
          .select('outbox.tenant_id')
          .whereRef('outbox.tenant_id', '=', 'tenants.id')
          .where('outbox.state', '=', 'waiting')
          .where('outbox.due_at', '<=', now)
          .where('outbox.lease_until', '<=', now)
          .where('outbox.kind', 'in', [...kinds]),
      ),
    )
    .execute()
  return rows.map((row) => row.id)
}

/** Leases up to `max` due items of one tenant; two nodes never hold the same one. */
export async function claimDue(db: Db, claim: Claim): Promise<ClaimedItem[]> {
  const rows = await db.forTenant(claim.tenantId).engine.transact(async (trx) => {
    // A join may run a plain subquery once per row, and each run would lock and claim `max` more: it is run once, and kept.
    const claiming = trx.with(
      (cte) => cte('due').materialized(),
      (db) =>
        db
          .selectFrom('outbox')
          .select('id')
          .where('tenant_id', '=', claim.tenantId)
          .where('state', '=', 'waiting')
          .where('due_at', '<=', claim.now)
          .where('lease_until', '<=', claim.now)
          .where('kind', 'in', [...claim.kinds])
          .orderBy('due_at')
          .orderBy('id')
          .limit(claim.max)
          // SQLite has one writer, so it needs no lock; PostgreSQL passes over what another node is claiming.
          .$if(dialectOf(trx) === 'postgres', (query) => query.modifyEnd(sql`for update skip locked`)),
    )
    return claiming
      .updateTable('outbox')
      .set({ lease_until: claim.leaseUntil, lease_owner: claim.owner })
      .where('tenant_id', '=', claim.tenantId)
      .where('id', 'in', (eb) => eb.selectFrom('due').select('due.id'))
      .returning(['tenant_id', 'id', 'kind', 'subject_id', 'payload', 'attempts'])
      .execute()
  })
  return rows.map((row) => ({
    tenantId: row.tenant_id,
    id: row.id,
    kind: row.kind,
    subjectId: row.subject_id,
    payload: JSON.parse(row.payload),
    attempts: row.attempts,
  }))
}

interface Settlement {
  readonly state: 'waiting' | 'held' | 'sent' | 'failed' | 'discarded'
  readonly attempts: number
  readonly dueAt: number
  readonly reason: string
  readonly now: number
}

/** Notes the outcome, unless the lease was lost meanwhile. What was sent or discarded forgets its secret; what failed may be tried again by hand. */
export async function settle(db: Db, item: ClaimedItem, owner: string, settlement: Settlement): Promise<void> {
  const done = settlement.state !== 'waiting' && settlement.state !== 'held'
  const forgets = settlement.state === 'sent' || settlement.state === 'discarded'
  const { secret: _secret, ...payload } = item.payload
  await db.forTenant(item.tenantId).engine.transact((trx) =>
    trx
      .updateTable('outbox')
      .set({
        state: settlement.state,
        attempts: settlement.attempts,
        due_at: Math.round(settlement.dueAt),
        lease_until: 0,
        lease_owner: '',
        last_error: settlement.reason.slice(0, 500),
        settled_at: done ? settlement.now : 0,
        ...(forgets ? { payload: JSON.stringify(payload) } : {}),
      })
      .where('tenant_id', '=', item.tenantId)
      .where('id', '=', item.id)
      .where('lease_owner', '=', owner)
      .execute(),
  )
}
