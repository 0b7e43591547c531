import { createHash } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import { Readable, type Writable } from 'node:stream'
import { createGzip } from 'node:zlib'
import type { Snapshot } from '../db/copy/copy.ts'
import { version } from '../version.ts'
import { backupFormat, type BackupEnd, type BackupHeader, type TableStart, type TableSum } from './backup.schema.ts'

/** Rows of JSON shrink to a fifth at this level; more effort saves little more and takes twice the time. */
const compression = 3

interface Options {
  readonly createdAt: Date
  /** SQL behind the table's name for tables whose rows must come in an order. */
  readonly endings: Readonly<Record<string, readonly string[]>>
  readonly onProgress: (rows: number, table: string) => void
}

export interface Written {
  readonly header: BackupHeader
  readonly end: BackupEnd
}

/** Writes one state of a database, as fast as the file takes it. Memory does not grow with the database. */
export async function writeBackup(snapshot: Snapshot, file: Writable, options: Options): Promise<Written> {
  const header: BackupHeader = {
    muster: 'backup',
    format: backupFormat,
    version,
    database: snapshot.dialectName,
    createdAt: options.createdAt.toISOString(),
    migrations: snapshot.migrations,
  }
  const sums: Record<string, TableSum> = {}
  const text = Readable.from(lines(snapshot, { header, sums, options }), { objectMode: false })
  await pipeline(text, createGzip({ level: compression }), file)
  return { header, end: { end: true, tables: sums } }
}

interface Writing {
  readonly header: BackupHeader
  readonly sums: Record<string, TableSum>
  readonly options: Options
}

async function* lines(snapshot: Snapshot, { header, sums, options }: Writing): AsyncGenerator<string> {
  yield `${JSON.stringify(header)}\n`
  let total = 0
  for (const table of inOrder(snapshot, options)) {
    const start: TableStart = { table: table.name, columns: table.columns }
    yield `${JSON.stringify(start)}\n`
    const hash = createHash('sha256')
    let count = 0
    for await (const rows of snapshot.rows(table, options.endings[table.name])) {
      const text = rows.map((row) => `${JSON.stringify(row)}\n`).join('')
      hash.update(text)
      count += rows.length
      total += rows.length
      options.onProgress(total, table.name)
      yield text
    }
    sums[table.name] = { rows: count, sha256: hash.digest('hex') }
  }
  const end: BackupEnd = { end: true, tables: sums }
  yield `${JSON.stringify(end)}\n`
}

/** Tables with an order of their own come last: readers know by then what the rows are about. */
function inOrder({ tables }: Snapshot, { endings }: Options): Snapshot['tables'] {
  const isLast = ({ name }: { readonly name: string }) => endings[name] !== undefined
  return [...tables.filter((table) => !isLast(table)), ...tables.filter(isLast)]
}
