/**
 * A PostgreSQL of our own for as long as something needs it: in a temporary folder, on a free loopback port,
 * without fsync. As a program: `node scripts/postgres.ts run -- <command…>` runs the command with
 * MUSTER_TEST_DATABASE and MUSTER_TEST_DATABASE_URL (the owner's) set.
 */
import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  accessSync,
  chownSync,
  constants,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { constants as osConstants, tmpdir } from 'node:os'
import path from 'node:path'

/** Two ways to one empty database, as in production: as its owner, who may create more of them, and as the server's role. */
interface PostgresServer {
  readonly url: string
  readonly ownerUrl: string
}

const ownerRole = 'muster'
/** Owns nothing; of the same password. */
const serverRole = 'muster_server'

/** The same database as its owner's, by the server's role. */
export function asServer(ownerUrl: string): string {
  const url = new URL(ownerUrl)
  url.username = serverRole
  return url.href
}

const oldestMajor = 15
const startAttempts = 3
const programs = ['initdb', 'pg_ctl', 'postgres', 'psql']
const debianPackages = ['postgresql', 'postgresql-contrib']

const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '200',
  // Answers and plans are compared: statistics must not come in between.
  autovacuum: 'off',
}

if (import.meta.main) process.exitCode = await runProgram(process.argv.slice(2))

const roomyMinBytes = 4 * 2 ** 30

/** Linux' disk in memory, where it is roomy: a test database of 300 files is made there in half the time. */
function roomyFolder(): string {
  const memory = '/dev/shm'
  if (!existsSync(memory)) return tmpdir()
  const { bavail, bsize } = statfsSync(memory)
  return bavail * bsize > roomyMinBytes ? memory : tmpdir()
}

/** Runs the work with a fresh server, and ends the server whatever happens to the work or to this process. */
export async function withPostgres<T>(work: (server: PostgresServer) => Promise<T>): Promise<T> {
  const bin = findPrograms() ?? installOnDebian()
  const user = unprivilegedUser()
  const folder = mkdtempSync(path.join(roomyFolder(), 'muster-postgres-'))
  const run: Run = (program, args, env) => runAs(user, path.join(bin, program), args, folder, env)
  const stop = (): void => {
    run('pg_ctl', ['stop', '--mode=immediate', '--silent', `--pgdata=${path.join(folder, 'data')}`])
    rmSync(folder, { recursive: true, force: true })
  }
  const stopListening = stopOnExit(stop)
  try {
    if (user !== null) chownSync(folder, user.uid, user.gid)
    const ownerUrl = await start(run, folder, user)
    return await work({ url: asServer(ownerUrl), ownerUrl })
  } finally {
    stopListening()
    stop()
  }
}

type Run = (program: string, args: readonly string[], env?: NodeJS.ProcessEnv) => SpawnSyncReturns<string>

interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

function findPrograms(): string | undefined {
  const debian = '/usr/lib/postgresql'
  const versions = readdirIfThere(debian).toSorted((a, b) => Number(b) - Number(a))
  const folders = [
    ...(process.env['PATH'] ?? '').split(path.delimiter),
    ...versions.map((version) => path.join(debian, version, 'bin')),
    '/usr/local/bin',
    '/usr/local/pgsql/bin',
    '/opt/homebrew/bin',
  ]
  return folders.find(
    (folder) => folder !== '' && programs.every((name) => isProgram(path.join(folder, name))) && isRecent(folder),
  )
}

function readdirIfThere(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // no Debian packages here
  }
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function isRecent(folder: string): boolean {
  const { stdout } = spawnSync(path.join(folder, 'postgres'), ['--version'], { encoding: 'utf8' })
  return Number(/\(PostgreSQL\) (\d+)/.exec(stdout)?.[1]) >= oldestMajor
}

