import { parentPort, workerData } from 'node:worker_threads'
import type { ScanAnswer, ScanQuestion } from './scan-thread.ts'
import { openConnection } from './sqlite-connection.ts'

/** A scan reads nothing twice. */
const cacheMib = 2

/** The program of the thread behind ScanThread: one reading connection, one question at a time. */
const connection = openConnection(workerData.file, cacheMib, workerData.limits)
connection.pragma('query_only = on')

parentPort?.on('message', ({ id, text, values }: ScanQuestion) => {
  parentPort?.postMessage(answer(id, text, values))
})

function answer(id: number, text: string, values: readonly unknown[]): ScanAnswer {
  try {
    return { id, rows: connection.prepare<unknown[], unknown>(text).all(...values) }
  } catch (error) {
    // Errors of SQLite lose their code on the way between threads; every one of a reading statement is the server's own.
    return { id, error: error instanceof Error ? error.message : String(error) }
  }
}
