import { Agent } from 'node:http'
import { pino, type Logger } from 'pino'
import type { Right, SubRole, WorkspaceRole } from '../src/access/permissions.ts'
import { v4 as uuid } from 'uuid'
import type { Ctx } from '../src/access/ctx.ts'
import { buildApp } from '../src/app.ts'
import { issueServiceToken, issueTokenFor } from '../src/api-tokens/api-tokens.service.ts'
import { operatorCtx } from '../src/commands/operator.ts'
import { readConfig } from '../src/config.ts'
import type { Db } from '../src/db/db.ts'
import { issueAccessToken } from '../src/oauth-clients/access-tokens.service.ts'
import { sealAll, type Sealing } from '../src/audit-chain/sealing.service.ts'
import { openDatabase, type DatabaseLocation } from '../src/db/open.ts'
import type { MailOutcome, Message } from '../src/mail/mail.schema.ts'
import { signerFrom } from '../src/secrets/signing.ts'
import { settleScimTokenUse } from '../src/scim-tokens/scim-token-use.service.ts'
import type { NewScimToken } from '../src/scim-tokens/scim-tokens.schema.ts'
import { createToken } from '../src/scim-tokens/scim-tokens.service.ts'
import { createConnection, isSamlConfigured } from '../src/sso-connections/sso-connections.service.ts'
import { certificates } from '../src/sso-connections/testdata/certificates.ts'
import { vaultFrom } from '../src/secrets/vault.ts'
import { inTransaction } from '../src/access/in-transaction.ts'
import {
  issueAccessToken as issueSessionToken,
  startSession,
  type StartedSession,
} from '../src/sessions/sessions.service.ts'
import { createTenant } from '../src/tenants/tenants.service.ts'
import { checkAgainstContract } from './contract-check.ts'
import { limitsOff } from './limits-off.ts'
import { sendRequest, type Answer, type RequestOptions } from './test-client.ts'
import { openTestDatabase, type TestDatabase } from './test-database.ts'

/** A user who accepted, with a personal token. */
export interface TestUser {
  readonly id: string
  readonly username: string
  readonly email: string
  readonly token: string
}

/** An OAuth client, with the secret it was created with. */
export interface TestClient {
  readonly id: string
  readonly clientId: string
  readonly secret: string
}

export interface TestTenant {
  readonly id: string
  readonly host: string
  /** A service token with the role $admin that may change sign-in settings, as the bootstrap token may. */
  readonly token: string
}

interface Options {
  readonly env?: Readonly<Record<string, string>>
  /** What the mail server answers; by default it takes everything. Null: no mail server is set. */
  readonly mail?: ((message: Message) => MailOutcome) | null
  /** Null: no secret key is set. */
  readonly signer?: null
  /** Another node on the same database, by the same clock. */
  readonly beside?: TestApp
  /** Silent unless given. */
  readonly log?: Logger
  /** TXT records of the DNS, by name. */
  readonly txtRecords?: Map<string, readonly string[]>
}

/** Signs for every test app, unless it is started without. */
export const testSigner = signerFrom('a secret key of thirty-two characters')

export const testVault = vaultFrom('test')

export const password = 'correct horse battery staple'

/**
 * Production's app on a fresh database and a real port, with a clock the test moves, two tenants (acme, the default, and other)
 * and a mail server that keeps what it gets. Every answer is held against openapi.json.
 */
export async function startTestApp(options: Options = {}) {
  const { beside } = options
  const { config, secrets } = readConfig({ MUSTER_BOOTSTRAP_TENANT: 'acme', ...limitsOff, ...options.env })
  const database = beside === undefined ? await openTestDatabase(config.limits) : openAgain(beside)
  const clock = beside?.clock ?? new TestClock()
  const txtRecords = options.txtRecords ?? new Map<string, readonly string[]>()
  const mails: Message[] = []
  const answerMail = options.mail === undefined ? (): MailOutcome => ({ kind: 'sent' }) : options.mail
  const app = await buildApp({
    config,
    secrets,
    db: database.db,
    clock: () => clock.now(),
    log: options.log ?? pino({ level: 'silent' }),
    signer: options.signer === undefined ? testSigner : null,
    vault: testVault,
    resolveTxt: async (name) => txtRecords.get(name) ?? [],
    mail:
      answerMail === null
        ? null
        : { send: async (message) => (mails.push(message), answerMail(message)), close: () => {} },
  })
  const acme = beside?.acme ?? (await makeTenant(database.db, clock, 'acme'))
  const other = beside?.other ?? (await makeTenant(database.db, clock, 'other'))
  await app.http.listen({ port: 0, host: '127.0.0.1' })
  app.startServing()
  const address = app.http.server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const agent = new Agent({ keepAlive: true })
  return new TestApp({ app, database, clock, mails, txtRecords, acme, other, port, agent })
}

function openAgain({ db: all, location }: TestApp): TestDatabase {
  const db = openDatabase(location)
  return { db, all, location, [Symbol.asyncDispose]: () => db.engine.close() }
}

