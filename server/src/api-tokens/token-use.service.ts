import type { Db } from '../db/db.ts'
import { updateLastUsed } from './api-tokens.queries.ts'

const noteEveryMs = 60_000

/** Writes under way: a token in heavy use is noted once, and a stop waits for the last notes. */
const pending = new WeakMap<Db, Map<string, Promise<void>>>()

/** Notes when a token was last used, at most once a minute, without making the request wait. */
export function noteTokenUse(db: Db, tenantId: string, tokenId: string, lastUsedAt: number, now: Date): void {
  if (now.getTime() - lastUsedAt < noteEveryMs) return
  const notes = pending.get(db.root) ?? new Map<string, Promise<void>>()
  pending.set(db.root, notes)
  if (notes.has(tokenId)) return
  const note = db.engine
    .transact((trx) => updateLastUsed(trx, tenantId, tokenId, now.getTime()))
    // A note that is lost is repeated by the next request; it must not fail this one.
    .catch(() => {})
    .finally(() => notes.delete(tokenId))
  notes.set(tokenId, note)
}

/** Resolves when no note is under way; called before the database closes. */
export async function settleTokenUse(db: Db): Promise<void> {
  const notes = pending.get(db.root)
  if (notes !== undefined) await Promise.all(notes.values())
}
