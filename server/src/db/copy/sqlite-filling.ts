import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import Connection from 'better-sqlite3'
import { migrateThrough, migrateToLatest } from '../migrate.ts'
import { withMigrationHandle } from '../open.ts'
import { quoted, TargetNotEmpty, type CopiedRow, type CopiedTable, type Filling } from './copy.ts'
import { listSqliteTables } from './sqlite-snapshot.ts'

/** Pages kept in memory while rows come in by the million, in KiB. */
const cacheKib = 256 * 1024
const companions = ['', '-wal', '-shm', '-journal']

/** Fills a file under another name, and gives it its own when it is whole. The caller holds the data directory. */
export async function openSqliteFilling(file: string, migrations: readonly string[]): Promise<Filling> {
  refuseRows(file)
  const draft = `${file}.restoring`
  remove(draft)
  await withMigrationHandle({ kind: 'sqlite', file: draft }, (db) => migrateThrough(db, migrations))
  const raw = new Connection(draft)
  // What goes wrong here is started anew from the backup: no journal, no waiting for the disk before the end.
  for (const pragma of ['journal_mode = off', 'synchronous = off', 'foreign_keys = off', `cache_size = -${cacheKib}`])
    raw.pragma(pragma)
  raw.exec('begin exclusive')
  const indexes = dropIndexes(raw)
  const inserting = new Map<string, Connection.Statement>()
  return {
    insert: async (table, rows) => insertRows(raw, inserting, table, rows),
    finish: async () => {
      for (const sql of indexes) raw.exec(sql)
      const [broken] = raw.pragma('foreign_key_check') as { table: string; parent: string }[] // SQLite's own columns
      if (broken !== undefined)
        throw new Error(`a row of ${broken.table} refers to one of ${broken.parent} that is not there`)
      raw.exec('commit')
      raw.close()
      await withMigrationHandle({ kind: 'sqlite', file: draft }, migrateToLatest)
      sync(draft)
      remove(file)
      renameSync(draft, file)
      sync(dirname(file))
    },
    abort: async () => {
      raw.close()
      remove(draft)
    },
  }
}

function refuseRows(file: string): void {
  if (!existsSync(file)) return
  const raw = new Connection(file)
  try {
    const filled = listSqliteTables(raw).find(
      ({ name }) => raw.prepare(`select 1 from ${quoted(name)} limit 1`).get() !== undefined,
    )
    if (filled !== undefined) throw new TargetNotEmpty(`${file} has rows in ${filled.name} already`)
  } finally {
    raw.close()
  }
}

/** Built at the end, an index is written once and in order; row by row, at a random place for each. */
function dropIndexes(raw: Connection.Database): string[] {
  const indexes = raw
    .prepare<[], { name: string; sql: string }>(
      `select name, sql from sqlite_master where type = 'index' and sql is not null`,
    )
    .all()
  for (const { name } of indexes) raw.exec(`drop index ${quoted(name)}`)
  return indexes.map(({ sql }) => sql)
}

function insertRows(
  raw: Connection.Database,
  prepared: Map<string, Connection.Statement>,
  table: CopiedTable,
  rows: readonly CopiedRow[],
): void {
  let statement = prepared.get(table.name)
  if (statement === undefined) {
    const columns = table.columns.map(({ name }) => quoted(name)).join(', ')
    const places = table.columns.map(() => '?').join(', ')
    statement = raw.prepare(`insert into ${quoted(table.name)} (${columns}) values (${places})`)
    prepared.set(table.name, statement)
  }
  for (const row of rows) statement.run(row)
}

function remove(file: string): void {
  for (const companion of companions) rmSync(file + companion, { force: true })
}

function sync(path: string): void {
  if (process.platform === 'win32') return
  const handle = openSync(path, 'r')
  fsyncSync(handle)
  closeSync(handle)
}