async function makeTenant(db: Db, clock: TestClock, slug: string): Promise<TestTenant> {
  const tenant = await createTenant(operatorCtx(db, '', clock.now()), { slug, name: slug, plan: 'enterprise' })
  const { secret } = await issueServiceToken(operatorCtx(db, tenant.id, clock.now()), {
    displayName: 'test admin',
    role: '$admin',
    rights: ['sign-in-settings'],
    lifetimeSeconds: null,
    secret: null,
  })
  return { id: tenant.id, host: `${slug}.localhost`, token: secret }
}

export class TestClock {
  #now = Date.parse('2026-01-02T03:04:05.000Z')

  now(): Date {
    return new Date(this.#now)
  }

  advance(ms: number): void {
    this.#now += ms
  }
}

interface Parts {
  readonly app: Awaited<ReturnType<typeof buildApp>>
  readonly database: TestDatabase
  readonly clock: TestClock
  readonly mails: Message[]
  readonly txtRecords: Map<string, readonly string[]>
  readonly acme: TestTenant
  readonly other: TestTenant
  readonly port: number
  readonly agent: Agent
}

/** What tests hold; dispose with `await using`. */
export class TestApp implements AsyncDisposable {
  readonly #parts: Parts
  #listener: (method: string, path: string, answer: Answer) => void = () => {}
  /** For looking and for changing behind the server's back: it sees the rows of all tenants. */
  readonly db: Db
  /** What the server itself has. */
  readonly serverDb: Db
  readonly clock: TestClock
  readonly mails: Message[]
  readonly txtRecords: Map<string, readonly string[]>
  readonly acme: TestTenant
  readonly other: TestTenant
  readonly port: number

  constructor(parts: Parts) {
    this.#parts = parts
    this.db = parts.database.all
    this.serverDb = parts.database.db
    this.clock = parts.clock
    this.mails = parts.mails
    this.txtRecords = parts.txtRecords
    this.acme = parts.acme
    this.other = parts.other
    this.port = parts.port
  }

  get http() {
    return this.#parts.app.http
  }

  get location(): DatabaseLocation {
    return this.#parts.database.location
  }

