import { setTimeout as wait } from 'node:timers/promises'

// Files belong to the whole process, as their locks do; an entry lives while somebody writes.
// oxlint-disable-next-line muster/no-module-state
const turns = new Map<string, Promise<unknown>>()

/**
 * Runs the work when nobody else of this process writes to the file. The lock of the file would keep others out as well,
 * but whoever waits for it holds the event loop, which a batch needs to come to its end.
 *
 * @param waitMaxMs after this the lock of the file decides
 * @param work what goes wrong in it is its caller's alone
 */
export async function inTurn<T>(file: string, waitMaxMs: number, work: () => Promise<T>): Promise<T> {
  const before = turns.get(file)
  const turn =
    before === undefined ? work() : Promise.race([before, wait(waitMaxMs, undefined, { ref: false })]).then(work)
  const over = turn.catch(() => {})
  turns.set(file, over)
  try {
    return await turn
  } finally {
    if (turns.get(file) === over) turns.delete(file)
  }
}
