import type { Writable } from 'node:stream'
import { ChainsCheck } from '../audit-chain/chain-rows-rules.ts'
import { openFilling, openSnapshot } from '../db/copy/open-copy.ts'
import type { CopiedRow, CopiedTable, Filling } from '../db/copy/copy.ts'
import type { DatabaseLocation } from '../db/open.ts'
import { BackupError, type BackupEnd, type BackupHeader } from './backup.schema.ts'
import { readBackup } from './read-backup.ts'
import { writeBackup, type Written } from './write-backup.ts'

type OnProgress = (rows: number, table: string) => void

/** Events come in the order of their chains, so that whoever reads them can check those at once. */
const endings = { events: ['where seq > 0 order by tenant_id, seq', 'where seq = 0'] }

/**
 * Writes everything the database holds at this moment, while servers go on.
 *
 * @source contract/security-and-reliability.md, 10.2 and F-16
 */
export async function createBackup(
  location: DatabaseLocation,
  file: Writable,
  { now, onProgress }: { readonly now: Date; readonly onProgress: OnProgress },
): Promise<Written> {
  const snapshot = await openSnapshot(location)
  try {
    return await writeBackup(snapshot, file, { createdAt: now, endings, onProgress })
  } finally {
    await snapshot.close()
  }
}

export interface BackupReport {
  readonly header: BackupHeader
  readonly tables: BackupEnd['tables']
  /** By tenant id: events in the chain, and what is wrong with it. */
  readonly chains: readonly {
    readonly tenantId: string
    readonly events: number
    readonly problems: readonly string[]
  }[]
  readonly unsealed: number
}

/**
 * Reads a backup to its end: is it whole and unchanged, and does every tenant's audit chain hold?
 *
 * @throws BackupError where it is not
 */
export async function verifyBackup(file: string, onProgress: OnProgress): Promise<BackupReport> {
  const chains = new ChainsCheck()
  const { header, end } = await readParts(file, onProgress, {
    header: async () => {},
    rows: async (table, rows) => {
      const columns = table.columns.map(({ name }) => name)
      if (table.name === 'audit_checkpoints') chains.addCheckpoints({ columns, rows })
      // Those of a release before the chain have no place in one.
      if (table.name === 'events' && columns.includes('seq')) chains.addEvents({ columns, rows })
    },
  })
  const found = [...chains.finish()].map(([tenantId, { events, problems }]) => ({
    tenantId,
    events,
    problems: problems.map(({ text }) => text),
  }))
  return { header, tables: end.tables, chains: found, unsealed: chains.unsealed }
}

/**
 * Fills a database that is empty or not there from a backup of either kind of database. All of it is there at the end, or
 * nothing: also when the backup turns out to be damaged at its last line, or the process is killed.
 *
 * @throws BackupError · TargetNotEmpty · MigrationError
 */
export async function restoreBackup(
  location: DatabaseLocation,
  file: string,
  onProgress: OnProgress,
): Promise<{ readonly header: BackupHeader; readonly tables: BackupEnd['tables'] }> {
  let filling: Filling | undefined
  try {
    const { header, end } = await readParts(file, onProgress, {
      header: async ({ migrations }) => {
        filling = await openFilling(location, migrations)
      },
      rows: async (table, rows) => filling?.insert(table, rows),
    })
    await filling?.finish()
    return { header, tables: end.tables }
  } catch (error) {
    await filling?.abort()
    throw error
  }
}

interface Receiver {
  header(header: BackupHeader): Promise<void>
  rows(table: CopiedTable, rows: readonly CopiedRow[]): Promise<void>
}

async function readParts(
  file: string,
  onProgress: OnProgress,
  receiver: Receiver,
): Promise<{ header: BackupHeader; end: BackupEnd }> {
  let header: BackupHeader | undefined
  let end: BackupEnd | undefined
  let total = 0
  for await (const part of readBackup(file)) {
    if (part.kind === 'header') await receiver.header((header = part.header))
    else if (part.kind === 'end') end = part.end
    else {
      await receiver.rows(part.table, part.rows)
      total += part.rows.length
      onProgress(total, part.table.name)
    }
  }
  if (header === undefined || end === undefined) throw new BackupError(`${file} is empty`)
  return { header, end }
}
