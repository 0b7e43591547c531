import { Agent } from 'node:http'
import {
  makeHome,
  openHome,
  startServer,
  type Home,
  type RunningServer,
} from '../../src/commands/testdata/processes.ts'
import { operatorCtx } from '../../src/commands/operator.ts'
import { issueTokenFor } from '../../src/api-tokens/api-tokens.service.ts'
import type { Ctx } from '../../src/access/ctx.ts'
import type { Db } from '../../src/db/db.ts'
import { password } from '../start-test-app.ts'
import { sendRequest, type Answer, type RequestOptions } from '../test-client.ts'
import { usesPostgres } from '../test-database.ts'

/** Sizes that keep an ordinary run short; `npm run test:races` runs the full ones. */
export function sizeOf(sizes: { readonly short: number; readonly full: number }): number {
  return process.env['MUSTER_TEST_RACES'] === 'full' ? sizes.full : sizes.short
}

export const adminToken = `mst_${'k'.repeat(43)}`
/** What is asked at once here is meant to be done, not to be refused because it is too much. */
const unbounded = {
  MUSTER_IN_FLIGHT_MAX: '0',
  MUSTER_IN_FLIGHT_PER_TENANT_MAX: '0',
  MUSTER_PASSWORD_HASHES_WAITING_MAX: '1000',
  MUSTER_SQL_CONNECTION_WAIT_MS: '30000',
  MUSTER_SQL_LOCK_WAIT_MS: '30000',
}
const env = { MUSTER_BOOTSTRAP_TOKEN: adminToken, LOG_LEVEL: 'silent', ...unbounded }

const askAgainMax = 20

/** Server processes on one database: two on PostgreSQL; on SQLite there is one by design. */
export class Nodes implements AsyncDisposable {
  readonly #home: Home
  readonly #agent = new Agent({ keepAlive: true })
  #servers: readonly RunningServer[] = []
  #db: Db | undefined
  #turn = 0

  private constructor(home: Home) {
    this.#home = home
  }

  static async start(): Promise<Nodes> {
    const nodes = new Nodes(await makeHome())
    await nodes.restart()
    return nodes
  }

  /** Starts what is not running. */
  async restart(): Promise<void> {
    const first = await startServer(this.#home, env)
    this.#servers = usesPostgres ? [first, await startServer(this.#home, env)] : [first]
  }

  async kill(): Promise<void> {
    for (const server of this.#servers) server.kill('SIGKILL')
    await Promise.all(this.#servers.map((server) => server.ended))
  }

  /**
   * Each request goes to the next node; as the admin unless a token is given. Like official clients it asks again after a 503,
   * which says that nothing was done: on a busy machine somebody waits too long for a lock now and then.
   */
  async ask(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    for (let left = askAgainMax; ; left -= 1) {
      const answer = await sendRequest(this.nextPort(), this.#agent, method, path, { token: adminToken, ...options })
      if (answer.status !== 503 || left === 0) return answer
    }
  }

  post(path: string, body?: unknown, options: RequestOptions = {}): Promise<Answer> {
    return this.ask('POST', path, { ...options, ...(body === undefined ? {} : { body }) })
  }

  nextPort(): number {
    return this.#servers[(this.#turn += 1) % this.#servers.length]?.port ?? 0
  }

  /** The database they share, for what no answer shows. */
  get db(): Db {
    return (this.#db ??= openHome(this.#home))
  }

  async operator(): Promise<Ctx> {
    const tenant = await this.db.selectFrom('tenants').select('id').executeTakeFirstOrThrow()
    return operatorCtx(this.db, tenant.id, new Date())
  }

  /** A user who accepted the invitation, with a personal token. */
  async addUser(username: string, role: string): Promise<{ readonly id: string; readonly token: string }> {
    const email = `${username}@example.com`
    const id = (await this.post('/api/service/users', { emails: [email], roleName: role })).json.createdUsers[email]
    const { json } = await this.ask('GET', '/api/muster/invitations')
    const invitation = json.records.find((record: { userId: string }) => record.userId === id)
    const { link } = (await this.post(`/api/muster/invitations/${invitation.id}/link`)).json
    const body = { token: new URL(link).searchParams.get('token'), username, password }
    const accepted = await this.post('/auth/accept-invite', body, { token: null })
    if (accepted.status !== 200) throw new Error(accepted.text)
    const input = { displayName: 'race', description: '', personas: [], lifetimeSeconds: null }
    return { id, token: (await issueTokenFor(await this.operator(), id, input)).secret }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy()
    await this.#db?.engine.close()
    for (const server of this.#servers) await server[Symbol.asyncDispose]()
    await this.#home[Symbol.asyncDispose]()
  }
}

/** Numbers below a limit, the same ones for the same seed. */
export function seeded(seed: number): (limit: number) => number {
  let state = seed + 1
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}
