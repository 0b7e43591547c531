import Connection, { type Database } from 'better-sqlite3'

/** The other tenant of every copy. */
export const twin = 'twin'

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

export function ownerIn(table: string): string {
  return table === 'tenants' ? 'id' : 'tenant_id'
}

interface Column {
  readonly name: string
  readonly type: string
  /** Its place in the primary key, from 1 on; else 0. */
  readonly pk: number
}

function columnsOf(db: Database, table: string): Column[] {
  return db.prepare<[], Column>(`pragma table_info(${table})`).all()
}

/** Copies all rows of a tenant, with other values only where two rows of the database cannot have the same. */
export function addTwin(db: Database, table: string, tenantId: string): void {
  const owner = ownerIn(table)
  const columns = columnsOf(db, table)
  const alone = uniqueOverAll(db, table)
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

/** Columns of which no two rows of the database may have the same, whosever they are. */
function uniqueOverAll(db: Database, table: string): Set<string> {
  const owner = ownerIn(table)
  const indexes = db.prepare<[], { name: string; unique: number }>(`pragma index_list(${table})`).all()
  const keys = indexes
    .filter(({ unique }) => unique === 1)
    .map(({ name }) => db.prepare<[], { name: string }>(`pragma index_info("${name}")`).all())
    .map((parts) => parts.map(({ name }) => name))
  return new Set(keys.filter((names) => !names.includes(owner)).flat())
}

/** Gives all rows of a tenant to the other one. */
export function giveAway(db: Database, table: string, tenantId: string): void {
  const owner = ownerIn(table)
  db.prepare(`update ${table} set ${owner} = '${twin}' where ${owner} = ?`).run(tenantId)
}

/** Makes every value another one, and leaves the keys and what refers to other rows. */
export function disturb(db: Database, table: string, tenantId: string): void {
  const referring = db.prepare<[], { from: string }>(`pragma foreign_key_list(${table})`).all()
  const kept = new Set(referring.map(({ from }) => from))
  const owner = ownerIn(table)
  for (const { name, pk, type } of columnsOf(db, table)) {
    if (pk > 0 || name === owner || kept.has(name) || name === 'id' || name === 'seq') continue
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

/** What the newest rows are known by, beside their tenant: names of columns, and values. */
export function newestKeys(db: Database, table: string, tenantId: string, max: number): [string, readonly unknown[]][] {
  const owner = ownerIn(table)
  const names = columnsOf(db, table)
    .filter(({ name, pk }) => pk > 0 && name !== owner)
    .map(({ name }) => `"${name}"`)
  if (names.length === 0) return []
  const order = names.map((name) => `${name} desc`)
  const text = `select ${names.join(', ')} from ${table} where ${owner} = ? order by ${order.join(', ')} limit ?`
  const rows = db.prepare<[string, number], unknown[]>(text).raw().all(tenantId, max)
  return rows.map((row) => [names.join(', '), row])
}

export function rowsOf(db: Database, tables: readonly string[], owner: string): Set<string> {
  return new Set(
    tables.flatMap((table) => {
      const rows = db.prepare(`select * from ${table} where ${ownerIn(table)} = ?`).all(owner)
      return rows.map((row) => `${table} ${JSON.stringify(row)}`)
    }),
  )
}

/** What happens inside is as if it had not been. */
export function within<T>(db: Database, act: () => T): T {
  db.exec('savepoint looking')
  try {
    return act()
  } finally {
    db.exec('rollback to looking; release looking')
  }
}
