import Connection, { type Database, type Statement } from 'better-sqlite3'
import { copyOf, namesOf } from './copies.ts'
import { holdAgainstTwin, timesIn } from './mixture.ts'

/** A statement that mixed tenants up, and how. */
interface Mixture {
  readonly text: string
  readonly because: string
}

interface Probed {
  readonly tables: readonly string[]
  /** Looks are over when every table made a difference; of tables that stand in it twice perhaps only one of the two did. */
  readonly looksMin: number
  looks: number
  readonly telling: Set<string>
}

/** At one text: it may find nothing at first. */
const looksMax = 60

/**
 * Holds every statement that names a tenant among its values, at the moment it is sent, against copies of the database
 * in which another tenant has the same rows. SQLite only: its statements return at once, so that nothing happens
 * between the copy and the statement.
 */
export class StatementProbe {
  readonly #tenantId: string
  readonly #probed = new Map<string, Probed>()
  readonly #restore: () => void
  readonly #mixtures: Mixture[] = []
  readonly #unbound = new Set<string>()
  #isLooking = false

  constructor(tenantId: string) {
    this.#tenantId = tenantId
    const prototype: Statement = Object.getPrototypeOf(new Connection(':memory:').prepare('select 1'))
    // Each is called with the statement it belongs to.
    // oxlint-disable-next-line typescript/unbound-method
    const { all, run } = prototype
    const look = (statement: Statement, values: readonly unknown[]) => this.#look(statement, values)
    prototype.all = function (this: Statement, ...values: unknown[]) {
      look(this, values)
      return all.apply(this, values)
    }
    prototype.run = function (this: Statement, ...values: unknown[]) {
      look(this, values)
      return run.apply(this, values)
    }
    this.#restore = () => Object.assign(prototype, { all, run })
  }

  [Symbol.dispose](): void {
    this.#restore()
  }

  /** Statements that mixed tenants up, or name none at all, since this was last asked. */
  takeMixtures(): readonly Mixture[] {
    return this.#mixtures.splice(0)
  }

  get statements(): number {
    return this.#probed.size
  }

  /** Pairs of a statement and a table in it whose rows made a difference. */
  get told(): number {
    return [...this.#probed.values()].reduce((sum, { telling }) => sum + telling.size, 0)
  }

  /** Pairs of which nothing can be said: rows of the table made no difference whenever the statement was looked at. */
  get untold(): readonly string[] {
    return [...this.#probed].flatMap(([text, { tables, telling }]) =>
      tables.filter((table) => !telling.has(table)).map((table) => `${table}: ${text}`),
    )
  }

  #noteUnbound(text: string, database: Database, values: readonly unknown[]): void {
    if (!/^\s*(select|with|update|delete)\b/.test(text) || this.#unbound.has(text)) return
    this.#isLooking = true
    const ids = database.prepare<[], string>('select id from tenants').pluck().all()
    this.#isLooking = false
    if (ids.some((id) => namesOne(values, id))) return
    this.#unbound.add(text)
    this.#mixtures.push({ text, because: 'it names no tenant' })
  }

  #look({ source: text, database }: Statement, values: readonly unknown[]): void {
    // New rows are nobody else's, unless they come from others.
    if (this.#isLooking || (text.startsWith('insert') && !/\bselect\b/.test(text))) return
    if (!namesOne(values, this.#tenantId)) return this.#noteUnbound(text, database, values)
    const known = this.#probed.get(text)
    if (known !== undefined && isOver(known)) return
    this.#isLooking = true
    const copy = copyOf(database)
    try {
      const probed = known ?? newlyProbed(text, namesOf(copy, 'table'))
      this.#probed.set(text, probed)
      probed.looks += 1
      const { tables } = probed
      const { mixture, telling } = holdAgainstTwin(copy, { tenantId: this.#tenantId, text, values, tables })
      for (const table of telling) probed.telling.add(table)
      if (mixture !== null) this.#mixtures.push({ text, because: mixture })
    } catch (error) {
      // The server must not be the one to fail.
      this.#mixtures.push({ text, because: String(error) })
    } finally {
      copy.close()
      this.#isLooking = false
    }
  }
}

function namesOne(values: readonly unknown[], tenantId: string): boolean {
  return values.some((value) => typeof value === 'string' && value.includes(tenantId))
}

function isOver({ looks, looksMin, tables, telling }: Probed): boolean {
  return looks >= looksMax || (looks >= looksMin && tables.every((table) => telling.has(table)))
}

function newlyProbed(text: string, all: readonly string[]): Probed {
  const tables = all.filter((table) => !/_search($|_)/.test(table) && timesIn(text, table) > 0)
  const isTwice = tables.some((table) => timesIn(text, table) > 1)
  return { tables, looksMin: isTwice ? 4 : 1, looks: 0, telling: new Set() }
}
