import { v7 as uuid } from 'uuid'
import { workspaceRoles, type WorkspaceRole } from '../src/access/permissions.ts'
import { issueServiceToken, issueTokenFor } from '../src/api-tokens/api-tokens.service.ts'
import { credentialKinds, type CredentialKind } from '../src/authentication/credential-kinds.ts'
import { insertEntry } from '../src/scim/inspector/scim-log.queries.ts'
import { listTokens, revokeToken } from '../src/scim-tokens/scim-tokens.service.ts'
import { newSecret } from '../src/secrets/secrets.ts'
import { certificates } from '../src/sso-connections/testdata/certificates.ts'
import { recordName } from '../src/domains/domains.schema.ts'
import { addDomain } from '../src/domains/domains.service.ts'
import { createTest } from '../src/saml/sso-tests.service.ts'
import { startSso } from '../src/saml/testdata/sso-world.ts'
import { roles, ssoAlias, type ObjectKind, type Role, type StateName } from './authz-matrix.ts'
import type { TestApp, TestClient, TestTenant } from './start-test-app.ts'
import type { RequestOptions } from './test-client.ts'

/** A keeper is a service token that carries the right sign-in-settings. */
export type TokenKind = 'personal' | 'service' | 'keeper' | 'oauth-client' | 'session'

/** Somebody with a valid token. Service tokens and OAuth clients are nobody: they have no user. */
export interface Caller {
  readonly role: Role
  readonly kind: TokenKind
  readonly credential: CredentialKind
  readonly token: string
  readonly userId: string | null
}

/** One way to present a credential. */
export interface Presentation {
  readonly title: string
  readonly options: RequestOptions
  /** Added to the address. */
  readonly query?: string
}

type Objects = Readonly<Record<ObjectKind, string>>

/** Callers, bad credentials and objects of two tenants, made once for the whole matrix. */
export interface World {
  readonly t: TestApp
  readonly callers: readonly Caller[]
  readonly presentations: Readonly<Record<StateName, readonly Presentation[]>>
  readonly own: Objects
  readonly foreign: Objects
  /** An OAuth client whose secret is known. */
  readonly client: TestClient
}

export function workspaceRole(role: Role): WorkspaceRole {
  return `$${role}`
}

export async function makeWorld(t: TestApp): Promise<World> {
  const callers = await makeCallers(t, t.acme)
  const foreignCallers = await makeCallers(t, t.other)
  const own = await makeObjects(t, t.acme)
  const foreign = await makeObjects(t, t.other)
  const client = await t.addOAuthClient('$guest')
  const admin = callers.find((caller) => caller.role === 'admin')?.token ?? ''
  const presentations = {
    ...(await badlyPresented(t, admin, client)),
    ...(await deadTokens(t)),
    'foreign-tenant': foreignCallers.map((caller) => bearer(`foreign ${caller.kind} ${caller.role}`, caller.token)),
    'unknown-host': ['nowhere.example.com', 'unknown.localhost', 'acme.localhost.example.com'].flatMap((host) =>
      callers.map((caller) => ({
        title: `${caller.kind} ${caller.role} at ${host}`,
        options: { token: caller.token, host },
      })),
    ),
  }
  return { t, callers, presentations, own, foreign, client }
}

/** A personal token, a session, a service token without and with its right, and an access token of each role. */
async function makeCallers(t: TestApp, tenant: TestTenant): Promise<Caller[]> {
  const callers: Caller[] = []
  for (const role of roles) {
    const user = await t.addUser(`caller-${role}`, workspaceRole(role), tenant)
    const client = await t.addOAuthClient(workspaceRole(role), tenant)
    const nobody = { role, userId: null }
    const person = await t.addUser(`signed-in-${role}`, workspaceRole(role), tenant)
    const session = await t.sessionToken(person.id, tenant)
    callers.push({ role, kind: 'session', credential: 'session_access_token', token: session, userId: person.id })
    callers.push({ role, kind: 'personal', credential: 'api_token', token: user.token, userId: user.id })
    const service = await t.serviceToken(workspaceRole(role), tenant)
    callers.push({ ...nobody, kind: 'service', credential: 'api_token', token: service })
    callers.push({ ...nobody, kind: 'keeper', credential: 'api_token', token: await keeperToken(t, role, tenant) })
    const access = await t.accessToken(client, tenant)
    callers.push({ ...nobody, kind: 'oauth-client', credential: 'oauth_access_token', token: access })
  }
  return callers
}