function installOnDebian(): string {
  const advice = `install PostgreSQL ${oldestMajor} or newer (on Debian: apt-get install ${debianPackages.join(' ')})`
  if (process.getuid?.() !== 0 || !isProgram('/usr/bin/apt-get')) throw new Error(`no PostgreSQL found: ${advice}`)
  console.error(`postgres: not found, installing ${debianPackages.join(' ')} …`)
  // apt-get writes to our stderr, since stdout belongs to the command that needs the database.
  const apt = (...args: string[]): number | null =>
    spawnSync('apt-get', args, { stdio: ['ignore', 2, 2], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
      .status
  apt('update', '--quiet')
  apt('install', '--yes', '--quiet', '--no-install-recommends', ...debianPackages)
  const bin = findPrograms()
  if (bin === undefined) throw new Error(`apt-get brought no PostgreSQL ${oldestMajor}: ${advice}`)
  return bin
}

/** PostgreSQL refuses to run as root; then an account that owns nothing else runs it. */
function unprivilegedUser(): Account | null {
  if (process.getuid?.() !== 0) return null
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  for (const wanted of ['postgres', 'nobody']) {
    const account = accounts.find(([name]) => name === wanted)
    if (account !== undefined) return { name: wanted, uid: Number(account[2]), gid: Number(account[3]) }
  }
  throw new Error('PostgreSQL does not run as root, and there is no account postgres or nobody to run it as')
}

function runAs(
  user: Account | null,
  program: string,
  args: readonly string[],
  folder: string,
  env = process.env,
): SpawnSyncReturns<string> {
  const [command, ...rest] = user === null ? [program, ...args] : ['runuser', '-u', user.name, '--', program, ...args]
  // Without a pipe for pg_ctl's output: the server would inherit it, and the call would never end.
  const output = program.endsWith('pg_ctl') ? 'ignore' : 'pipe'
  return spawnSync(command, rest, { cwd: folder, env, encoding: 'utf8', stdio: ['ignore', output, output] })
}

async function start(run: Run, folder: string, user: Account | null): Promise<string> {
  const [data, log, passwordFile] = ['data', 'log', 'password'].map((name) => path.join(folder, name)) as [
    string,
    string,
    string,
  ] // as: three in, three out
  const password = randomBytes(16).toString('hex')
  writeFileSync(passwordFile, password, { mode: 0o600 })
  if (user !== null) chownSync(passwordFile, user.uid, user.gid)
  const made = run('initdb', [
    `--pgdata=${data}`,
    '--username=postgres',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C.UTF-8',
    '--no-sync',
  ])
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`)
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort() // somebody else may take it before PostgreSQL does
    const options = Object.entries({ ...settings, port }).map(([name, value]) => `-c ${name}='${value}'`)
    const started = run('pg_ctl', [
      'start',
      '--silent',
      '--wait',
      '--timeout=60',
      `--pgdata=${data}`,
      `--log=${log}`,
      `--options=${options.join(' ')}`,
    ])
    if (started.status === 0) return createDatabase(run, port, password)
    if (attempt === startAttempts) throw new Error(`PostgreSQL did not start: ${readFileSync(log, 'utf8')}`)
  }
}

function createDatabase(run: Run, port: number, password: string): string {
  const script = `create role ${ownerRole} login createdb password '${password}'; create role ${serverRole} login password '${password}'; create database muster owner ${ownerRole}`
  const commands = script.split('; ').map((command) => `--command=${command}`)
  const address = [
    '--no-psqlrc',
    '--quiet',
    '--host=127.0.0.1',
    `--port=${port}`,
    '--username=postgres',
    '--dbname=postgres',
  ]
  const made = run('psql', [...address, '--set=ON_ERROR_STOP=1', ...commands], { ...process.env, PGPASSWORD: password })
  if (made.status !== 0) throw new Error(`psql failed: ${made.stderr}`)
  return `postgres://${ownerRole}:${password}@127.0.0.1:${port}/muster`
}

function freePort(): Promise<number> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })
}

/** A signal ends this process through its exit event, where the server is stopped; the caller undoes both. */
function stopOnExit(stop: () => void): () => void {
  const exit = (signal: NodeJS.Signals): void => process.exit(128 + osConstants.signals[signal])
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  process.on('exit', stop)
  for (const signal of signals) process.on(signal, exit)
  return () => {
    process.off('exit', stop)
    for (const signal of signals) process.off(signal, exit)
  }
}

async function runProgram([verb, separator, command, ...args]: readonly string[]): Promise<number> {
  if (verb !== 'run' || separator !== '--' || command === undefined) {
    console.error('Usage: node scripts/postgres.ts run -- <command…>')
    return 2
  }
  return withPostgres(({ ownerUrl }) => {
    const env = { ...process.env, MUSTER_TEST_DATABASE: 'postgres', MUSTER_TEST_DATABASE_URL: ownerUrl }
    const child = spawn(command, args, { env, stdio: 'inherit' })
    const kill = (): boolean => child.kill()
    process.on('exit', kill)
    return new Promise<number>((resolve, reject) => {
      child.on('error', reject)
      child.on('exit', (code) => {
        process.off('exit', kill)
        resolve(code ?? 1)
      })
    })
  })
}
