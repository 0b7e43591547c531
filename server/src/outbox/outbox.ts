import { v7 as uuid } from 'uuid'
import type { TrxCtx } from '../access/ctx.ts'

/** Work promised inside a transaction, done after it. */
export interface NewOutboxItem {
  /** Which consumer does it. */
  readonly kind: string
  /** What it is about, so that it can be found and dropped when that is gone. */
  readonly subjectId: string
  /** Two items of one kind with the same key are one item. */
  readonly dedupeKey: string
  readonly payload: Readonly<Record<string, unknown>>
}

/** An item leased to this process, as its consumer gets it. */
export interface ClaimedItem {
  readonly tenantId: string
  readonly id: string
  readonly kind: string
  readonly subjectId: string
  readonly payload: Readonly<Record<string, unknown>>
  readonly attempts: number
}

export async function addToOutbox(ctx: TrxCtx, items: readonly NewOutboxItem[]): Promise<void> {
  if (items.length === 0) return
  const now = ctx.now.getTime()
  const rows = items.map((item) => ({
    tenant_id: ctx.tenantId,
    id: uuid(),
    kind: item.kind,
    subject_id: item.subjectId,
    dedupe_key: item.dedupeKey,
    payload: JSON.stringify(item.payload),
    state: 'waiting',
    due_at: now,
    lease_until: 0,
    lease_owner: '',
    attempts: 0,
    last_error: '',
    created_at: now,
    settled_at: 0,
  }))
  await ctx.db
    .insertInto('outbox')
    .values(rows)
    .onConflict((conflict) => conflict.columns(['tenant_id', 'kind', 'dedupe_key']).doNothing())
    .execute()
}

/** Takes back what has not been done yet about this subject: the reason for it is gone. */
export async function discardWaiting(ctx: TrxCtx, kind: string, subjectIds: readonly string[]): Promise<void> {
  if (subjectIds.length === 0) return
  await ctx.db
    .updateTable('outbox')
    .set({ state: 'discarded', settled_at: ctx.now.getTime(), payload: '{}' })
    .where('tenant_id', '=', ctx.tenantId)
    .where('kind', '=', kind)
    .where('subject_id', 'in', [...subjectIds])
    .where('state', '=', 'waiting')
    .execute()
}

/** Part of deleting a person: what was promised about these subjects, done or not, says nothing about anybody any more. */
export async function forgetItems(ctx: TrxCtx, kind: string, subjectIds: readonly string[]): Promise<void> {
  if (subjectIds.length === 0) return
  await discardWaiting(ctx, kind, subjectIds)
  await ctx.db
    .updateTable('outbox')
    .set({ payload: '{}', last_error: '' })
    .where('tenant_id', '=', ctx.tenantId)
    .where('kind', '=', kind)
    .where('subject_id', 'in', [...subjectIds])
    .execute()
}