async function keeperToken(t: TestApp, role: Role, tenant: TestTenant): Promise<string> {
  const input = { displayName: `keeper ${role}`, role: workspaceRole(role), lifetimeSeconds: null, secret: null }
  return (await issueServiceToken(t.operator(tenant), { ...input, rights: ['sign-in-settings'] })).secret
}

async function makeObjects(t: TestApp, tenant: TestTenant): Promise<Objects> {
  const user = await makeObject(t, 'user', tenant)
  const objects: Record<ObjectKind, string> = {
    user,
    group: '',
    persona: '',
    purpose: '',
    'api-token': '',
    'oauth-client': '',
    'sso-mapper': '',
    'sso-connection': '',
    'scim-token': '',
    'scim-log-entry': '',
    invitation: '',
    'outbox-item': '',
    session: '',
    domain: '',
    'sso-test': '',
  }
  for (const kind of [
    'group',
    'persona',
    'purpose',
    'api-token',
    'oauth-client',
    'sso-mapper',
    'sso-connection',
    'scim-token',
    'scim-log-entry',
    'invitation',
    'outbox-item',
    'session',
    'domain',
    'sso-test',
  ] as const) {
    objects[kind] = await makeObject(t, kind, tenant)
  }
  return objects
}

let made = 0

/** A text that was never used before. */
export function newText(): string {
  made += 1
  return `new-${made}`
}

/** Makes a new object of this kind and answers its id; tokens belong to the owner, or to a bystander. */
export async function makeObject(
  t: TestApp,
  kind: ObjectKind,
  tenant: TestTenant = t.acme,
  ownerId?: string,
): Promise<string> {
  const auth = { token: tenant.token, host: tenant.host }
  const name = newText()
  switch (kind) {
    case 'user':
      return t.invite(`${name}@example.com`, '$member', tenant)
    case 'group':
      return t.addGroup(name, [], tenant)
    case 'persona':
    case 'purpose':
      return (await t.post(`/api/service/${kind}s`, { name }, auth)).json.id
    case 'api-token': {
      const owner = ownerId ?? (await t.invite(`${name}@example.com`, '$member', tenant))
      const input = { displayName: name, description: '', personas: [], lifetimeSeconds: null }
      return (await issueTokenFor(t.operator(tenant), owner, input)).token.id
    }
    case 'oauth-client':
      return (await t.addOAuthClient('$guest', tenant)).clientId
    case 'sso-mapper': {
      await t.addGroup(name, [], tenant)
      const config = { group: name, 'attribute.value': name }
      const body = { identityProviderMapper: 'saml-group-idp-mapper', config }
      return (await t.post(`/api/service/idp/${ssoAlias}/mappers`, body, auth)).json.id
    }
    case 'sso-connection':
      return t.addConnection(name, tenant)
    case 'scim-token': {
      await endScimTokens(t, tenant)
      return (await t.addScimToken({ label: name }, tenant)).id
    }
    case 'scim-log-entry':
      return String(await t.db.engine.transact((trx) => insertEntry(trx, tenant.id, logEntry, [])))
    case 'invitation': {
      const userId = await t.invite(`${name}@example.com`, '$member', tenant)
      return (await t.get(`/api/muster/invitations?filter=${encodeURIComponent(JSON.stringify({ userId }))}`, auth))
        .json.records[0].id
    }
    case 'session':
      return (await t.startSession(ownerId ?? (await t.addUser(name, '$member', tenant)).id, tenant)).session.id
    case 'domain': {
      const domain = await addDomain(t.operator(tenant), `${name}.example`)
      t.txtRecords.set(recordName(domain), [domain.challenge])
      return domain.id
    }
    case 'sso-test': {
      const { connection } = await startSso(t, { alias: name, tenant })
      return (await createTest(t.operator(tenant), connection.id)).test.id
    }
    case 'outbox-item': {
      const subjectId = await makeObject(t, 'invitation', tenant)
      return (await t.get(`/api/muster/outbox?filter=${encodeURIComponent(JSON.stringify({ subjectId }))}`, auth)).json
        .records[0].id
    }
  }
}

/** At most two are live: room for those that follow. */
export async function endScimTokens(t: TestApp, tenant: TestTenant): Promise<void> {
  const operator = t.operator(tenant)
  for (const token of await listTokens(operator)) await revokeToken(operator, token.id)
}

