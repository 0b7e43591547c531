import { LRUCache } from 'lru-cache'
import type { Db } from '../db/db.ts'
import type { Key } from './list-source.ts'

/** From one kept place to the next, in rows: passing over so many costs less than a request. */
export const placeEvery = 1_000

/** Where the rows of one list stand: the keys of every thousandth, as far as somebody went, while nothing is committed. */
export interface Places {
  readonly stamp: number
  /** By number: the key of the last row before row `number × placeEvery`. */
  readonly keys: Map<number, Key>
}

const listsMax = 50
const keptOf = new WeakMap<Db, LRUCache<string, Places>>()

/** The places of a list, true for this stamp. */
export function keptPlaces(db: Db, list: string, stamp: number): Places {
  let kept = keptOf.get(db)
  if (kept === undefined) {
    kept = new LRUCache<string, Places>({ max: listsMax })
    keptOf.set(db, kept)
  }
  const known = kept.get(list)
  if (known?.stamp === stamp) return known
  const fresh: Places = { stamp, keys: new Map() }
  kept.set(list, fresh)
  return fresh
}
