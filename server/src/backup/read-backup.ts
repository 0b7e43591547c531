import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { rowsPerBatch, type ColumnType, type CopiedRow, type CopiedTable } from '../db/copy/copy.ts'
import {
  backupFormat,
  BackupError,
  type BackupEnd,
  type BackupHeader,
  type BackupPart,
  type TableStart,
  type TableSum,
} from './backup.schema.ts'

/**
 * Reads a backup from its beginning to its end and holds it against its own sums; what was handed on before a difference
 * was found must not be kept.
 *
 * @throws BackupError where the file is no backup, or not as it was written
 */
export async function* readBackup(file: string): AsyncGenerator<BackupPart> {
  const reading = new Reading()
  for await (const lines of linesOf(file)) yield* reading.take(lines)
  if (!reading.hasEnded) throw new BackupError(`${file} is cut off: its last line is missing`)
}

/** Whole lines, as many as come at once. */
async function* linesOf(file: string): AsyncGenerator<string[]> {
  const input = createReadStream(file, { highWaterMark: 256 * 1024 })
  const gunzip = createGunzip({ chunkSize: 256 * 1024 })
  input.on('error', (error) => gunzip.destroy(error))
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let rest = ''
  try {
    for await (const chunk of input.pipe(gunzip) as AsyncIterable<Buffer>) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      if (lines.length > 0) yield lines
    }
    decoder.decode()
  } catch (error) {
    if (error instanceof BackupError) throw error
    throw new BackupError(`${file} cannot be read to its end: it is damaged, or no backup`, { cause: error })
  } finally {
    input.destroy()
  }
  if (rest !== '') throw new BackupError(`${file} is cut off in the middle of a line`)
}

interface OpenTable {
  readonly table: CopiedTable
  readonly hash: Hash
  rows: number
}

class Reading {
  #header: BackupHeader | undefined
  #open: OpenTable | undefined
  readonly #sums: Record<string, TableSum> = {}
  hasEnded = false

  /** What these lines hold, in their order. */
  take(lines: readonly string[]): BackupPart[] {
    const parts: BackupPart[] = []
    let rows: CopiedRow[] = []
    for (const line of lines) {
      if (line.startsWith('[') && this.#open !== undefined) {
        if (rows.length === 0 || rows.length === rowsPerBatch)
          parts.push({ kind: 'rows', table: this.#open.table, rows: (rows = []) })
        rows.push(this.#row(line, this.#open))
      } else {
        rows = []
        parts.push(...this.#mark(line))
      }
    }
    return parts
  }

  #row(line: string, open: OpenTable): CopiedRow {
    open.hash.update(`${line}\n`)
    open.rows += 1
    const row: unknown = parse(line)
    if (!Array.isArray(row) || row.length !== open.table.columns.length)
      throw new BackupError(`row ${open.rows} of ${open.table.name} has not as many values as the table has columns`)
    return row
  }

  /** A line that is no row. */
  #mark(line: string): BackupPart[] {
    const value: unknown = parse(line)
    if (this.hasEnded) throw new BackupError('the backup goes on behind its last line')
    if (this.#header === undefined) {
      this.#header = requireHeader(value)
      return [{ kind: 'header', header: this.#header }]
    }
    if (isTableStart(value)) {
      this.#closeTable()
      this.#open = { table: { name: value.table, columns: value.columns }, hash: createHash('sha256'), rows: 0 }
      return []
    }
    if (isEnd(value)) {
      this.#closeTable()
      this.#compare(value)
      this.hasEnded = true
      return [{ kind: 'end', end: value }]
    }
    throw new BackupError('the backup holds a line of no known kind')
  }

  #closeTable(): void {
    if (this.#open === undefined) return
    const { table, hash, rows } = this.#open
    this.#sums[table.name] = { rows, sha256: hash.digest('hex') }
    this.#open = undefined
  }

  #compare({ tables }: BackupEnd): void {
    const names = new Set([...Object.keys(tables), ...Object.keys(this.#sums)])
    for (const name of names) {
      const [wanted, found] = [tables[name], this.#sums[name]]
      if (wanted?.rows !== found?.rows)
        throw new BackupError(
          `the backup has ${found?.rows ?? 0} rows of ${name}; it was made with ${wanted?.rows ?? 0}`,
        )
      if (!isSame(wanted, found)) throw new BackupError(`the rows of ${name} are not those the backup was made with`)
    }
  }
}

/** A sum that everybody may read is no secret. */
function isSame(left: TableSum | undefined, right: TableSum | undefined): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (error) {
    throw new BackupError('the backup holds a line that is not JSON', { cause: error })
  }
}

function requireHeader(value: unknown): BackupHeader {
  const header = { muster: undefined, format: undefined, migrations: undefined, ...(value as object) }
  if (header.muster !== 'backup' || !Array.isArray(header.migrations))
    throw new BackupError('the file is no backup of Muster')
  if (header.format !== backupFormat)
    throw new BackupError(`the backup has the format ${String(header.format)}; this version reads ${backupFormat}`)
  return header as unknown as BackupHeader // the rest is information for people
}

const columnTypes: readonly string[] = ['text', 'integer', 'real'] satisfies ColumnType[]

function isTableStart(value: unknown): value is TableStart {
  return (
    typeof value === 'object' &&
    value !== null &&
    'table' in value &&
    typeof value.table === 'string' &&
    'columns' in value &&
    Array.isArray(value.columns) &&
    value.columns.every((column) => typeof column.name === 'string' && columnTypes.includes(column.type))
  )
}

function isEnd(value: unknown): value is BackupEnd {
  return typeof value === 'object' && value !== null && 'end' in value && 'tables' in value
}
