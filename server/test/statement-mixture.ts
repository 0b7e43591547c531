import Connection, { type Database } from 'better-sqlite3'

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

const twin = 'twin'

/** A file in memory of the same rows, uncommitted ones included, in which rows may be given away: nothing checks or follows. */
export function copyOf(database: Database): Database {
  const bytes = database.serialize()
  // "Read and written without a write-ahead log", as a file in memory has to be.
  bytes.fill(1, 18, 20)
  const copy = new Connection(bytes)
  copy.pragma('foreign_keys = off')
  copy.pragma('ignore_check_constraints = on')
  for (const name of namesOf(copy, 'trigger')) copy.exec(`drop trigger "${name}"`)
  return copy
}

export function namesOf(db: Database, type: 'table' | 'trigger'): string[] {
  return db.prepare<[string], string>('select name from sqlite_master where type = ?').pluck().all(type)
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
    const mixture = mixtureOf(alone, beside) ?? (change.give === undefined ? null : mixtureOf(alone, given(db, asked, change.give)))
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
  const remove = (where: string, ...values: readonly unknown[]) => () =>
    void db.prepare(`delete from ${table} where ${owner} = ?${where}`).run(tenantId, ...values)
  const whole: Change[] = [
    {
      what: `who has all of ${table}`,
      table,
      act: remove(''),
      give: () => void db.prepare(`update ${table} set ${owner} = '${twin}' where ${owner} = ?`).run(tenantId),
    },
    { what: `whose ${table} say something else`, table, act: () => disturb(db, table, tenantId) },
  ]
  if (timesIn(text, table) < 2) return whole
  return [...whole, ...newestKeys(db, table, tenantId).map(([names, key]) => ({
    what: `who has a row of ${table}`,
    table,
    act: remove(` and (${names}) = (${key.map(() => '?').join(', ')})`, ...key),
  }))]
}

/** What the newest rows are known by, beside their tenant: names of columns, and values. */
function newestKeys(db: Database, table: string, tenantId: string): [string, readonly unknown[]][] {
  const owner = ownerIn(table)
  const columns = db.prepare<[], { name: string; pk: number }>(`pragma table_info(${table})`).all()
  const names = columns.filter(({ name, pk }) => pk > 0 && name !== owner).map(({ name }) => `"${name}"`)
  if (names.length === 0) return []
  const newest = `select ${names.join(', ')} from ${table} where ${owner} = ? order by ${names.map((name) => `${name} desc`).join(', ')} limit ${rowsAlone}`
  const rows = db.prepare<[string], unknown[]>(newest).raw().all(tenantId)
  return rows.map((row) => [names.join(', '), row])
}

const rowsAlone = 12

/** How often rows of a table are read or written in a text; its name before a column does not count. */
export function timesIn(text: string, table: string): number {
  return text.match(new RegExp(String.raw`\b(from|join|into|update)\s+"?${table}\b`, 'g'))?.length ?? 0
}

/** Makes every value another one, and leaves the keys and what refers to other rows. */
function disturb(db: Database, table: string, tenantId: string): void {
  const referring = db.prepare<[], { from: string }>(`pragma foreign_key_list(${table})`).all()
  const kept = new Set(referring.map(({ from }) => from))
  const columns = db.prepare<[], { name: string; type: string; pk: number }>(`pragma table_info(${table})`).all()
  const owner = ownerIn(table)
  for (const { name, pk, type } of columns) {
    if (pk > 0 || name === owner || kept.has(name) || name === 'seq') continue
    const flags = `not exists (select 1 from ${table} where "${name}" not in (0, 1))`
    const number = `case when ${flags} then 1 - "${name}" else "${name}" + 1 end`
    const value = /text/i.test(type) ? `"${name}" || '~'` : number
    try {
      db.prepare(`update ${table} set "${name}" = ${value} where ${owner} = ?`).run(tenantId)
    } catch {
      // No two rows may have the same, and in between two would.
    }
  }
}

function ownerIn(table: string): string {
  return table === 'tenants' ? 'id' : 'tenant_id'
}

/** Copies all rows of a tenant, with other values only where two rows of the database cannot have the same. */
function addTwin(db: Database, table: string, tenantId: string): void {
  const owner = ownerIn(table)
  const columns = db.prepare<[], { name: string; type: string; pk: number }>(`pragma table_info(${table})`).all()
  const keys = db.prepare<[], { name: string; unique: number }>(`pragma index_list(${table})`).all()
  const alone = new Set(
    keys
      .filter(({ unique }) => unique === 1)
      .map(({ name }) => db.prepare<[], { name: string }>(`pragma index_info("${name}")`).all())
      .map((parts) => parts.map(({ name }) => name))
      .filter((names) => !names.includes(owner))
      .flat(),
  )
  const isNumbered = columns.filter(({ pk }) => pk > 0).length === 1
  const copied = columns.filter(({ type, pk }) => !(isNumbered && pk > 0 && type.toLowerCase() === 'integer'))
  const values = copied.map(({ name }) => {
    if (name === owner) return `'${twin}'`
    return alone.has(name) ? `"${name}" || ' of the twin'` : `"${name}"`
  })
  const names = copied.map(({ name }) => `"${name}"`)
  db.prepare(
    `insert into ${table} (${names.join(', ')}) select ${values.join(', ')} from ${table} where ${owner} = ?`,
  ).run(tenantId)
}

function effectOf(db: Database, { text, values, tables, tenantId }: Asked): Effect {
  const statement = db.prepare(text)
  if (statement.readonly) return { own: linesOf(answerOf(() => statement.all(...values))), isTwinTouched: false }
  return within(db, () => {
    const before = new Map([tenantId, twin].map((owner) => [owner, rowsOf(db, tables, owner)]))
    const answer = answerOf(() => (statement.reader ? statement.all(...values) : [statement.run(...values).changes]))
    const doneTo = (owner: string) => {
      const [was, is] = [before.get(owner) ?? new Set(), rowsOf(db, tables, owner)]
      return [[...was.difference(is)].toSorted(), [...is.difference(was)].toSorted()]
    }
    return {
      own: `${linesOf(answer)}\n${JSON.stringify(doneTo(tenantId))}`,
      isTwinTouched: doneTo(twin).flat().length > 0,
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

function rowsOf(db: Database, tables: readonly string[], owner: string): Set<string> {
  return new Set(
    tables.flatMap((table) => {
      const rows = db.prepare(`select * from ${table} where ${ownerIn(table)} = ?`).all(owner)
      return rows.map((row) => `${table} ${JSON.stringify(row)}`)
    }),
  )
}

/** What happens inside is as if it had not been. */
function within<T>(db: Database, act: () => T): T {
  db.exec('savepoint looking')
  try {
    return act()
  } finally {
    db.exec('rollback to looking; release looking')
  }
}
