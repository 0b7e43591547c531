import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { setTimeout as wait } from 'node:timers/promises'
import {
  Kysely,
  PostgresAdapter,
  PostgresDialect,
  PostgresDriver,
  type DatabaseConnection,
  type Dialect,
  type PostgresPool,
  type PostgresPoolClient,
} from 'kysely'
import type pg from 'pg'
import { CommitUnknown, DatabaseUnavailable, Db, numberedText, unnamed } from '../db.ts'
import { LongestWait } from '../longest-wait.ts'
import type { SqlLimits } from '../sql-limits.ts'
import { markTransaction, refuseInsideTransaction } from '../transaction-mark.ts'

const repeatsMax = 5
/** Each connection keeps at most this many named statements; rarer texts are sent without a name. */
const namedMax = 400

function sessionOptions(limits: SqlLimits): string {
  return [
    'jit=off',
    `statement_timeout=${limits.sqlStatementMs}`,
    `lock_timeout=${limits.sqlLockWaitMs}`,
    `idle_in_transaction_session_timeout=${limits.sqlIdleTransactionMs}`,
  ]
    .map((option) => `-c ${option}`)
    .join(' ')
}

const load = createRequire(import.meta.url)

/** The driver, loaded with the first connection: servers on SQLite never need it. */
function driver(): typeof pg {
  const loaded: typeof pg = load('pg')
  // int8 counters and times fit a double for the next 280,000 years of milliseconds.
  loaded.types.setTypeParser(loaded.types.builtins.INT8, Number)
  return loaded
}

export function openPostgres(url: string, limits: SqlLimits): Db {
  const pool = openPool(url, limits)
  const waits = new LongestWait()
  const named = namedPool(pool, waits)
  const transactional = new Kysely<unknown>({
    dialect: dialectWith(named, () => new TransactionDriver({ pool: named })),
  })
  const query = async (text: string, values: readonly unknown[]) => {
    refuseInsideTransaction()
    const client = await named.connect()
    try {
      return (await client.query<unknown>(text, values)).rows
    } finally {
      client.release()
    }
  }
  return new Db(
    dialectWith(named, () => new OuterDriver({ pool: named })),
    {
      dialectName: 'postgres',
      // The handle is untyped here only because Kysely's type parameter is the caller's claim about the schema.
      transact: (work) =>
        repeatConflicts(() => markTransaction(() => transactional.transaction().execute(work as never))),
      read: (text, values) => query(numberedText(text), values),
      scan: (text, values) => query(`${text} ${unnamed}`, values),
      stamp: () => null,
      scrub: async (table) => {
        await vacuum(url, table)
        return true
      },
      takeLongestWaitMs: () => waits.takeMs(),
      close: () => pool.end(),
    },
  )
}

/** Removes the row versions that nobody can see any more; on a connection of its own, since it may take its time. */
async function vacuum(url: string, table: string): Promise<void> {
  const { Client, escapeIdentifier } = driver()
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(`vacuum ${escapeIdentifier(table)}`)
  } finally {
    await client.end()
  }
}

/** A handle of its own, without statement timeouts, for the migrator. */
export function openPostgresForMigration(url: string): Kysely<unknown> {
  const { Pool } = driver()
  return new Kysely<unknown>({ dialect: new PostgresDialect({ pool: new Pool({ connectionString: url, max: 2 }) }) })
}

function openPool(url: string, limits: SqlLimits): pg.Pool {
  const { Pool } = driver()
  const pool = new Pool({
    connectionString: url,
    max: limits.sqlConnectionsMax,
    connectionTimeoutMillis: limits.sqlConnectionWaitMs,
    options: sessionOptions(limits),
  })
  // An idle connection that breaks is replaced by the pool; without a listener the process would end.
  pool.on('error', () => {})
  return pool
}