  /** As acme's admin unless a token is given; null sends none. The answer is checked against the contract. */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const token =
      options.token === undefined && options.headers?.['authorization'] === undefined ? this.acme.token : options.token
    const answer = await sendRequest(this.port, this.#parts.agent, method, path, {
      ...options,
      ...(token === undefined ? {} : { token }),
    })
    checkAgainstContract(this.http.swagger(), method, path, answer)
    this.#listener(method, path, answer)
    return answer
  }

  /** Calls with every answer from here on. */
  onAnswer(listener: (method: string, path: string, answer: Answer) => void): void {
    this.#listener = listener
  }

  get(path: string, options: RequestOptions = {}): Promise<Answer> {
    return this.request('GET', path, options)
  }

  post(path: string, body?: unknown, options: RequestOptions = {}): Promise<Answer> {
    return this.request('POST', path, { ...options, ...(body === undefined ? {} : { body }) })
  }

  put(path: string, body?: unknown, options: RequestOptions = {}): Promise<Answer> {
    return this.request('PUT', path, { ...options, ...(body === undefined ? {} : { body }) })
  }

  delete(path: string, options: RequestOptions = {}): Promise<Answer> {
    return this.request('DELETE', path, options)
  }

  /** Delivers what is due in the outbox; answers how many items. */
  deliverOutbox(): Promise<number> {
    return this.#parts.app.dispatcher.deliverDue()
  }

  /** What seals events here, as the server's own sealer would. */
  sealing(): Sealing {
    return { db: this.serverDb, clock: () => this.clock.now(), signer: testSigner }
  }

  /** Gives every event its place in the audit chain, as the server does twice a second. */
  async sealEvents(): Promise<void> {
    await sealAll(this.sealing())
  }

  startDraining(): void {
    this.#parts.app.startDraining()
  }

  operator(tenant: TestTenant = this.acme): Ctx {
    return operatorCtx(this.serverDb, tenant.id, this.clock.now())
  }

  /** Invites an address; answers the id of the pending user. */
  async invite(email: string, role: WorkspaceRole = '$member', tenant: TestTenant = this.acme): Promise<string> {
    const answer = await this.post(
      '/api/service/users',
      { emails: [email], roleName: role },
      { token: tenant.token, host: tenant.host },
    )
    const id = answer.json.createdUsers[email]
    if (typeof id !== 'string') throw new Error(`invitation of ${email} failed: ${answer.text}`)
    return id
  }

  /** The token of a new link for a pending user. */
  async invitationToken(userId: string, tenant: TestTenant = this.acme): Promise<string> {
    const auth = { token: tenant.token, host: tenant.host }
    const filter = encodeURIComponent(JSON.stringify({ userId }))
    const list = await this.get(`/api/muster/invitations?filter=${filter}`, auth)
    const { json } = await this.post(`/api/muster/invitations/${list.json.records[0].id}/link`, undefined, auth)
    return new URL(json.link).searchParams.get('token') ?? ''
  }

  /** A user who accepted an invitation, with a personal token; the name is the local part of the address. */
  async addUser(username: string, role: WorkspaceRole = '$member', tenant: TestTenant = this.acme): Promise<TestUser> {
    const email = `${username}@example.com`
    const id = await this.invite(email, role, tenant)
    const token = await this.invitationToken(id, tenant)
    const body = { token, username, firstName: 'First', lastName: 'Last', password }
    const accepted = await this.post('/auth/accept-invite', body, { token: null, host: tenant.host })
    if (accepted.status !== 200) throw new Error(`acceptance of ${email} failed: ${accepted.text}`)
    return { id, username, email, token: await this.personalToken(id, tenant) }
  }

  /** A personal token of a user. */
  async personalToken(userId: string, tenant: TestTenant = this.acme): Promise<string> {
    const input = { displayName: 'test', description: '', personas: [], lifetimeSeconds: null }
    return (await issueTokenFor(this.operator(tenant), userId, input)).secret
  }

  /** A session as a sign-in would start it. */
  startSession(userId: string, tenant: TestTenant = this.acme): Promise<StartedSession> {
    const input = { userId, method: 'password', secondFactor: '' } as const
    return inTransaction(this.operator(tenant), (ctx) => startSession(ctx, input))
  }

  /** A session access token of a user. */
  async sessionToken(userId: string, tenant: TestTenant = this.acme, started?: StartedSession): Promise<string> {
    const { session } = started ?? (await this.startSession(userId, tenant))
    return (await issueSessionToken(this.operator(tenant), session)).token
  }

  /** A service token that keeps this role. */
  async serviceToken(
    role: WorkspaceRole,
    tenant: TestTenant = this.acme,
    rights: readonly Right[] = [],
  ): Promise<string> {
    const input = { displayName: `test ${role}`, role, rights, lifetimeSeconds: null, secret: null }
    return (await issueServiceToken(this.operator(tenant), input)).secret
  }

  /** An OAuth client with this role. */
  async addOAuthClient(role: WorkspaceRole, tenant: TestTenant = this.acme): Promise<TestClient> {
    const body = { displayName: `test ${role}`, role }
    const { json } = await this.post('/api/service/oauth-clients', body, { token: tenant.token, host: tenant.host })
    return { id: json.id, clientId: json.clientId, secret: json.clientSecret }
  }

  /** An access token of a client; it lives for an hour unless told otherwise. */
  async accessToken(
    { clientId, secret }: TestClient,
    tenant: TestTenant = this.acme,
    lifetimeSeconds = 3_600,
  ): Promise<string> {
    return (await issueAccessToken(this.operator(tenant), { clientId, secret }, lifetimeSeconds)).token
  }

  /** The id of a role. */
  async roleId(name: WorkspaceRole | SubRole, tenant: TestTenant = this.acme): Promise<string> {
    const { json } = await this.get('/api/service/roles', { token: tenant.token, host: tenant.host })
    return json.records.find((role: { name: string }) => role.name === name).id
  }

  /** Creates a group; answers its id. */
  async addGroup(name: string, userIds: readonly string[] = [], tenant: TestTenant = this.acme): Promise<string> {
    const body = { group: { name, attributes: { alias: [name] } }, users: userIds }
    const { json } = await this.post('/api/service/groups', body, { token: tenant.token, host: tenant.host })
    return json.group
  }

  /** An SSO connection that works; answers its id. */
  async addConnection(alias = 'okta', tenant: TestTenant = this.acme): Promise<string> {
    const idp = {
      entityId: `https://${alias}.example.com/metadata`,
      signOnUrl: `https://${alias}.example.com/sso`,
      certificates: [certificates.rsa],
    }
    return (await createConnection(this.operator(tenant), { alias, idp })).id
  }

  /** A SCIM token, which switches SCIM on; the connection it needs is made where none works. */
  async addScimToken(
    input: Partial<NewScimToken> = {},
    tenant: TestTenant = this.acme,
  ): Promise<{ readonly id: string; readonly secret: string }> {
    const operator = this.operator(tenant)
    if (!(await isSamlConfigured(operator))) await this.addConnection(`idp-${uuid()}`, tenant)
    const wanted = { label: 'IdP', access: 'all', profile: null, lifetimeSeconds: null, ...input } as const
    const { token, secret } = await createToken(operator, wanted)
    return { id: token.id, secret }
  }

  /** Resolves when everything that is written behind the answers of SCIM has been written. */
  async settleScim(): Promise<void> {
    await this.#parts.app.inspector.settle()
    await settleScimTokenUse(this.serverDb)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#parts.agent.destroy()
    await this.http.close()
    await this.#parts.app.settle()
    await this.#parts.database[Symbol.asyncDispose]()
  }
}
