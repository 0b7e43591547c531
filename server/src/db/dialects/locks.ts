import { dialectOf, rawRows, type Trx } from '../db.ts'

/**
 * Takes a lock of this name until the transaction ends, or answers false at once where another node holds it.
 * SQLite has one writer at a time: whoever is in a transaction holds everything.
 */
export async function tryLock(trx: Trx, name: string): Promise<boolean> {
  if (dialectOf(trx) === 'sqlite') return true
  const [row] = await rawRows<{ locked: boolean }>(
    trx,
    'select pg_try_advisory_xact_lock(hashtextextended(?, 0)) as locked',
    [name],
  )
  return row?.locked === true
}