function dialectWith(pool: PostgresPool, createDriver: () => PostgresDriver): Dialect {
  const inner = new PostgresDialect({ pool })
  return {
    createDriver,
    createQueryCompiler: () => inner.createQueryCompiler(),
    createAdapter: () => new PostgresAdapter(),
    createIntrospector: (db) => inner.createIntrospector(db),
  }
}

class OuterDriver extends PostgresDriver {
  override async acquireConnection(): Promise<DatabaseConnection> {
    refuseInsideTransaction()
    return super.acquireConnection()
  }
}

class TransactionDriver extends PostgresDriver {
  override async commitTransaction(connection: DatabaseConnection): Promise<void> {
    try {
      await super.commitTransaction(connection)
    } catch (error) {
      if (!isConnectionLost(error)) throw error
      throw new CommitUnknown('the connection was lost while the change was committed', { cause: error })
    }
  }

  override async rollbackTransaction(connection: Parameters<PostgresDriver['rollbackTransaction']>[0]): Promise<void> {
    try {
      await super.rollbackTransaction(connection)
    } catch {
      // Without a connection the server rolls back by itself, and the first error is the one to tell; the connection is given up.
    }
  }
}

/** Named statements are planned once per connection: point reads cost a fifth of unnamed ones. */
function namedPool(pool: pg.Pool, waits: LongestWait): PostgresPool {
  const wrapped = new WeakMap<pg.PoolClient, PostgresPoolClient>()
  return {
    options: {},
    connect: async () => {
      const client = await connect(pool, waits)
      let named = wrapped.get(client)
      if (named === undefined) {
        named = nameStatements(client)
        // Whoever uses it learns of a broken connection from the query; without a listener the process would end as well.
        client.on('error', () => {})
        wrapped.set(client, named)
      }
      return named
    },
    end: () => pool.end(),
  }
}

async function connect(pool: pg.Pool, waits: LongestWait): Promise<pg.PoolClient> {
  const startedAt = performance.now()
  try {
    return await pool.connect()
  } catch (error) {
    throw new DatabaseUnavailable('no connection to the database', { cause: error })
  } finally {
    waits.note(startedAt)
  }
}

function nameStatements(client: pg.PoolClient): PostgresPoolClient {
  const names = new Map<string, string>()
  const nameFor = (text: string): string | undefined => {
    const known = names.get(text)
    if (known !== undefined || names.size >= namedMax) return known
    const name = `m${createHash('sha256').update(text).digest('base64url').slice(0, 22)}`
    names.set(text, name)
    return name
  }
  const query = (text: unknown, values?: readonly unknown[]): unknown => {
    if (typeof text !== 'string') return client.query(text as never) // a cursor: Kysely's own object
    const name = values === undefined || text.includes(unnamed) ? undefined : nameFor(text)
    return client.query({
      text,
      values: values === undefined ? [] : [...values],
      ...(name === undefined ? {} : { name }),
    })
  }
  // pg's client has overloads Kysely narrows to these two members.
  return { query, release: () => client.release() } as unknown as PostgresPoolClient
}

const retryable = new Set(['40001', '40P01'])

async function repeatConflicts<T>(attempt: () => Promise<T>): Promise<T> {
  for (let repeats = 0; ; repeats += 1) {
    try {
      return await attempt()
    } catch (error) {
      if (!retryable.has(sqlState(error))) throw error
      if (repeats === repeatsMax)
        throw new DatabaseUnavailable('the change kept conflicting with others', { cause: error })
      await wait(2 ** repeats * (5 + crypto.getRandomValues(new Uint8Array(1))[0]! / 25)) // 1 byte asked for, 1 there
    }
  }
}

/** pg says so without a code when it was the socket that ended, and by 08… and 57P… when the server still found words. */
export function isConnectionLost(error: unknown): boolean {
  const state = sqlState(error)
  if (state !== '') return /^(08|57P|ECONNRESET|EPIPE|ETIMEDOUT)/.test(state)
  return error instanceof Error && /^(Connection terminated|Client (has encountered|was closed))/.test(error.message)
}

export function sqlState(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