const logEntry = {
  at: Date.parse('2026-01-02T03:04:05Z'),
  request_id: 'matrix',
  token_id: '',
  token_label: '',
  address: '192.0.2.7',
  user_agent: '',
  client: '',
  method: 'GET',
  path: '/api/scim/v2/Users',
  query: '',
  status: 401,
  scim_type: '',
  detail: '',
  cause: '',
  duration_ms: 0,
  request_bytes: 0,
  response_bytes: 0,
  request_body: '',
  response_body: '',
}

function bearer(title: string, token: string): Presentation {
  return { title, options: { token } }
}

function header(authorization: string | readonly string[]): Presentation {
  return {
    title: `Authorization: ${JSON.stringify(authorization)}`,
    options: { token: null, headers: { authorization } },
  }
}

/** A valid admin token, shown in ways that do not count, and secrets of other kinds. */
async function badlyPresented(t: TestApp, valid: string, client: TestClient) {
  const invitation = await t.invitationToken(await t.invite('wrong-kind@example.com'))
  await endScimTokens(t, t.acme)
  const scim = await t.addScimToken()
  // Of each kind of credential one whose hash is stored where API tokens are: only the prefix tells.
  const kinds = await Promise.all(
    Object.entries(credentialKinds)
      .filter(([kind]) => kind !== 'api_token')
      .map(async ([kind, prefix]) => {
        const input = { displayName: kind, role: '$admin', rights: [], lifetimeSeconds: null } as const
        const { secret } = await issueServiceToken(t.operator(), { ...input, secret: newSecret(prefix) })
        return bearer(`${kind} among API tokens`, secret)
      }),
  )
  return {
    none: [{ title: 'no credential', options: { token: null } }],
    'other-scheme': ['Basic', 'Token', 'Digest', 'DPoP'].map((scheme) => header(`${scheme} ${valid}`)),
    malformed: [
      'Bearer',
      'Bearer ',
      `Bearer${valid}`,
      `Bearer ${valid} x`,
      `Bearer ${valid},x`,
      `"Bearer ${valid}"`,
      'Bearer "',
      valid,
    ].map(header),
    'two-headers': [header([`Bearer ${valid}`, `Bearer ${valid}`]), header([`Bearer ${valid}`, 'Basic eDp5'])],
    'token-in-query': ['access_token', 'token', 'authorization', 'api_key'].map((name) => ({
      title: `?${name}=`,
      options: { token: null },
      query: `${name}=${valid}`,
    })),
    'token-in-cookie': ['__Host-muster', 'muster-invite', 'access_token'].map((name) => ({
      title: `cookie ${name}`,
      options: { token: null, headers: { cookie: `${name}=${valid}` } },
    })),
    unknown: [
      bearer('never issued', newSecret('mst_')),
      bearer('one character off', `${valid.slice(0, -1)}${valid.endsWith('A') ? 'B' : 'A'}`),
      bearer('cut', valid.slice(0, -1)),
    ],
    'wrong-kind': [
      ...kinds,
      bearer('invitation', invitation),
      bearer('SCIM token', scim.secret),
      bearer('secret of an OAuth client', client.secret),
      bearer('id of an OAuth client', client.clientId),
    ],
  } satisfies Partial<Record<StateName, readonly Presentation[]>>
}

