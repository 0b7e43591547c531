import { authorize } from '../access/authorize.ts'
import type { Ctx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import type { Db } from '../db/db.ts'
import { ApiError, notFound } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import type { WalkedPage } from '../lists/envelope.ts'
import type { ListQuery } from '../lists/list-query.ts'
import { getCursorKey } from '../tenants/tenant-keys.service.ts'
import * as queries from './outbox.queries.ts'
import type { OutboxItem } from './outbox.schema.ts'

/** Promised mails, newest first. @throws insufficient_role · invalid_filter · invalid_cursor */
export async function listOutbox(ctx: Ctx, query: ListQuery): Promise<WalkedPage<OutboxItem>> {
  authorize(ctx, 'outbox:manage')
  const seal = { key: await getCursorKey(ctx), tenantId: ctx.tenantId, list: 'outbox' }
  return queries.selectOutboxPage(ctx.db, ctx.tenantId, query, seal)
}

/** @throws insufficient_role · outbox_item_not_found */
export async function getOutboxItem(ctx: Ctx, id: string): Promise<OutboxItem> {
  authorize(ctx, 'outbox:manage')
  const item = await queries.findItem(ctx.db, ctx.tenantId, id)
  if (item === undefined) throw notFound('outbox_item_not_found')
  return item
}

/** Makes an item due now, with all its attempts again. @throws outbox_item_not_found · outbox_item_settled */
export async function retryOutboxItem(ctx: Ctx, id: string): Promise<void> {
  const change = { state: 'waiting', due_at: ctx.now.getTime(), attempts: 0, lease_until: 0, settled_at: 0 }
  await act(ctx, id, () => change, 'outbox_item.retried', ['waiting', 'held', 'failed'])
}

/** Takes a promised mail back. @throws outbox_item_not_found · outbox_item_settled */
export async function discardOutboxItem(ctx: Ctx, id: string): Promise<void> {
  const settled = { state: 'discarded', settled_at: ctx.now.getTime() }
  await act(
    ctx,
    id,
    (item) => ({ ...settled, payload: JSON.stringify(withoutSecret(item)) }),
    'outbox_item.discarded',
    ['waiting', 'held', 'failed'],
  )
}

/** What is waiting over all tenants; for metrics, not for people. */
export function readOutboxDepth(db: Db): Promise<{ waiting: number; oldestDueAt: number | null }> {
  return queries.selectDepth(db)
}

/** A mail server is set again: what was held for want of one is due. */
export async function releaseHeldMails(db: Db, now: Date): Promise<void> {
  for (const tenantId of await queries.listTenantsWithHeld(db)) {
    await db.forTenant(tenantId).engine.transact((trx) => queries.releaseHeld(trx, tenantId, now.getTime()))
  }
}

async function act(
  ctx: Ctx,
  id: string,
  changeOf: (item: OutboxItem) => Parameters<typeof queries.updateItem>[4],
  type: 'outbox_item.retried' | 'outbox_item.discarded',
  from: Parameters<typeof queries.updateItem>[3],
): Promise<void> {
  authorize(ctx, 'outbox:manage')
  await inTransaction(ctx, async (ctx) => {
    const item = await queries.findItem(ctx.db, ctx.tenantId, id)
    if (item === undefined) throw notFound('outbox_item_not_found')
    if (!(await queries.updateItem(ctx.db, ctx.tenantId, id, from, changeOf(item)))) {
      throw new ApiError('outbox_item_settled', { detail: `This mail is ${item.state}; nothing is left to do.` })
    }
    await recordEvent(ctx, { type, subjectId: id, data: {}, personal: {} })
  })
}

function withoutSecret({ payload }: OutboxItem): Record<string, unknown> {
  const { secret: _secret, ...rest } = payload
  return rest
}
