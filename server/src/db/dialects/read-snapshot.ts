import type { Database as Connection, Statement } from 'better-sqlite3'

/**
 * One state of the database for all reads of one turn of the event loop. Every read outside a transaction takes and
 * drops locks of its own, by system calls that cost more than an indexed look-up; this way a turn pays for them once.
 * Whoever commits ends it, so that reads follow writes; what other processes commit is seen a turn later at most.
 */
export class ReadSnapshot {
  readonly #begin: Statement
  readonly #end: Statement
  #open = false

  constructor(connection: Connection) {
    this.#begin = connection.prepare('begin')
    this.#end = connection.prepare('commit')
  }

  /** Before each read. */
  enter(): void {
    if (this.#open) return
    this.#begin.run()
    this.#open = true
    setImmediate(() => this.end())
  }

  end(): void {
    if (!this.#open) return
    this.#open = false
    this.#end.run()
  }
}
