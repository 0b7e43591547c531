import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { limitsOff } from '../../../test/limits-off.ts'
import { openTestDatabase, usesPostgres } from '../../../test/test-database.ts'
import type { Db } from '../../db/db.ts'
import { openDatabase, type DatabaseLocation } from '../../db/open.ts'

const source = join(import.meta.dirname, '../..')
/** The one `npm` uses too: a warm start takes half the time. */
const compileCache = join(source, '../../node_modules/.cache/node-compile-cache')

/** One for all processes of a database, as nodes share it. */
const secretKey = randomBytes(32).toString('base64url')

/** A data directory of its own, and on PostgreSQL a database of its own; dispose with `await using`. */
export interface Home extends AsyncDisposable {
  readonly folder: string
  /** The settings that lead a process there. */
  readonly env: Readonly<Record<string, string>>
}

/** @param onPostgres as the test run has it unless given */
export async function makeHome(onPostgres = usesPostgres): Promise<Home> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-home-'))
  const database = onPostgres ? await openTestDatabase() : null
  const place = database?.location
  const url =
    place?.kind === 'postgres'
      ? { DATABASE_URL: place.url, DATABASE_OWNER_URL: place.ownerUrl ?? '', MUSTER_SECRET_KEY: secretKey }
      : {}
  return {
    folder,
    env: { MUSTER_DATA_DIR: join(folder, 'data'), ...url },
    async [Symbol.asyncDispose]() {
      await database?.[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Where the database of a home is, with the rows of all tenants in sight. */
export function placeOf({ folder, env }: Home): DatabaseLocation {
  const url = env['DATABASE_OWNER_URL']
  return url === undefined
    ? { kind: 'sqlite', file: join(folder, 'data', 'muster.db') }
    : { kind: 'postgres', url, ownerUrl: url }
}

/** The database of a home, seen from the test's own process; close it. */
export function openHome(home: Home): Db {
  return openDatabase(placeOf(home))
}

/** Only what a process needs: nothing of the test run's own environment leaks in. */
function environment(env: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { PATH = '', HOME = '', NODE_COMPILE_CACHE = compileCache } = process.env
  return { PATH, HOME, NODE_COMPILE_CACHE, NODE_NO_WARNINGS: '1', ...env }
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

function start(file: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [join(source, file), ...args], {
    env: environment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].on('data', (chunk: Buffer) => (output[stream] += chunk.toString('utf8')))
  const ended = once(child, 'close').then(([code, signal]): Ended => ({ code, signal, ...output }))
  return { child, output, ended }
}

/** Runs `muster-server` to its end. */
export function runCommand(
  home: Pick<Home, 'env'>,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return start('commands/muster-server.ts', args, { ...home.env, ...env }).ended
}

/** Runs the server where it is not expected to start. */
export function runServer(env: Readonly<Record<string, string>>): Promise<Ended> {
  return start('main.ts', [], { PORT: '0', ...env }).ended
}

/** A port nobody listens on at this moment. */
async function freePort(): Promise<number> {
  await using taken = await takePort()
  return taken.port
}

/** A port somebody listens on, until it is disposed. */
export async function takePort(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}

/** A server in a process of its own. */
export interface RunningServer extends AsyncDisposable {
  readonly port: number
  readonly output: { readonly stdout: string; readonly stderr: string }
  readonly ended: Promise<Ended>
  kill(signal: NodeJS.Signals): void
  /** Nobody reads its standard output from here on. */
  hangUp(): void
  /** Until standard output holds this. */
  printed(pattern: RegExp): Promise<void>
}

/** Starts the server and does not wait: `ready` resolves when it says that it is. */
export async function launchServer(
  home: Pick<Home, 'env'>,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningServer & { readonly ready: Promise<void> }> {
  const port = await freePort()
  const { child, output, ended } = start('main.ts', [], {
    PORT: String(port),
    MUSTER_DRAIN_MS: '0',
    ...limitsOff,
    ...home.env,
    ...env,
  })
  const printed = async (pattern: RegExp): Promise<void> => {
    while (!pattern.test(output.stdout)) await once(child.stdout, 'data')
  }
  // What is announced ends with an empty line; it comes in one piece or in several.
  const ready = Promise.race([
    printed(/^Muster \S+ is ready: \S+\n(?:[^{]*\n)?\n/m),
    ended.then(({ code, stderr }) => Promise.reject(new Error(`the server ended with ${code}: ${stderr}`))),
  ])
  ready.catch(() => {}) // whoever waits is told; a test that failed before it waits no longer
  return {
    port,
    output,
    ended,
    ready,
    kill: (signal) => void child.kill(signal),
    hangUp: () => void child.stdout.destroy(),
    printed,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** Starts the server and waits until it says that it is ready. */
export async function startServer(
  home: Pick<Home, 'env'>,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningServer> {
  const server = await launchServer(home, env)
  await server.ready
  return server
}
