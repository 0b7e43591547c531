import { createHash } from 'node:crypto'
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
import pg from 'pg'
import { DatabaseUnavailable, Db, numberedText, unnamed } from '../db.ts'
import { markTransaction, refuseInsideTransaction } from '../transaction-mark.ts'

const poolMax = 16
const repeatsMax = 5
/** Each connection keeps at most this many named statements; rarer texts are sent without a name. */
const namedMax = 400

const sessionOptions = [
  'jit=off',
  'statement_timeout=10s',
  'lock_timeout=2s',
  'idle_in_transaction_session_timeout=15s',
]
  .map((option) => `-c ${option}`)
  .join(' ')

// int8 counters and times fit a double for the next 280,000 years of milliseconds.
pg.types.setTypeParser(pg.types.builtins.INT8, Number)

export function openPostgres(url: string): Db {
  const pool = openPool(url, poolMax)
  const named = namedPool(pool)
  const transactional = new Kysely({ dialect: new PostgresDialect({ pool: named }) })
  return new Db(outerDialect(named), {
    dialectName: 'postgres',
    // The handle is untyped here only because Kysely's type parameter is the caller's claim about the schema.
    transact: (work) =>
      repeatConflicts(() => markTransaction(() => transactional.transaction().execute(work as never))),
    read: async (text, values) => {
      refuseInsideTransaction()
      const client = await named.connect()
      try {
        return (await client.query<unknown>(numberedText(text), values)).rows
      } finally {
        client.release()
      }
    },
    scan: async (text, values) => {
      refuseInsideTransaction()
      const client = await named.connect()
      try {
        return (await client.query<unknown>(`${text} ${unnamed}`, values)).rows
      } finally {
        client.release()
      }
    },
    stamp: () => null,
    close: () => pool.end(),
  })
}

/** A handle of its own, without statement timeouts, for the migrator. */
export function openPostgresForMigration(url: string): Kysely<unknown> {
  return new Kysely<unknown>({ dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: url, max: 2 }) }) })
}

function openPool(url: string, max: number): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max, connectionTimeoutMillis: 2000, options: sessionOptions })
  // An idle connection that breaks is replaced by the pool; without a listener the process would end.
  pool.on('error', () => {})
  return pool
}

function outerDialect(pool: PostgresPool): Dialect {
  const inner = new PostgresDialect({ pool })
  return {
    createDriver: () => new OuterDriver({ pool }),
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

/** Named statements are planned once per connection: point reads cost a fifth of unnamed ones. */
function namedPool(pool: pg.Pool): PostgresPool {
  const wrapped = new WeakMap<pg.PoolClient, PostgresPoolClient>()
  return {
    options: {},
    connect: async () => {
      const client = await connect(pool)
      let named = wrapped.get(client)
      if (named === undefined) {
        named = nameStatements(client)
        wrapped.set(client, named)
      }
      return named
    },
    end: () => pool.end(),
  }
}

async function connect(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect()
  } catch (error) {
    throw new DatabaseUnavailable('no connection to the database', { cause: error })
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

export function sqlState(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
