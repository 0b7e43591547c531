import { chmodSync, mkdirSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { buildApp, type App } from './app.ts'
import { firstStart, type FirstStart } from './commands/first-start.ts'
import { ConfigError, readConfig, type Config } from './config.ts'
import type { Db } from './db/db.ts'
import { lockDataDir } from './db/data-dir-lock.ts'
import { MigrationError } from './db/migrate.ts'
import { databaseLocation, migrateDatabase, openDatabase } from './db/open.ts'
import { createLog } from './log.ts'
import { smtpSender } from './mail/mail-sender.ts'
import { releaseHeldMails } from './mail/outbox.service.ts'
import { tenantUrl } from './tenants/tenant-url.ts'
import { version } from './version.ts'

/** The exit code of a refusal to start (sysexits.h, EX_CONFIG). */
const exitConfig = 78
/** From the signal to the end, whatever happens. Security contract, 9.1. */
const stopMaxMs = 25_000

async function serve(): Promise<void> {
  const { config, secrets } = readConfig(process.env)
  const location = databaseLocation(config.dataDir, secrets.databaseUrl)
  if (location.kind === 'sqlite') {
    mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
    chmodSync(config.dataDir, 0o700)
    lockDataDir(config.dataDir)
  }
  await migrateDatabase(location)
  const log = createLog(config.mode)
  const db = openDatabase(location)
  const mail = secrets.smtpUrl === null ? null : smtpSender(secrets.smtpUrl, config.mailFrom)
  const started = await firstStart(db, config, secrets)
  const app = await buildApp({ config, secrets, db, clock: () => new Date(), log, mail })
  await app.http.listen({ port: config.port, host: config.host, backlog: 4096 })
  if (mail !== null) await releaseHeldMails(db, new Date())
  app.dispatcher.start()
  app.dispatcher.wake()
  announce(app, config, started)
  stopOnSignal(app, db, config, () => mail?.close())
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

function stopOnSignal(app: App, db: Db, config: Config, closeMail: () => void): void {
  let isStopping = false
  const stop = () => {
    // A second signal ends the process at once: nothing acknowledged is at risk.
    if (isStopping) process.exit(1)
    isStopping = true
    void drainAndStop(app, db, config.drainMs, closeMail).then(() => process.exit(0), (error: unknown) => fail(error))
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

async function drainAndStop(app: App, db: Db, drainMs: number, closeMail: () => void): Promise<void> {
  const end = Date.now() + stopMaxMs
  app.startDraining()
  await wait(drainMs)
  const idle = setInterval(() => app.http.server.closeIdleConnections(), 250)
  const closing = app.http.close()
  await Promise.race([closing, wait(Math.max(0, end - Date.now()))])
  clearInterval(idle)
  app.http.server.closeAllConnections()
  await app.settle()
  closeMail()
  await db.engine.close()
}

function fail(error: unknown): never {
  if (error instanceof ConfigError || error instanceof MigrationError) {
    process.stderr.write(`muster: ${error.message}\n`)
    process.exit(exitConfig)
  }
  process.stderr.write(`muster: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  process.exit(1)
}

serve().catch(fail)
