import { createReadStream, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { type Command, InvalidArgumentError } from 'commander'
import { readCheckpoints, type Checkpoint } from '../audit-chain/checkpoint-rules.ts'
import { erasePersonalData, findErasable } from '../audit-chain/erasure.service.ts'
import { readRange } from '../audit-chain/export-range-rules.ts'
import { openExport, takeCheckpoint } from '../audit-chain/export.service.ts'
import type { Sealing } from '../audit-chain/sealing.service.ts'
import { verifyExport } from '../audit-chain/verify-export.service.ts'
import type { Db } from '../db/db.ts'
import { ApiError } from '../errors/api-error.ts'
import { installationSigner } from '../secrets/installation-signer.ts'
import { readPublicKey } from '../secrets/signing.ts'
import { createNewFile } from './new-file.ts'
import { Refused } from './refused.ts'
import { print, readEnvironment, withTenant, type Environment } from './with-database.ts'
import { verifyAudit } from './verify-audit.ts'

export function addAuditCommands(program: Command): void {
  const audit = program.command('audit').description('the audit log: verify, export, sign, erase personal data')
  audit
    .command('verify')
    .description(
      'find what was changed, removed, swapped or inserted since it was sealed; ends with 3 when there is anything',
    )
    .option('--tenant <slug>', 'one tenant; all of them unless given')
    .option('--checkpoint <file>', 'checkpoints kept elsewhere: one per line, an export, or a log of the server')
    .option('--export <file>', 'verify this export instead of the database')
    .option('--key <file>', 'a public key to trust beside this server’s own; may be given several times', collect, [])
    .action(verify)
  audit
    .command('export')
    .description('a gapless part of a tenant’s log as lines of JSON, signed at its end')
    .requiredOption('--tenant <slug>')
    .option('--from <time>', 'a day (2026-01-31) or an instant (2026-01-31T12:00:00Z), inclusive')
    .option('--to <time>', 'a day, inclusive, or an instant, exclusive')
    .option('--from-seq <n>', 'first place in the chain', parseSeq)
    .option('--to-seq <n>', 'last place in the chain, inclusive', parseSeq)
    .option('--output <file>', 'a new file, instead of standard output')
    .action(exportLog)
  audit
    .command('checkpoint')
    .description('sign how far a tenant’s log has come; keep it elsewhere')
    .requiredOption('--tenant <slug>')
    .action(checkpoint)
  audit
    .command('erase')
    .description('erase what is personal about a deleted user in the events, for good; the chain stays valid')
    .requiredOption('--tenant <slug>')
    .requiredOption('--user <user>', 'id, or the name or address the user had')
    .action(erase)
}

interface VerifyOptions {
  readonly tenant?: string
  readonly checkpoint?: string
  readonly export?: string
  readonly key: readonly string[]
}

async function verify(options: VerifyOptions, command: Command): Promise<void> {
  const { config, secrets } = readEnvironment()
  const own = installationSigner(config, secrets)
  const trustedKeys = [...(own === null ? [] : [own.publicKey]), ...options.key.map(readKeyFile)]
  if (options.export !== undefined) return verifyExportFile(options.export, trustedKeys, command)
  const checkpoints = options.checkpoint === undefined ? [] : await readCheckpointFile(options.checkpoint)
  await verifyAudit({ slug: options.tenant ?? null, checkpoints, trustedKeys, command })
}

async function verifyExportFile(file: string, trustedKeys: readonly string[], command: Command): Promise<void> {
  const report = await verifyExport(linesOf(file), trustedKeys)
  const isOk = report.problemCount === 0
  const events = `events ${report.fromSeq} to ${report.toSeq} of tenant ${report.tenantId}`
  const lines = isOk ? [`whole and unchanged: ${events}`] : report.problems.map(({ text }) => text)
  print(command, { ok: isOk, ...report }, lines)
  if (!isOk) throw new Refused(`${file} does not verify: ${report.problemCount} problems`)
}

interface ExportOptions {
  readonly tenant: string
  readonly from?: string
  readonly to?: string
  readonly fromSeq?: number
  readonly toSeq?: number
  readonly output?: string
}

async function exportLog(options: ExportOptions): Promise<void> {
  const { from = null, to = null, fromSeq = null, toSeq = null, output } = options
  const range = readRange({ from, to, fromSeq, toSeq })
  await withTenant(options.tenant, async (ctx, _tenant, environment) => {
    const lines = Readable.from(await openExport(ctx, sealingOf(ctx.db, environment), range))
    if (output === undefined) return pipeline(lines, process.stdout, { end: false })
    return createNewFile(output, (file) => pipeline(lines, file))
  })
}

async function checkpoint({ tenant }: { readonly tenant: string }, command: Command): Promise<void> {
  const taken = await withTenant(tenant, (ctx, _tenant, environment) =>
    takeCheckpoint(ctx, sealingOf(ctx.db, environment)),
  )
  // One line for a file of checkpoints, with --json or without.
  print(command, taken, taken === null ? [] : [JSON.stringify(taken)])
}

interface EraseOptions {
  readonly tenant: string
  readonly user: string
}

async function erase({ tenant, user }: EraseOptions, command: Command): Promise<void> {
  const { userId, parts, isScrubbed } = await withTenant(tenant, async (ctx, _tenant, environment) => {
    const [userId = user, ...others] = await findErasable(ctx, user)
    if (others.length > 0) {
      throw new ApiError('user_exists', {
        detail: `Several deleted users were called "${user}"; name one by id: ${[userId, ...others].join(', ')}.`,
      })
    }
    return { userId, ...(await erasePersonalData(ctx, sealingOf(ctx.db, environment), userId)) }
  })
  print(command, { userId, parts, isScrubbed }, [
    parts === 0 ? `Nothing personal was left of ${userId}.` : `Erased what was personal in ${parts} places of events.`,
    ...(isScrubbed
      ? []
      : ['The database’s log still holds remains until it is written anew; run the command again to see to it.']),
  ])
}

function sealingOf(db: Db, { config, secrets }: Environment): Sealing {
  return { db, clock: () => new Date(), signer: installationSigner(config, secrets) }
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const input = createReadStream(file)
  await new Promise<void>((resolve, reject) => input.once('open', () => resolve()).once('error', reject)).catch(
    (error: unknown) => {
      throw unreadable(file, error)
    },
  )
  yield* createInterface({ input, crlfDelay: Infinity })
}

const wholeFileMaxLines = 1_000

/** Line by line, so that an export or log of any size will do; a short file may be one JSON value over several lines. */
async function readCheckpointFile(file: string): Promise<Checkpoint[]> {
  const found: Checkpoint[] = []
  const lines: string[] = []
  for await (const line of linesOf(file)) {
    found.push(...readCheckpoints(line))
    if (lines.length < wholeFileMaxLines) lines.push(line)
  }
  const checkpoints = found.length > 0 ? found : readCheckpoints(lines.join('\n'))
  if (checkpoints.length === 0) throw new ApiError('invalid_request', { detail: `${file} holds no checkpoint.` })
  return checkpoints
}

function readKeyFile(file: string): string {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw unreadable(file, error)
  }
  const key = readPublicKey(text)
  if (key === undefined) throw new ApiError('invalid_request', { detail: `${file} holds no Ed25519 public key.` })
  return key
}

function unreadable(file: string, cause: unknown): ApiError {
  return new ApiError('invalid_request', { detail: `${file} cannot be read.`, cause })
}

function collect(value: string, all: readonly string[]): string[] {
  return [...all, value]
}

function parseSeq(text: string): number {
  const seq = /^[0-9]{1,9}$/.test(text) ? Number(text) : 0
  if (seq < 1) throw new InvalidArgumentError('must be a whole number from 1')
  return seq
}
