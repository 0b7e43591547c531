import { createRequire } from 'node:module'
import { mock } from 'node:test'
import { CompiledQuery, sql } from 'kysely'
import type pg from 'pg'
import type { Trx } from '../src/db/db.ts'
import { SqliteConnection } from '../src/db/dialects/sqlite-driver.ts'
import type { TestApp } from './start-test-app.ts'
import { tablesInOrder } from './tenant-twin.ts'

/** Statements that read, as the server sends them while it is watched. */
export class WatchedReads {
  readonly #reads = new Map<string, CompiledQuery>()
  readonly #watched: readonly { readonly mock: { restore(): void } }[]
  #isWatching = false

  constructor() {
    const note = (text: string, values: readonly unknown[]) => this.#note(text, values)
    // Each is called with the object it belongs to.
    // oxlint-disable-next-line typescript/unbound-method
    const { executeQuery, read } = SqliteConnection.prototype
    const onExecute = mock.method(
      SqliteConnection.prototype,
      'executeQuery',
      function (this: SqliteConnection, query: CompiledQuery) {
        note(query.sql, query.parameters)
        return executeQuery.call(this, query)
      },
    )
    const onRead = mock.method(
      SqliteConnection.prototype,
      'read',
      function (this: SqliteConnection, text: string, values: unknown[]) {
        note(text, values)
        return read.call(this, text, values)
      },
    )
    const { Client }: typeof pg = createRequire(import.meta.url)('pg')
    // oxlint-disable-next-line typescript/unbound-method
    const { query } = Client.prototype
    const onQuery = mock.method(
      Client.prototype,
      'query',
      function (this: pg.Client, ...given: Parameters<typeof query>) {
        const [first, second] = given as readonly unknown[]
        const asked = typeof first === 'string' ? { text: first, values: second } : (first as pg.QueryConfig)
        if (typeof asked.text === 'string') note(asked.text, Array.isArray(asked.values) ? asked.values : [])
        return query.apply(this, given)
      },
    )
    this.#watched = [onExecute, onRead, onQuery]
  }

  /** Other files of the process run as if nobody had watched. */
  [Symbol.dispose](): void {
    for (const { mock } of this.#watched) mock.restore()
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#isWatching = true
    try {
      return await work()
    } finally {
      this.#isWatching = false
    }
  }

  get all(): readonly CompiledQuery[] {
    return [...this.#reads.values()]
  }

  #note(text: string, values: readonly unknown[]): void {
    const isRead = /^\s*(select|with)\b/i.test(text) && !/\b(insert into|delete from|update "?\w+"? set)\b/i.test(text)
    if (this.#isWatching && isRead) this.#reads.set(`${text} ${String(values)}`, CompiledQuery.raw(text, [...values]))
  }
}

class RolledBack extends Error {}

/** Statements that answer otherwise when this tenant has no rows at all. The rows are there again afterwards. */
export async function readsThatMiss(
  t: TestApp,
  tenantId: string,
  reads: readonly CompiledQuery[],
): Promise<readonly string[]> {
  const tables = await tablesInOrder(t)
  const found: string[] = []
  const work = t.db.engine.transact(async (trx) => {
    const before = await answersTo(trx, reads)
    for (const { name } of tables.toReversed()) {
      const owner = name === 'tenants' ? 'id' : 'tenant_id'
      await sql`delete from ${sql.table(name)} where ${sql.ref(owner)} = ${tenantId}`.execute(trx)
    }
    const after = await answersTo(trx, reads)
    for (const [index, { sql: text }] of reads.entries()) if (before[index] !== after[index]) found.push(text)
    throw new RolledBack()
  })
  await work.catch((error: unknown) => {
    if (!(error instanceof RolledBack)) throw error
  })
  return found
}

async function answersTo(trx: Trx, reads: readonly CompiledQuery[]): Promise<string[]> {
  const answers: string[] = []
  for (const query of reads) answers.push(JSON.stringify((await trx.executeQuery(query)).rows))
  return answers
}
