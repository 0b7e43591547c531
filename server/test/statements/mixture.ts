import type { Database } from 'better-sqlite3'
import { addTwin, disturb, giveAway, newestKeys, ownerIn, rowsOf, twin, within } from './copies.ts'

/** A statement with what it was asked about, and the tables that stand in it. */
export interface Asked {
  readonly tenantId: string
  readonly text: string
  readonly values: readonly unknown[]
  readonly tables: readonly string[]
}

interface Findings {
  /** How the statement mixed two tenants up; null when it did not. */
  readonly mixture: string | null
  /** Tables whose rows made a difference to it: only of these can it be said that it told owners apart. */
  readonly telling: readonly string[]
}

interface Effect {
  /** What the statement answers and what it does to the rows of its tenant. */
  readonly own: string
  readonly isTwinTouched: boolean
}

/**
 * Whatever becomes of the tenant's own rows, the statement has to answer and do the same when another tenant has all that
 * it had: an own row that is gone, or says something else, is not made up for by another's.
 */
export function holdAgainstTwin(db: Database, asked: Asked): Findings {
  const untouched = effectOf(db, asked)
  const telling: string[] = []
  for (const change of [unchanged, ...asked.tables.flatMap((table) => changesOf(db, table, asked))]) {
    const alone = within(db, () => (change.act(), effectOf(db, asked)))
    const beside = within(db, () => {
      for (const table of asked.tables) addTwin(db, table, asked.tenantId)
      change.act()
      return effectOf(db, asked)
    })
    const mixture =
      mixtureOf(alone, beside) ?? (change.give === undefined ? null : mixtureOf(alone, given(db, asked, change.give)))
    if (mixture !== null) return { mixture: `${mixture}, ${change.what}`, telling }
    if (alone.own !== untouched.own && change.table !== null) telling.push(change.table)
  }
  return { mixture: null, telling }
}

/** As if the rows that are gone were another tenant's. */
function given(db: Database, asked: Asked, give: () => void): Effect {
  return within(db, () => (give(), effectOf(db, asked)))
}

function mixtureOf(alone: Effect, beside: Effect): string | null {
  if (beside.isTwinTouched) return 'rows of another tenant are changed'
  return beside.own === alone.own ? null : 'the answer is another one beside another tenant'
}

const rowsAlone = 12

/** Something that becomes of own rows. */
interface Change {
  readonly what: string
  readonly table: string | null
  readonly act: () => void
  /** The same rows become another tenant's. */
  readonly give?: () => void
}

const unchanged: Change = { what: 'who has the same rows', table: null, act: () => {} }

/** Of a table that stands in a statement twice every row goes alone, too: the other place may need the rest. */
function changesOf(db: Database, table: string, { tenantId, text }: Asked): Change[] {
  const owner = ownerIn(table)
  const remove =
    (where: string, ...values: readonly unknown[]) =>
    () =>
      void db.prepare(`delete from ${table} where ${owner} = ?${where}`).run(tenantId, ...values)
  const whole: Change[] = [
    {
      what: `who has all of ${table}`,
      table,
      act: remove(''),
      give: () => giveAway(db, table, tenantId),
    },
    { what: `whose ${table} say something else`, table, act: () => disturb(db, table, tenantId) },
  ]
  if (timesIn(text, table) < 2) return whole
  return [
    ...whole,
    ...newestKeys(db, table, tenantId, rowsAlone).map(([names, key]) => ({
      what: `who has a row of ${table}`,
      table,
      act: remove(` and (${names}) = (${key.map(() => '?').join(', ')})`, ...key),
    })),
  ]
}

/** How often rows of a table are read or written in a text; its name before a column does not count. */
export function timesIn(text: string, table: string): number {
  return text.match(new RegExp(String.raw`\b(from|join|into|update)\s+"?${table}\b`, 'g'))?.length ?? 0
}

function effectOf(db: Database, { text, values, tables, tenantId }: Asked): Effect {
  const statement = db.prepare(text)
  if (statement.readonly) return { own: linesOf(answerOf(() => statement.all(...values))), isTwinTouched: false }
  return within(db, () => {
    const before = new Map([tenantId, twin].map((owner) => [owner, rowsOf(db, tables, owner)]))
    const answer = answerOf(() => (statement.reader ? statement.all(...values) : [statement.run(...values).changes]))
    const doneTo = (owner: string) => {
      const [was, is] = [before.get(owner) ?? new Set(), rowsOf(db, tables, owner)]
      return [linesOf([...was.difference(is)]), linesOf([...is.difference(was)])]
    }
    return {
      own: `${linesOf(answer)}\n${JSON.stringify(doneTo(tenantId))}`,
      isTwinTouched: doneTo(twin).some((lines) => lines !== ''),
    }
  })
}

/** A refusal is an answer, too. */
function answerOf(ask: () => readonly unknown[]): readonly unknown[] {
  try {
    return ask()
  } catch (error) {
    return [String(error)]
  }
}

function linesOf(rows: readonly unknown[]): string {
  return rows
    .map((row) => JSON.stringify(row))
    .toSorted()
    .join('\n')
}
