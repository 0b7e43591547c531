import { LRUCache } from 'lru-cache'
import type { Db } from '../db/db.ts'

const keptMax = 1_000

/**
 * A reader of one kind of credential that remembers what it read for as long as nothing at all was committed.
 * Absent ones are never remembered: somebody who guesses must not push out those in use.
 */
export function credentialReader<Credential extends object>() {
  const keptOf = new WeakMap<Db, LRUCache<string, { readonly stamp: number; readonly credential: Credential }>>()
  return async (
    db: Db,
    { tenantId, hash }: { readonly tenantId: string; readonly hash: string },
    read: () => Promise<Credential | undefined>,
  ): Promise<Credential | undefined> => {
    // Taken before reading: a commit in between makes the next request read again.
    const stamp = db.engine.stamp()
    if (stamp === null) return read()
    let kept = keptOf.get(db)
    if (kept === undefined) {
      kept = new LRUCache({ max: keptMax })
      keptOf.set(db, kept)
    }
    const key = `${tenantId} ${hash}`
    const known = kept.get(key)
    if (known !== undefined && known.stamp === stamp) return known.credential
    const credential = await read()
    if (credential !== undefined) kept.set(key, { stamp, credential })
    return credential
  }
}
