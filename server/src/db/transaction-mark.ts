import { AsyncLocalStorage } from 'node:async_hooks'

/**
 * Says whether the code that runs now is inside a transaction. A query on the outer handle would read
 * a state without the transaction's own changes (and on one connection wait for ever), so it throws.
 */
const storage = new AsyncLocalStorage<{ open: boolean }>()

export async function markTransaction<T>(work: () => Promise<T>): Promise<T> {
  if (storage.getStore()?.open === true) throw new Error('a transaction is already open here: pass its ctx on')
  const mark = { open: true }
  try {
    return await storage.run(mark, work)
  } finally {
    mark.open = false
  }
}

export function refuseInsideTransaction(): void {
  if (storage.getStore()?.open === true) {
    throw new Error('a query on the outer database handle inside a transaction: use the ctx of the transaction')
  }
}
