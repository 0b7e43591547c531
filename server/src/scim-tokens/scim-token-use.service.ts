import type { Db } from '../db/db.ts'
import { updateToken } from './scim-tokens.queries.ts'
import type { ScimToken } from './scim-tokens.schema.ts'

const noteEveryMs = 60_000
const agentMax = 200

/** Writes under way: a token in heavy use is noted once, and a stop waits for the last notes. */
const pending = new WeakMap<Db, Map<string, Promise<void>>>()

/** Notes when, from where and by what a token was last used, at most once a minute, without making the request wait. */
export function noteScimTokenUse(
  db: Db,
  tenantId: string,
  token: ScimToken,
  use: { readonly at: number; readonly address: string; readonly agent: string },
): void {
  if (use.at - token.lastUsedAt < noteEveryMs) return
  const notes = pending.get(db.root) ?? new Map<string, Promise<void>>()
  pending.set(db.root, notes)
  if (notes.has(token.id)) return
  const note = db.engine
    .transact((trx) =>
      updateToken(trx, tenantId, token.id, {
        last_used_at: use.at,
        last_used_address: use.address,
        last_used_agent: use.agent.slice(0, agentMax),
      }),
    )
    // A note that is lost is repeated by the next request; it must not fail this one.
    .catch(() => {})
    .finally(() => notes.delete(token.id))
  notes.set(token.id, note)
}

/** Resolves when no note is under way; called before the database closes. */
export async function settleScimTokenUse(db: Db): Promise<void> {
  const notes = pending.get(db.root)
  if (notes !== undefined) await Promise.all(notes.values())
}
