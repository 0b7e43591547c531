import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { limitsOff } from '../server/test/limits-off.ts'
import { RunError } from './run-error.ts'

export interface OwnServer {
  readonly url: string
  readonly token: string
  /** Of the server, for operator's commands beside it. */
  readonly environment: NodeJS.ProcessEnv
  /** What the server has printed so far; of interest when something failed. */
  readonly printed: () => string
  /** Runs an operator command beside it. */
  readonly operate: (args: readonly string[]) => void
  readonly stop: () => Promise<void>
}

const readyMaxMs = 30_000
const stopMaxMs = 10_000

/**
 * Starts this clone's server on a free port with an empty data folder, and waits until it is ready.
 *
 * @param settings further variables of its environment
 */
export async function startOwnServer(root: string, settings: NodeJS.ProcessEnv = {}): Promise<OwnServer> {
  const port = await findFreePort()
  const dataDir = mkdtempSync(join(tmpdir(), 'muster-conformance-'))
  const token = `mst_${randomBytes(32).toString('base64url')}`
  const node = join(root, 'node_modules', '.bin', 'node')
  const environment = { ...serverEnvironment({ port, dataDir, token }), ...settings }
  const child = spawn(node, ['server/src/main.ts'], {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const chunks: string[] = []
  child.on('error', (error) => chunks.push(`${error.message}\n`))
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk))

  const server: OwnServer = {
    url: `http://127.0.0.1:${port}`,
    token,
    environment,
    printed: () => chunks.join(''),
    operate: (args) => {
      const { status, stderr } = spawnSync(node, ['server/src/commands/muster-server.ts', ...args], {
        cwd: root,
        env: environment,
        encoding: 'utf8',
      })
      if (status !== 0) throw new RunError(`muster-server ${args.join(' ')} failed: ${stderr}`)
    },
    stop: async () => {
      await stopProcess(child)
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
  if (!(await isReady(server.url, child))) {
    await server.stop()
    throw new RunError(`The server did not become ready:\n${server.printed()}`)
  }
  return server
}

/** The server refuses names it does not know, so that only what it needs is handed on. */
function serverEnvironment({
  port,
  dataDir,
  token,
}: {
  port: number
  dataDir: string
  token: string
}): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = {
    PORT: String(port),
    HOST: '127.0.0.1',
    MUSTER_MODE: 'development',
    MUSTER_DATA_DIR: dataDir,
    MUSTER_BOOTSTRAP_TOKEN: token,
    MUSTER_SECRET_KEY: randomBytes(32).toString('base64url'),
    MUSTER_DRAIN_MS: '0',
    ...limitsOff,
  }
  for (const name of ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'SystemRoot', 'DATABASE_URL', 'DATABASE_OWNER_URL']) {
    const value = process.env[name]
    if (value !== undefined) environment[name] = value
  }
  return environment
}

async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
  probe.close()
  await once(probe, 'close')
  return address.port
}

async function isReady(url: string, child: ChildProcess): Promise<boolean> {
  const end = Date.now() + readyMaxMs
  while (Date.now() < end && child.exitCode === null && child.pid !== undefined) {
    // A refused connection only means that it does not listen yet.
    const answer = await fetch(`${url}/readyz`).catch(() => undefined)
    if (answer?.status === 200) return true
    await wait(100)
  }
  return false
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), stopMaxMs)
  await gone
  clearTimeout(late)
}
