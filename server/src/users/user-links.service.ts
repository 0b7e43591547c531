import type { ReadCtx, TrxCtx } from '../access/ctx.ts'
import { raiseLinksVersion } from './user-writes.queries.ts'
import { selectExistingIds } from './users.queries.ts'

/** Ids of one statement: far below both databases' limit of values. */
const idsPerStatement = 1_000

/** Of these ids, those that are users; for other features' rules. */
export async function listExistingUserIds(ctx: ReadCtx, ids: readonly string[]): Promise<Set<string>> {
  const existing = new Set<string>()
  for (let start = 0; start < ids.length; start += idsPerStatement) {
    for (const id of await selectExistingIds(ctx.db, ctx.tenantId, ids.slice(start, start + idsPerStatement)))
      existing.add(id)
  }
  return existing
}

/**
 * Memberships, personas or purposes of these users changed: their documents are built anew when next read.
 * Whoever was given something time-bound is marked: from then on the clock is asked about them.
 */
export async function userLinksChanged(ctx: TrxCtx, ids: readonly string[], mark?: 'time-bound'): Promise<void> {
  // In id order, so that two such transactions never wait for each other in a ring.
  const ordered = ids.toSorted()
  for (let start = 0; start < ordered.length; start += idsPerStatement) {
    await raiseLinksVersion(ctx.db, ctx.tenantId, ordered.slice(start, start + idsPerStatement), mark)
  }
}
