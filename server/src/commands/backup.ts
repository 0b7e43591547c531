import { statSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { BackupError } from '../backup/backup.schema.ts'
import { createBackup, restoreBackup, verifyBackup } from '../backup/backup.service.ts'
import { TargetNotEmpty } from '../db/copy/copy.ts'
import { lockDataDir, prepareDataDir } from '../db/data-dir-lock.ts'
import { openDatabase } from '../db/open.ts'
import { installationSigner } from '../secrets/installation-signer.ts'
import { createNewFile } from './new-file.ts'
import { Progress } from './progress.ts'
import { Refused } from './refused.ts'
import { describe, verifyTenants } from './verify-audit.ts'
import { print, readEnvironment } from './with-database.ts'

export function addBackupCommands(program: Command): void {
  const backup = program
    .command('backup')
    .description('write everything the database holds into a new file, while the server runs')
    .argument('<file>', 'a file that does not exist yet; only its owner may read it')
    .addOption(new Option('--json', 'print one JSON value on standard output').default(false))
    .action(create)
  backup
    .command('verify')
    .description('read a backup to its end: is it whole and unchanged, and do the audit chains in it hold?')
    .argument('<file>')
    .action(verify)
  program
    .command('restore')
    .description('fill an empty database from a backup of either kind of database; ends with audit verify')
    .argument('<file>')
    .action(restore)
}

function progressOf(what: string): (rows: number, table: string) => void {
  const progress = new Progress(what)
  return (rows, table) => progress.report(() => `${rows} rows, ${table}`)
}

async function create(file: string, _options: unknown, command: Command): Promise<void> {
  const { location } = readEnvironment()
  const { header, end } = await createNewFile(file, (stream) =>
    createBackup(location, stream, { now: new Date(), onProgress: progressOf('backup') }),
  )
  const { size: bytes } = statSync(file)
  print(command, { file, bytes, ...header, ...counted(end.tables) }, [
    `${file}: ${counted(end.tables).rows} rows, ${bytes} bytes. It holds personal data and open invitation links.`,
  ])
}

async function verify(file: string, _options: unknown, command: Command): Promise<void> {
  const { header, tables, chains, unsealed } = await named(verifyBackup(file, progressOf('verify')))
  const broken = chains.filter(({ problems }) => problems.length > 0)
  const isOk = broken.length === 0
  print(command, { ok: isOk, file, ...header, ...counted(tables), chains, unsealed }, [
    `${file} of ${header.createdAt}, Muster ${header.version} on ${header.database}: whole and unchanged, ${counted(tables).rows} rows`,
    ...chains.map(
      ({ tenantId, events, problems }) => `${tenantId}\t${problems.length === 0 ? 'ok' : 'BROKEN'}\t${events} events`,
    ),
    ...broken.flatMap(({ tenantId, problems }) => problems.map((text) => `${tenantId}\tproblem\t${text}`)),
  ])
  if (!isOk) throw new Refused('an audit chain in the backup does not verify')
}

async function restore(file: string, _options: unknown, command: Command): Promise<void> {
  const { config, secrets, location } = readEnvironment()
  if (location.kind === 'sqlite') prepareDataDir(config.dataDir)
  const lock = location.kind === 'sqlite' ? lockDataDir(config.dataDir) : null
  try {
    const { header, tables } = await named(restoreBackup(location, file, progressOf('restore')))
    const signer = installationSigner(config, secrets)
    const db = openDatabase(location)
    try {
      const trustedKeys = signer === null ? [] : [signer.publicKey]
      const audit = await verifyTenants(db, { slug: null, checkpoints: [], trustedKeys })
      print(command, { ok: audit.ok, createdAt: header.createdAt, ...counted(tables), audit }, [
        `Restored ${counted(tables).rows} rows of ${header.createdAt}.`,
        ...describe(audit),
      ])
      if (!audit.ok) throw new Refused('everything was restored, and the audit log in it does not verify')
    } finally {
      await db.engine.close()
    }
  } finally {
    lock?.release()
  }
}

/** What the backup itself, or what is there already, stands against. */
async function named<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof TargetNotEmpty)
      throw new Refused(`${error.message}; nothing is ever overwritten.`, { cause: error })
    if (error instanceof BackupError) throw new Refused(error.message, { cause: error })
    throw error
  }
}

function counted(tables: Readonly<Record<string, { readonly rows: number }>>) {
  const counts = Object.fromEntries(Object.entries(tables).map(([name, { rows }]) => [name, rows]))
  return { rows: Object.values(counts).reduce((sum, rows) => sum + rows, 0), tables: counts }
}
