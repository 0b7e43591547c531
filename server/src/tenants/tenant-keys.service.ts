import { LRUCache } from 'lru-cache'
import type { Ctx, TrxCtx } from '../access/ctx.ts'
import type { Db } from '../db/db.ts'
import { newSealKey } from '../secrets/sealed.ts'
import * as queries from './tenant-keys.queries.ts'

const purpose = 'cursors'
const keptMax = 1_000
const keptOf = new WeakMap<Db, LRUCache<string, string>>()

/** The keys of a tenant that is being created. */
export async function createTenantKeys(ctx: TrxCtx): Promise<void> {
  const created = { tenant_id: ctx.tenantId, purpose, created_at: ctx.now.getTime() }
  await queries.insertKey(ctx.db, { ...created, key: newSealKey() })
}

/** What cursors of the tenant's lists are sealed with; the same on every node, and for ever. */
export async function getCursorKey(ctx: Ctx): Promise<string> {
  let kept = keptOf.get(ctx.db.root)
  if (kept === undefined) {
    kept = new LRUCache<string, string>({ max: keptMax })
    keptOf.set(ctx.db.root, kept)
  }
  const known = kept.get(ctx.tenantId)
  if (known !== undefined) return known
  const key = await queries.findKey(ctx.db, ctx.tenantId, purpose)
  if (key === undefined) throw new Error(`tenant ${ctx.tenantId} has no key for cursors`)
  kept.set(ctx.tenantId, key)
  return key
}
