import { createHash } from 'node:crypto'
import type { PostgresPool, PostgresPoolClient } from 'kysely'
import type pg from 'pg'
import { DatabaseUnavailable, unnamed } from '../db.ts'
import { LongestWait } from '../longest-wait.ts'
import type { SqlLimits } from '../sql-limits.ts'
import { driver } from './postgres-driver.ts'

/** Each connection keeps at most this many named statements; rarer texts are sent without a name. */
const namedMax = 400

/** The setting that row level security compares with (migration 0050). */
const setTenant = "select set_config('app.tenant', $1, false)"

interface Kept {
  readonly named: PostgresPoolClient
  /** Whose rows the connection sees; empty for nobody's, as it is at its beginning. */
  tenantId: string
}

/**
 * The server's connections, each handed out for one tenant, or for none. A connection keeps its tenant when it is given back,
 * so that a tenant that is asked for again and again is set once; whoever takes it next sets another.
 *
 * @source contract/security-and-reliability.md, 10.3; docs/decisions/0050
 */
export class PostgresClients {
  readonly #pool: pg.Pool
  readonly #waits = new LongestWait()
  readonly #kept = new WeakMap<pg.PoolClient, Kept>()

  constructor(url: string, limits: SqlLimits) {
    this.#pool = openPool(url, limits)
  }

  /** As Kysely wants it. */
  poolOf(tenantId: string): PostgresPool {
    return { options: {}, connect: () => this.connect(tenantId), end: () => this.#pool.end() }
  }

  /** @throws DatabaseUnavailable */
  async connect(tenantId: string): Promise<PostgresPoolClient> {
    const client = await this.#take()
    const kept = this.#kept.get(client) ?? this.#keep(client)
    if (kept.tenantId === tenantId) return kept.named
    try {
      await client.query({ name: 'tenant', text: setTenant, values: [tenantId] })
    } catch (error) {
      // Nobody knows whose rows it sees.
      client.release(true)
      throw new DatabaseUnavailable('the connection to the database is lost', { cause: error })
    }
    kept.tenantId = tenantId
    return kept.named
  }

  takeLongestWaitMs(): number {
    return this.#waits.takeMs()
  }

  end(): Promise<void> {
    return this.#pool.end()
  }

  async #take(): Promise<pg.PoolClient> {
    const startedAt = performance.now()
    try {
      return await this.#pool.connect()
    } catch (error) {
      throw new DatabaseUnavailable('no connection to the database', { cause: error })
    } finally {
      this.#waits.note(startedAt)
    }
  }

  #keep(client: pg.PoolClient): Kept {
    // Whoever uses it learns of a broken connection from the query; without a listener the process would end as well.
    client.on('error', () => {})
    const kept = { named: nameStatements(client), tenantId: '' }
    this.#kept.set(client, kept)
    return kept
  }
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

/** Named statements are planned once per connection: point reads cost a fifth of unnamed ones. */
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
