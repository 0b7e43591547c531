import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { findJava, findKeycloak } from './programs.ts'

const readyMaxMs = 180_000
const stopMaxMs = 15_000
const admin = { username: 'admin', password: 'admin' }

/** A Keycloak of our own on loopback, with an empty database, for as long as the lane runs. */
export class Keycloak {
  readonly url: string
  readonly #child: ChildProcess
  readonly #folder: string
  readonly #chunks: string[]

  private constructor(url: string, child: ChildProcess, folder: string, chunks: string[]) {
    this.url = url
    this.#child = child
    this.#folder = folder
    this.#chunks = chunks
  }

  static async start(): Promise<Keycloak> {
    const port = await findFreePort()
    const folder = mkdtempSync(path.join(tmpdir(), 'muster-keycloak-'))
    // Its data and what it compiles of itself at the start go into its own folder.
    cpSync(findKeycloak(), folder, { recursive: true })
    const child = spawn(
      path.join(folder, 'bin/kc.sh'),
      ['start-dev', `--http-port=${port}`, '--http-host=127.0.0.1', '--cache=local'],
      {
        env: {
          PATH: process.env['PATH'] ?? '',
          HOME: folder,
          JAVA_HOME: findJava(),
          JAVA_OPTS_KC_HEAP: '-Xms128m -Xmx768m',
          KC_BOOTSTRAP_ADMIN_USERNAME: admin.username,
          KC_BOOTSTRAP_ADMIN_PASSWORD: admin.password,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
        // A group of its own: kc.sh starts Java, and both go together.
        detached: true,
      },
    )
    const chunks: string[] = []
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk))
    const keycloak = new Keycloak(`http://127.0.0.1:${port}`, child, folder, chunks)
    const end = Date.now() + readyMaxMs
    while (Date.now() < end && child.exitCode === null) {
      const answer = await fetch(`${keycloak.url}/realms/master`).catch(() => undefined)
      if (answer?.status === 200) return keycloak
      await wait(500)
    }
    await keycloak.stop()
    throw new Error(`Keycloak did not become ready:\n${keycloak.printed()}`)
  }

  printed(): string {
    return this.#chunks.join('').slice(-5_000)
  }

  /** A call of its administration; answers the parsed body, if there is one. */
  // Keycloak's records are large; the lane reads what it names.
  // oxlint-disable-next-line typescript/no-explicit-any
  async call(method: string, address: string, body?: unknown): Promise<any> {
    const answer = await fetch(`${this.url}/admin/realms${address}`, {
      method,
      headers: { authorization: `Bearer ${await this.#token()}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`Keycloak: ${method} ${address} → ${answer.status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }

  async #token(): Promise<string> {
    const answer = await fetch(`${this.url}/realms/master/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'password', client_id: 'admin-cli', ...admin }),
    })
    const { access_token: token }: { access_token?: string } = JSON.parse(await answer.text())
    if (token === undefined) throw new Error(`Keycloak let nobody in: ${answer.status}`)
    return token
  }

  async stop(): Promise<void> {
    const { pid } = this.#child
    if (pid !== undefined && this.#child.exitCode === null) {
      const gone = once(this.#child, 'exit')
      process.kill(-pid, 'SIGTERM')
      const late = setTimeout(() => process.kill(-pid, 'SIGKILL'), stopMaxMs)
      await gone
      clearTimeout(late)
    }
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
  return address.port
}
