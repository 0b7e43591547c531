import { setTimeout as wait } from 'node:timers/promises'
import { buildApp, type App } from './app.ts'
import { firstStart, type FirstStart } from './commands/first-start.ts'
import { ConfigError, readConfig, type Config } from './config.ts'
import { DatabaseUnavailable, type Db } from './db/db.ts'
import { lockDataDir, prepareDataDir, type DataDirLock } from './db/data-dir-lock.ts'
import { MigrationError } from './db/migrate.ts'
import { databaseLocation, openDatabase, prepareDatabase } from './db/open.ts'
import { openLog, type OpenLog } from './log.ts'
import type { MailSender } from './mail/mail.schema.ts'
import { releaseHeldMails } from './mail/outbox.service.ts'
import { installationKey } from './secrets/secret-key.ts'
import { signerFrom } from './secrets/signing.ts'
import { vaultFrom } from './secrets/vault.ts'
import { resolveTxt } from './domains/resolve-txt.ts'
import { tenantUrl } from './tenants/tenant-url.service.ts'
import { version } from './version.ts'

/** The exit code of a refusal to start (sysexits.h, EX_CONFIG). */
const exitConfig = 78
/** From the signal to the end, whatever happens. Security contract, 9.1. */
const stopMaxMs = 25_000
const repeatedSignalMs = 1_000

async function serve(): Promise<void> {
  const { config, secrets } = readConfig(process.env)
  const location = databaseLocation(config.dataDir, secrets)
  if (location.kind === 'sqlite') {
    prepareDataDir(config.dataDir)
    keepReferenced(lockDataDir(config.dataDir))
  }
  const key = installationKey(config, secrets)
  await prepareDatabase(location)
  const { log, closeLog } = openLog(config)
  const db = openDatabase(location, config.limits)
  const mail = secrets.smtpUrl === null ? null : await openMail(secrets.smtpUrl, config.mailFrom)
  const keys = { signer: signerFrom(key), vault: vaultFrom(key) }
  const app = await buildApp({ config, secrets, db, clock: () => new Date(), log, mail, ...keys, resolveTxt })
  await listen(app, config)
  // Only now: what the first start makes is shown once, so nothing after it may fail for a port that is taken.
  const started = await firstStart(db, config, secrets)
  if (mail !== null) await releaseHeldMails(db, new Date())
  app.startServing()
  app.dispatcher.start()
  app.dispatcher.wake()
  app.sealer.start()
  app.sweeper.start()
  // Whoever reads that the server is ready may stop it at once.
  stopOnSignal(app, db, config, closeLog, () => mail?.close())
  announce(app, config, started)
}

/** A server without mail does not load what sends it: 6 MB. */
async function openMail(url: string, from: string): Promise<MailSender> {
  const { smtpSender } = await import('./mail/mail-sender.ts')
  return smtpSender(url, from)
}

/** For the life of the process, or the lock would go with the garbage. */
function keepReferenced(lock: DataDirLock): void {
  process.once('exit', () => lock.release())
}

async function listen(app: App, { host, port }: Config): Promise<void> {
  try {
    await app.http.listen({ port, host, backlog: 4096 })
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    throw new ConfigError(
      `PORT is ${port} and HOST is ${host}, where the server cannot listen${reason}; stop what does, or choose others.`,
      { cause: error },
    )
  }
}

/** For people, on standard output, before the structured log goes on. */
function announce(app: App, config: Config, started: FirstStart | null): void {
  const address = app.http.server.address()
  const port = typeof address === 'object' && address !== null ? address.port : config.port
  const slug = config.defaultTenant ?? config.bootstrap.tenant
  const lines = [`Muster ${version} is ready: ${tenantUrl(config, port, slug)}`]
  if (started !== null) {
    const base = tenantUrl(config, port, config.bootstrap.tenant)
    lines.push('', `First admin, sign up here: ${base}/auth/accept-invite?token=${started.invitationToken}`)
    if (started.apiToken !== null) lines.push(`API token, shown this once:  ${started.apiToken}`)
  }
  process.stdout.write(`${lines.join('\n')}\n\n`)
}

function stopOnSignal(app: App, db: Db, config: Config, closeLog: OpenLog['closeLog'], closeMail: () => void): void {
  let stoppingSince = 0
  const stop = () => {
    if (stoppingSince > 0) {
      // Supervisors signal the whole group, and npm hands its signal on: the same stop arrives twice at once.
      // One that comes later is meant: the process ends, and nothing acknowledged is at risk.
      if (Date.now() - stoppingSince > repeatedSignalMs) void closeLog().then(() => process.exit(1))
      return
    }
    stoppingSince = Date.now()
    void drainAndStop(app, db, config.drainMs, closeMail)
      .then(
        () => closeLog(),
        (error: unknown) => closeLog().then(() => fail(error)),
      )
      .then(() => process.exit(0))
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

async function drainAndStop(app: App, db: Db, drainMs: number, closeMail: () => void): Promise<void> {
  const end = Date.now() + stopMaxMs
  const untilEnd = () => wait(Math.max(0, end - Date.now()))
  app.startDraining()
  // Workers claim nothing more from here on; what is under way goes on beside the requests.
  const delivered = app.dispatcher.stop()
  await wait(drainMs)
  const idle = setInterval(() => app.http.server.closeIdleConnections(), 250)
  const closing = app.http.close()
  await Promise.race([closing, untilEnd()])
  clearInterval(idle)
  app.http.server.closeAllConnections()
  // A mail server that hangs does not keep the process: another node sends the mail when the lease is over.
  await Promise.race([delivered.then(() => app.settle()), untilEnd()])
  closeMail()
  await db.engine.close()
}

function fail(error: unknown): never {
  if (error instanceof ConfigError || error instanceof MigrationError) {
    process.stderr.write(`muster: ${error.message}\n`)
    process.exit(exitConfig)
  }
  if (error instanceof DatabaseUnavailable) {
    process.stderr.write(`muster: ${error.message}\n`)
    process.exit(1)
  }
  process.stderr.write(`muster: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  process.exit(1)
}

serve().catch(fail)
