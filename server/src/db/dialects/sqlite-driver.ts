import type { Database as Connection, Statement } from 'better-sqlite3'
import { LRUCache } from 'lru-cache'
import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from 'kysely'
import type { ReadSnapshot } from './read-snapshot.ts'
import { refuseInsideTransaction } from '../transaction-mark.ts'

const preparedMax = 400

/** One better-sqlite3 connection as Kysely sees it: statements are prepared once and kept. */
export class SqliteConnection implements DatabaseConnection {
  readonly #connection: Connection
  readonly #prepared = new LRUCache<string, Statement<unknown[], unknown>>({ max: preparedMax })

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const statement = this.#prepare(query.sql)
    if (statement.reader) {
      // The row type is the caller's claim about its own SQL, as everywhere in Kysely.
      return { rows: statement.all(...query.parameters) as R[] }
    }
    const { changes } = statement.run(...query.parameters)
    return { rows: [], numAffectedRows: BigInt(changes) }
  }

  read(text: string, values: readonly unknown[]): unknown[] {
    return this.#prepare(text).all(...values)
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    for (const row of this.#connection.prepare(query.sql).iterate(...query.parameters)) {
      yield { rows: [row as R] } // as above
    }
  }

  #prepare(text: string): Statement<unknown[], unknown> {
    let statement = this.#prepared.get(text)
    if (statement === undefined) {
      statement = this.#connection.prepare<unknown[], unknown>(text)
      this.#prepared.set(text, statement)
    }
    return statement
  }
}

interface TransactionWords {
  readonly begin: string
  readonly commit: string
  readonly rollback: readonly string[]
}

/** A whole transaction of its own: for migrations and operator commands that hold the connection alone. */
export const immediateTransaction: TransactionWords = {
  begin: 'begin immediate',
  commit: 'commit',
  rollback: ['rollback'],
}

/** A member of a group commit: the group opens and commits the real transaction. */
export const savepointTransaction: TransactionWords = {
  begin: 'savepoint member',
  commit: 'release member',
  rollback: ['rollback to member', 'release member'],
}

/**
 * Kysely's driver on a connection that somebody else owns. One with a snapshot is the outer handle:
 * it reads within the snapshot, and refuses queries while a transaction is open.
 */
export class SqliteDriver implements Driver {
  readonly #raw: Connection
  readonly #connection: SqliteConnection
  readonly #words: TransactionWords
  readonly #snapshot: ReadSnapshot | null

  constructor(raw: Connection, words: TransactionWords, snapshot: ReadSnapshot | null) {
    this.#raw = raw
    this.#connection = new SqliteConnection(raw)
    this.#words = words
    this.#snapshot = snapshot
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    this.#enter()
    return this.#connection
  }

  read(text: string, values: readonly unknown[]): unknown[] {
    this.#enter()
    return this.#connection.read(text, values)
  }

  #enter(): void {
    if (this.#snapshot === null) return
    refuseInsideTransaction()
    this.#snapshot.enter()
  }

  async beginTransaction(): Promise<void> {
    this.#snapshot?.end()
    this.#raw.exec(this.#words.begin)
  }

  async commitTransaction(): Promise<void> {
    this.#raw.exec(this.#words.commit)
  }

  async rollbackTransaction(): Promise<void> {
    // SQLite ends the whole transaction by itself after some errors (disk full): then there is nothing to roll back.
    if (!this.#raw.inTransaction) return
    for (const words of this.#words.rollback) this.#raw.exec(words)
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {}
}
