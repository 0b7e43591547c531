/**
 * What somebody sees who has just cloned the repository: HEAD in an empty folder, on a machine that has Node, npm, git
 * and a shell and neither compiler nor Python. Starts it, uses it, restarts it, stops it.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

const root = path.dirname(import.meta.dirname)
const readyMaxMs = 300_000
const stopMaxMs = 30_000

/** Everything that the clone can reach by name. */
const reachable = [
  'node',
  'npm',
  'git',
  'sh',
  'env',
  'uname',
  'dirname',
  'basename',
  'cat',
  'ls',
  'mkdir',
  'rm',
  'sed',
  'readlink',
]
/** Settings of the machine through which npm finds its registry; everything else of an outer npm is left behind. */
const npmSettings = /^npm_config_(registry|cache|ca|cafile|userconfig|strict_ssl|proxy|https?_proxy|noproxy)$/i
const tokenPattern = /mst_[A-Za-z0-9_-]{43}/

interface Running {
  readonly url: string
  readonly readySeconds: number
  readonly output: () => string
  readonly stop: () => Promise<number | null>
}

interface UserPage {
  readonly records: readonly { id: string; username: string; email: string; enabled: boolean }[]
  readonly totalRecord: number
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1))
const folder = mkdtempSync(path.join(tmpdir(), 'muster fresh clone '))
process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
console.log(await tryFreshClone(path.join(folder, 'muster')))

async function tryFreshClone(clone: string): Promise<string> {
  execFileSync('git', ['clone', '--quiet', root, clone], { stdio: 'inherit' })
  const env = freshEnvironment()

  const first = await start(clone, env)
  const token = tokenPattern.exec(first.output())?.[0]
  assert.ok(token !== undefined, 'the first start prints an API token')
  const before = await listUsers(first.url, token)
  const invited = await ask(first.url, token, 'POST', { emails: ['newuser@example.com'], roleName: '$member' })
  assert.match(createdId(invited), /^[0-9a-f-]{36}$/, 'an invited user has an id')
  assert.equal(await first.stop(), 0, 'npm start ends with exit code 0 on SIGTERM')

  const again = await start(clone, env)
  assert.doesNotMatch(again.output(), tokenPattern, 'a restart prints no token')
  const after = await listUsers(again.url, token)
  assert.equal(after.totalRecord, before.totalRecord + 1, 'the invited user is still there after a restart')
  assert.equal(await again.stop(), 0, 'npm start ends with exit code 0 on SIGTERM')

  const json = execFileSync('npm', ['run', '-s', 'muster-server', '--', 'tenants', 'list', '--json'], {
    cwd: clone,
    env,
    encoding: 'utf8',
  })
  assert.doesNotThrow(() => JSON.parse(json), 'muster-server prints nothing but JSON')
  return `fresh clone: ready in ${first.readySeconds.toFixed(1)} s with the install, ${again.readySeconds.toFixed(1)} s again; ok`
}

function freshEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      npmSettings.test(name) ||
      !/^(npm_|node_options$|node_compile_cache$|node_path$|muster_|database_url|smtp_url|port$|host$)/i.test(name),
  )
  const bin = path.join(folder, 'bin')
  mkdirSync(bin)
  for (const name of reachable) symlinkSync(findOnMachine(name), path.join(bin, name))
  return { ...Object.fromEntries(kept), PATH: bin, MUSTER_DATA_DIR: path.join(folder, 'data'), MUSTER_DRAIN_MS: '200' }
}

/** The machine's own program, not the one that this repository's packages brought. */
function findOnMachine(name: string): string {
  const folders = (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .filter((entry) => entry !== '' && !entry.includes('node_modules'))
  const found = folders.map((entry) => path.join(entry, name)).find(isProgram)
  if (found === undefined) throw new Error(`${name} is not in PATH`)
  return realpathSync(found)
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function start(clone: string, env: NodeJS.ProcessEnv): Promise<Running> {
  const port = await freePort()
  const started = performance.now()
  const child = spawn('npm', ['start'], {
    cwd: clone,
    env: { ...env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  process.on('exit', () => child.kill('SIGTERM'))
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const url = `http://127.0.0.1:${port}`
  await untilReady(child, url, () => output)
  const readySeconds = (performance.now() - started) / 1000
  return { url, readySeconds, output: () => output, stop: () => stop(child) }
}

async function untilReady(child: ChildProcess, url: string, output: () => string): Promise<void> {
  const deadline = performance.now() + readyMaxMs
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`npm start ended with exit code ${child.exitCode}:\n${output()}`)
    const answer = await fetch(`${url}/readyz`).catch(() => undefined)
    if (answer?.ok) return
    await wait(100)
  }
  throw new Error(`not ready after ${readyMaxMs / 1000} s:\n${output()}`)
}

async function stop(child: ChildProcess): Promise<number | null> {
  const ended = once(child, 'exit', { signal: AbortSignal.timeout(stopMaxMs) })
  child.kill('SIGTERM')
  const [code] = await ended
  return code === null ? null : Number(code)
}

async function listUsers(url: string, token: string): Promise<UserPage> {
  const page: Partial<UserPage> = await ask(url, token, 'GET')
  assert.ok(
    Array.isArray(page.records) && typeof page.totalRecord === 'number',
    'a list of users has records and totalRecord',
  )
  for (const user of page.records) {
    assert.deepEqual(
      [typeof user.id, typeof user.username, typeof user.email, typeof user.enabled],
      ['string', 'string', 'string', 'boolean'],
    )
  }
  return { records: page.records, totalRecord: page.totalRecord }
}

async function ask(url: string, token: string, method: string, body?: object): Promise<object> {
  const answer = await fetch(`${url}/api/service/users`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  assert.equal(answer.status, 200, `${method} /api/service/users: ${text}`)
  const json: unknown = JSON.parse(text)
  assert.ok(typeof json === 'object' && json !== null)
  return json
}

function createdId(answer: { createdUsers?: Record<string, string> }): string {
  return answer.createdUsers?.['newuser@example.com'] ?? ''
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (typeof address !== 'object' || address === null) throw new Error('no free port')
  return address.port
}
