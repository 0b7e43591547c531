import { LRUCache } from 'lru-cache'
import type { Db } from '../db/db.ts'

interface Kept {
  readonly stamp: number
  readonly count: Promise<number>
}

const countsMax = 1_000
const keptOf = new WeakMap<Db, LRUCache<string, Kept>>()

/**
 * A number that takes long to count, counted once while nothing is committed: whoever leafs through a list asks for it
 * with every page, and so do many at once. Databases without a stamp count each time.
 */
export async function countOnce(db: Db, question: string, count: () => Promise<number>): Promise<number> {
  const stamp = db.engine.stamp()
  if (stamp === null) return count()
  let kept = keptOf.get(db)
  if (kept === undefined) {
    kept = new LRUCache<string, Kept>({ max: countsMax })
    keptOf.set(db, kept)
  }
  const known = kept.get(question)
  if (known?.stamp === stamp) return known.count
  const counting = count()
  kept.set(question, { stamp, count: counting })
  try {
    return await counting
  } catch (error) {
    kept.delete(question)
    throw error
  } finally {
    // Counted meanwhile by another thread: if somebody committed, it may be the number after that.
    if (db.engine.stamp() !== stamp) kept.delete(question)
  }
}
