import { setTimeout as wait } from 'node:timers/promises'
import {
  Kysely,
  PostgresAdapter,
  PostgresDialect,
  PostgresDriver,
  type DatabaseConnection,
  type Dialect,
  type PostgresPool,
} from 'kysely'
import { LRUCache } from 'lru-cache'
import { CommitUnknown, DatabaseUnavailable, Db, numberedText, unnamed, type Engine } from '../db.ts'
import type { PostgresLocation } from '../location.ts'
import type { SqlLimits } from '../sql-limits.ts'
import { markTransaction, refuseInsideTransaction } from '../transaction-mark.ts'
import { PostgresClients } from './postgres-clients.ts'
import { driver } from './postgres-driver.ts'

const repeatsMax = 5
/** Handles of the tenants asked for last; one is made in microseconds. */
const handlesMax = 1_000

/** The handle of no tenant, which sees what the views across tenants show and nothing else; `forTenant` gives the others. */
export function openPostgres({ url, ownerUrl }: PostgresLocation, limits: SqlLimits): Db {
  const clients = new PostgresClients(url, limits)
  const shared = {
    dialectName: 'postgres',
    stamp: () => null,
    // Only who owns a table may do it; the database does it by itself, later.
    scrub: async (table) => ownerUrl !== null && (await vacuum(ownerUrl, table)),
    takeLongestWaitMs: () => clients.takeLongestWaitMs(),
    close: () => clients.end(),
  } satisfies Partial<Engine>
  const handles = new LRUCache<string, Db>({ max: handlesMax })
  const root: Db = new Db(
    outerDialect(clients.poolOf('')),
    { ...shared, ...engineOf(clients, '') },
    {
      bind: (tenantId) => {
        if (tenantId === '') return root
        let handle = handles.get(tenantId)
        if (handle === undefined) {
          const engine = { ...shared, ...engineOf(clients, tenantId) }
          handle = new Db(outerDialect(clients.poolOf(tenantId)), engine, { root })
          handles.set(tenantId, handle)
        }
        return handle
      },
    },
  )
  return root
}

/** What an engine does for one tenant. */
function engineOf(clients: PostgresClients, tenantId: string): Pick<Engine, 'transact' | 'read' | 'scan'> {
  const pool = clients.poolOf(tenantId)
  const transactional = new Kysely<unknown>({ dialect: dialectWith(pool, () => new TransactionDriver({ pool })) })
  const query = async (text: string, values: readonly unknown[]) => {
    refuseInsideTransaction()
    const client = await clients.connect(tenantId)
    try {
      return (await client.query<unknown>(text, values)).rows
    } finally {
      client.release()
    }
  }
  return {
    // The handle is untyped here only because Kysely's type parameter is the caller's claim about the schema.
    transact: (work) =>
      repeatConflicts(() => markTransaction(() => transactional.transaction().execute(work as never))),
    read: (text, values) => query(numberedText(text), values),
    scan: (text, values) => query(`${text} ${unnamed}`, values),
  }
}

/** Removes the row versions that nobody can see any more; on a connection of its own, since it may take its time. */
async function vacuum(url: string, table: string): Promise<boolean> {
  const { Client, escapeIdentifier } = driver()
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(`vacuum ${escapeIdentifier(table)}`)
    return true
  } finally {
    await client.end()
  }
}

/** A handle of its own, without statement timeouts, for the migrator. */
export function openPostgresForMigration(url: string): Kysely<unknown> {
  const { Pool } = driver()
  return new Kysely<unknown>({ dialect: new PostgresDialect({ pool: new Pool({ connectionString: url, max: 2 }) }) })
}

function outerDialect(pool: PostgresPool): Dialect {
  return dialectWith(pool, () => new OuterDriver({ pool }))
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
