import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { DatabaseLocation } from '../server/src/db/open.ts'
import { limitRows } from '../server/src/limits/limits.ts'
import { tenantSlug } from './generate.ts'
import type { LimitLocation } from './limit-store.ts'
import type { Report, Wish } from './inside-server.ts'

export interface RunningServer {
  readonly name: 'muster' | 'limit'
  readonly port: number
  /** User and system time of all its threads so far. */
  cpuMs(): Promise<number>
  /** Memory it has in RAM now, mapped files included. */
  rssBytes(): Promise<number>
  /** From the start of the process to the line that says it is ready. */
  readonly readyMs: number
  startProfile(): Promise<void>
  stopProfile(file: string): Promise<void>
  stop(): Promise<void>
}

const root = fileURLToPath(new URL('..', import.meta.url))
const startMaxMs = 60_000
const readyPollMs = 5

interface MusterPlace {
  readonly location: DatabaseLocation
  readonly folder: string
}

/** Those of scripts/bootstrap.mjs. */
const serverFlags = ['--max-semi-space-size=2', '--heap-growing-percent=20', '--no-maglev']

/** As `npm start` does before the server: none that is measured strips types. */
export function fillCompileCache(): void {
  spawnSync(process.execPath, [...serverFlags, join(root, 'scripts/warm.mjs')], { stdio: 'ignore' })
}

/** The server as `npm start` runs it, in production mode, logging every request, to a file. */
export function startMuster(
  { location, folder }: MusterPlace,
  settings: Readonly<Record<string, string>> = {},
): Promise<RunningServer> {
  return start('muster', [...serverFlags, 'server/src/main.ts'], folder, {
    MALLOC_ARENA_MAX: '1',
    PORT: '0',
    MUSTER_DATA_DIR: folder,
    MUSTER_BOOTSTRAP_TENANT: tenantSlug,
    MUSTER_DRAIN_MS: '0',
    ...aboveTheLoad(),
    ...(location.kind === 'postgres'
      ? {
          DATABASE_URL: location.url,
          DATABASE_OWNER_URL: location.ownerUrl ?? '',
          MUSTER_SECRET_KEY: randomBytes(32).toString('base64url'),
        }
      : {}),
    ...settings,
  })
}

/** Every rate is on and none is reached, so that what it costs is measured. */
function aboveTheLoad(): Record<string, string> {
  const rows = limitRows.filter(({ variable }) => /^MUSTER_RATE_|^MUSTER_EVENT_LOOP/.test(variable))
  return Object.fromEntries(rows.map(({ variable, max }) => [variable, String(max)]))
}

interface LimitPlace {
  readonly limit: LimitLocation
  /** A record of somebody just invited: every insert writes one of this size. */
  readonly pendingDocument: string | null
  readonly folder: string
}

export function startLimit({ limit, pendingDocument, folder }: LimitPlace): Promise<RunningServer> {
  return start('limit', ['bench/limit-server.ts'], folder, {
    LIMIT_SETUP: JSON.stringify({ location: limit, pendingDocument }),
  })
}

async function start(
  name: RunningServer['name'],
  program: readonly string[],
  folder: string,
  env: Readonly<Record<string, string>>,
): Promise<RunningServer> {
  const logFile = join(folder, `${name}.log`)
  const log = openSync(logFile, 'w', 0o600)
  const started = performance.now()
  const inside = new URL('inside-server.ts', import.meta.url).href
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--import', inside, ...program], {
    cwd: root,
    env: { ...neutralEnvironment(), NODE_ENV: 'production', ...env },
    stdio: ['ignore', log, log, 'ipc'],
  })
  closeSync(log)
  const port = await readyPort(child, name, logFile)
  const readyMs = performance.now() - started
  const ask = asker(child)
  return {
    name,
    port,
    readyMs,
    cpuMs: async () => (await ask({ wish: 'usage' })).cpuMs,
    rssBytes: async () => (await ask({ wish: 'usage' })).rssBytes,
    startProfile: async () => void (await ask({ wish: 'start-profile' })),
    stopProfile: async (file) => void (await ask({ wish: 'stop-profile', file })),
    stop: () => stop(child),
  }
}

/** Settings of whoever runs this must not change what is measured. */
function neutralEnvironment(): NodeJS.ProcessEnv {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot', 'NODE_COMPILE_CACHE', 'LANG']
  return Object.fromEntries(
    kept.filter((name) => process.env[name] !== undefined).map((name) => [name, process.env[name]]),
  )
}

/** Both servers say where they listen in the first line they print. */
async function readyPort(child: ChildProcess, name: string, logFile: string): Promise<number> {
  for (let waited = 0; waited < startMaxMs; waited += readyPollMs) {
    const text = readFileSync(logFile, 'utf8')
    const port = /is ready: http:\/\/[^\s:]+:(\d+)/.exec(text)?.[1]
    if (port !== undefined) return Number(port)
    if (child.exitCode !== null)
      throw new Error(`${name} ended with exit code ${child.exitCode}:\n${text.slice(-2_000)}`)
    await wait(readyPollMs)
  }
  child.kill('SIGKILL')
  throw new Error(`${name} was not ready after ${startMaxMs / 1000} s:\n${readFileSync(logFile, 'utf8').slice(-2_000)}`)
}

/** One question at a time, answered over the child's own channel. */
function asker(child: ChildProcess): (wish: Wish) => Promise<Report> {
  return (wish) =>
    new Promise((resolve, reject) => {
      const onExit = () => reject(new Error('the server ended while it was measured'))
      child.once('exit', onExit)
      child.once('message', (report) => {
        child.off('exit', onExit)
        resolve(report as Report) // only inside-server.ts speaks on this channel
      })
      child.send(wish)
    })
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await ended
  clearTimeout(late)
}
