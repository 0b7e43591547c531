import { CompiledQuery, Kysely, PostgresAdapter, type Transaction } from 'kysely'
import type { Database } from './database.ts'
import { SqlTexts } from './sql-texts.ts'

export type DialectName = 'sqlite' | 'postgres'

/** What differs between the two databases while the server runs. */
export interface Engine {
  readonly dialectName: DialectName
  /** Runs the work in one transaction; acknowledged means durable. Repeats it after a serialization conflict. @throws CommitUnknown */
  transact<T>(work: (trx: Trx) => Promise<T>): Promise<T>
  /** One reading statement outside a transaction, without a query builder in between; text is a constant with `?` for values. */
  read(text: string, values: readonly unknown[]): Promise<unknown[]>
  /**
   * One reading statement that may take long, so that nobody else waits for it; in the words of the database itself
   * (PostgreSQL numbers its values). It sees whatever was committed before it was asked for.
   */
  scan(text: string, values: readonly unknown[]): Promise<unknown[]>
  /**
   * A number that changes with every commit by anybody, in any process: what was read under it is still true while it stays.
   * Null where the database cannot tell cheaper than by reading again (PostgreSQL).
   */
  stamp(): number | null
  /**
   * After values were blanked: makes what they were disappear from the database's files, too, where the database can.
   * Answers false when somebody was in the way; it then happens by itself, later.
   */
  scrub(table: keyof Database): Promise<boolean>
  /** The longest anybody has waited for a connection, or for the one writer, since this was last asked. */
  takeLongestWaitMs(): number
  close(): Promise<void>
}

interface Handles {
  /** The process's own handle, where this is one of a tenant. */
  readonly root?: Db
  /** How a tenant's handle is found, where it is not the root's affair, or this one itself. */
  readonly bind?: (tenantId: string) => Db
}

/**
 * The handle for reading outside a transaction; writing goes through inTransaction alone. What `forTenant` gives sees the rows
 * of that tenant: on PostgreSQL because row level security hides all others, on SQLite by the conditions of the statements alone.
 */
export class Db extends Kysely<Database> {
  readonly engine: Engine
  /** One for the whole process, to keep things by; on PostgreSQL it sees no tenant's rows, only the views across tenants. */
  readonly root: Db
  readonly #bind: ((tenantId: string) => Db) | undefined

  constructor(
    dialect: ConstructorParameters<typeof Kysely>[0]['dialect'],
    engine: Engine,
    { root, bind }: Handles = {},
  ) {
    super({ dialect })
    this.engine = engine
    this.root = root ?? this
    this.#bind = bind
  }

  /** The handle of a tenant; cheap to call. The empty id is nobody's. */
  forTenant(tenantId: string): Db {
    if (this.#bind !== undefined) return this.#bind(tenantId)
    return this.root === this ? this : this.root.forTenant(tenantId)
  }
}

export type Trx = Transaction<Database>

/** Either handle: what a reading function takes. */
export type Queryable = Kysely<Database>

/** The database cannot answer now; the edge says 503. */
export class DatabaseUnavailable extends Error {}

/** The connection was lost while the database was told to commit: the change may be kept or not. */
export class CommitUnknown extends DatabaseUnavailable {}

/** Says which database a handle speaks to, for the few places below db/ and filter/ that must know. */
export function dialectOf(db: Queryable): DialectName {
  return db.getExecutor().adapter instanceof PostgresAdapter ? 'postgres' : 'sqlite'
}

/**
 * In a statement's text: PostgreSQL plans it anew each time, for its values. A plan that serves any pattern
 * reads a thousand times what the best one for this pattern does (design/stack.md, "Substring search").
 */
export const unnamed = '/* unnamed */'

const numbered = new SqlTexts()

/**
 * Hand-written SQL for the hottest reads, with `?` for values; statements are prepared once per connection.
 * The text must be a constant of the program: texts are kept for ever.
 *
 * Compare columns with `(select ?)`, not with `?`, wherever the statement joins or sorts: SQLite otherwise
 * prepares it anew at each binding, because the value might change the plan (8 to 20 µs instead of 2 to 3).
 */
export async function rawRows<Row>(db: Queryable, text: string, values: readonly unknown[]): Promise<Row[]> {
  // The row type is the caller's claim about its own SQL, as everywhere in Kysely.
  if (db instanceof Db) return (await db.engine.read(text, values)) as Row[]
  const query = dialectOf(db) === 'postgres' ? numberedText(text) : text
  return (await db.executeQuery<Row>(CompiledQuery.raw(query, [...values]))).rows
}

/** Hand-written SQL that changes rows. Answers how many. */
export async function rawChanges(trx: Trx, text: string, values: readonly unknown[]): Promise<number> {
  const query = dialectOf(trx) === 'postgres' ? numberedText(text) : text
  return Number((await trx.executeQuery(CompiledQuery.raw(query, [...values]))).numAffectedRows ?? 0n)
}

/** PostgreSQL numbers its placeholders. */
export function numberedText(text: string): string {
  return numbered.get(text, () => {
    let count = 0
    return text.replaceAll('?', () => `$${(count += 1)}`)
  })
}