/** Tokens of each role and kind that were valid once, or whose owner may not act. */
async function deadTokens(t: TestApp) {
  const dead = {
    expired: [] as Presentation[],
    revoked: [] as Presentation[],
    'owner-disabled': [] as Presentation[],
    'owner-pending': [] as Presentation[],
    'owner-deleted': [] as Presentation[],
    'client-deleted': [] as Presentation[],
  }
  for (const role of workspaceRoles) {
    const owner = await t.invite(`owner-${role.slice(1)}@example.com`, role)
    dead['owner-pending'].push(bearer(`pending ${role}`, await t.personalToken(owner)))
    const disabled = await t.addUser(`disabled-${role.slice(1)}`, role)
    dead['owner-disabled'].push(bearer(`disabled ${role}`, disabled.token))
    const gone = await t.addUser(`gone-${role.slice(1)}`, role)
    dead['owner-deleted'].push(bearer(`deleted ${role}`, gone.token))
    const issued = { displayName: 'short', description: '', personas: [], lifetimeSeconds: 1 }
    const alive = await t.addUser(`alive-${role.slice(1)}`, role)
    dead.expired.push(bearer(`expired personal ${role}`, (await issueTokenFor(t.operator(), alive.id, issued)).secret))
    dead.expired.push(
      bearer(
        `expired service ${role}`,
        (await issueServiceToken(t.operator(), { ...issued, role, rights: [], secret: null })).secret,
      ),
    )
    const personal = await issueTokenFor(t.operator(), alive.id, { ...issued, lifetimeSeconds: null })
    const service = await issueServiceToken(t.operator(), {
      ...issued,
      lifetimeSeconds: null,
      role,
      rights: [],
      secret: null,
    })
    for (const { token, secret } of [personal, service]) {
      await requireWorks(t, secret)
      await t.delete(`/api/service/apikeys/${token.id}`)
      dead.revoked.push(bearer(`revoked ${role}`, secret))
    }
    const signedIn = await t.startSession(alive.id)
    const ended = await t.sessionToken(alive.id, t.acme, signedIn)
    await requireWorks(t, ended)
    await t.delete(`/api/muster/sessions/${signedIn.session.id}`)
    dead.revoked.push(bearer(`signed out ${role}`, ended))
    dead['owner-disabled'].push(bearer(`session of disabled ${role}`, await t.sessionToken(disabled.id)))
    dead['owner-deleted'].push(bearer(`session of deleted ${role}`, await t.sessionToken(gone.id)))
    const client = await t.addOAuthClient(role)
    dead.expired.push(bearer(`expired access ${role}`, await t.accessToken(client, t.acme, 1)))
    const deleted = await t.addOAuthClient(role)
    const orphan = await t.accessToken(deleted)
    await requireWorks(t, orphan)
    await t.delete(`/api/service/oauth-clients/${deleted.clientId}`)
    dead['client-deleted'].push(bearer(`client deleted ${role}`, orphan))
    for (const { token } of [disabled, gone]) await requireWorks(t, token)
    await t.post(`/api/service/users/${disabled.id}`, { enabled: false })
    await t.post(`/api/service/users/${gone.id}/delete`)
  }
  for (const { options } of dead.expired) await requireWorks(t, options.token ?? '')
  // To the millisecond: at this instant the lifetime of one second is over.
  t.clock.advance(1000)
  return dead
}

/** A token that never worked would prove nothing by being refused. */
async function requireWorks(t: TestApp, token: string): Promise<void> {
  const { status } = await t.get('/api/service/whoami', { token })
  if (status !== 200) throw new Error(`a token that should work gets ${status}`)
}

async function groupName(t: TestApp, id: string): Promise<string> {
  const filter = encodeURIComponent(JSON.stringify({ id }))
  return (await t.get(`/api/service/groups?filter=${filter}`)).json.records[0].name
}

/** Where the values for placeholders come from; `extra` are those of one situation. */
type Filling = Pick<World, 't' | 'own' | 'foreign' | 'client'> & {
  readonly extra?: Readonly<Record<string, () => string | Promise<string>>>
}

/** Ids and texts for the placeholders of the matrix; everything else stays as it is written. */
export async function fill(world: Filling, value: unknown): Promise<unknown> {
  if (Array.isArray(value)) return Promise.all(value.map((entry) => fill(world, entry)))
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(async ([key, entry]) => [key, await fill(world, entry)] as const)
    return Object.fromEntries(await Promise.all(entries))
  }
  return typeof value === 'string' ? fillText(world, value) : value
}

export async function fillText({ t, own, foreign, client, extra }: Filling, text: string): Promise<string> {
  const sources: Readonly<Record<string, () => string | Promise<string>>> = {
    $new: newText,
    $certificate: () => certificates.rsa,
    $unknown: () => uuid(),
    $user: () => own.user,
    $group: () => own.group,
    '$group-name': () => groupName(t, own.group),
    $persona: () => own.persona,
    '$client-id': () => client.clientId,
    '$client-secret': () => client.secret,
    $role: () => t.roleId('$guest'),
    '$sub-role': () => t.roleId('$governance-admin'),
    '$foreign-user': () => foreign.user,
    '$foreign-role': () => t.roleId('$guest', t.other),
    $invitation: async () => t.invitationToken(await t.invite(`${newText()}@example.com`)),
    ...extra,
  }
  const found = Object.keys(sources)
    .toSorted((a, b) => b.length - a.length)
    .find((name) => text.includes(name))
  return found === undefined ? text : text.replace(found, (await sources[found]?.()) ?? '')
}
