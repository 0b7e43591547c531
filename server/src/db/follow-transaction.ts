import {
  CompiledQuery,
  PostgresQueryCompiler,
  SqliteQueryCompiler,
  type DatabaseConnection,
  type Driver,
  type QueryResult,
} from 'kysely'
import { Db, dialectOf, rawRows, type Queryable, type Trx } from './db.ts'

/**
 * A reading handle that follows a transaction: while `current` gives one, reads see its changes; otherwise they are those of
 * the outer handle. For code that knows nothing of a transaction that is held open around it.
 */
export function followTransaction(outer: Db, current: () => Trx | null): Db {
  const { engine } = outer
  const dialect = {
    createDriver: () => new FollowingDriver(() => current() ?? outer),
    createQueryCompiler: () =>
      dialectOf(outer) === 'postgres' ? new PostgresQueryCompiler() : new SqliteQueryCompiler(),
    createAdapter: () => outer.getExecutor().adapter,
    createIntrospector: () => outer.introspection,
  }
  const following: Db = new Db(
    dialect,
    {
      dialectName: engine.dialectName,
      transact: (work) => {
        if (current() !== null) throw new Error('a transaction is held open here: go through inTransaction')
        return engine.transact(work)
      },
      read: (text, values) => {
        const trx = current()
        return trx === null ? engine.read(text, values) : rawRows(trx, text, values)
      },
      scan: async (text, values) => {
        const trx = current()
        return trx === null
          ? engine.scan(text, values)
          : (await trx.executeQuery(CompiledQuery.raw(text, [...values]))).rows
      },
      // What is read inside a transaction must not be kept for others.
      stamp: () => (current() === null ? engine.stamp() : null),
      scrub: (table) => engine.scrub(table),
      takeLongestWaitMs: () => engine.takeLongestWaitMs(),
      close: () => engine.close(),
    },
    // It is of one tenant, and so is the transaction.
    { root: outer.root, bind: () => following },
  )
  return following
}

class FollowingConnection implements DatabaseConnection {
  readonly #target: () => Queryable

  constructor(target: () => Queryable) {
    this.#target = target
  }

  executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    return this.#target().executeQuery<R>(query)
  }

  streamQuery<R>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
    return this.#target().getExecutor().stream<R>(query, chunkSize)
  }
}

/** Reads only: whoever writes has the transaction itself. */
class FollowingDriver implements Driver {
  readonly #connection: FollowingConnection

  constructor(target: () => Queryable) {
    this.#connection = new FollowingConnection(target)
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection
  }

  async beginTransaction(): Promise<void> {
    throw new Error('transactions go through inTransaction')
  }

  async commitTransaction(): Promise<void> {}

  async rollbackTransaction(): Promise<void> {}

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {}
}
