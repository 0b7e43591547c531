import { randomBytes } from 'node:crypto'
import type { ScimProfile, ScimRules } from '../src/scim-tokens/scim-rules.schema.ts'
import { issueServiceToken } from '../src/api-tokens/api-tokens.service.ts'
import { operatorCtx } from '../src/commands/operator.ts'
import { createTenant } from '../src/tenants/tenants.service.ts'
import type { TestApp, TestTenant } from './start-test-app.ts'
import type { Answer, RequestOptions } from './test-client.ts'

/** A tenant with SCIM switched on, as an identity provider reaches it. */
export interface ScimWorkspace {
  readonly t: TestApp
  readonly tenant: TestTenant
  /** The SCIM token. */
  readonly token: string
  /** A service token that may change how people sign in. */
  readonly operator: string
}

export const userUrn = 'urn:ietf:params:scim:schemas:core:2.0:User'
export const groupUrn = 'urn:ietf:params:scim:schemas:core:2.0:Group'
export const enterpriseUrn = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
export const patchUrn = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'
export const nobody = '00000000-0000-4000-8000-000000000000'
const base = '/api/scim/v2'

/** Switches SCIM on through the settings routes: a connection, a token, a profile. */
export async function openScim(t: TestApp, profile: ScimProfile = 'lenient', tenant = t.acme): Promise<ScimWorkspace> {
  const { secret: operator } = await issueServiceToken(t.operator(tenant), {
    displayName: 'sign-in settings',
    role: '$admin',
    rights: ['sign-in-settings'],
    lifetimeSeconds: null,
    secret: null,
  })
  const auth = { token: operator, host: tenant.host }
  await expectOk(t.post('/api/muster/sso-connections', connection, auth))
  const { json } = await expectOk(t.post('/api/muster/scim/tokens', { label: 'idp' }, auth))
  const scim = { t, tenant, token: json.token, operator }
  await changeScim(scim, { profile })
  return scim
}

/** The same in a tenant of its own: a file of tests can share one app, and none of them sees another's people. */
export async function newScim(t: TestApp, profile: ScimProfile = 'lenient'): Promise<ScimWorkspace> {
  const slug = `t${randomBytes(6).toString('hex')}`
  const { id } = await createTenant(operatorCtx(t.serverDb, '', t.clock.now()), {
    slug,
    name: slug,
    plan: 'enterprise',
  })
  const { secret: token } = await issueServiceToken(operatorCtx(t.serverDb, id, t.clock.now()), {
    displayName: 'test admin',
    role: '$admin',
    rights: [],
    lifetimeSeconds: null,
    secret: null,
  })
  return openScim(t, profile, { id, host: `${slug}.localhost`, token })
}

/** Changes the settings of SCIM; overrides are replaced whole. */
export async function changeScim(
  { t, operator, tenant }: ScimWorkspace,
  change: { profile?: ScimProfile; overrides?: Partial<ScimRules>; roleMap?: object; enabled?: boolean },
): Promise<void> {
  await expectOk(t.post('/api/muster/scim/settings', change, { token: operator, host: tenant.host }))
}

async function expectOk(answering: Promise<Answer>): Promise<Answer> {
  const answer = await answering
  if (answer.status !== 200) throw new Error(`SCIM could not be set up: ${answer.status} ${answer.text}`)
  return answer
}

/** Sends below the base; a text is sent as it is. */
export function scimRequest(
  { t, token, tenant }: ScimWorkspace,
  method: string,
  path: string,
  body?: unknown,
  { headers = {}, ...options }: RequestOptions = {},
): Promise<Answer> {
  const payload = typeof body === 'string' ? { rawBody: body } : body === undefined ? {} : { body }
  const type = body === undefined ? {} : { 'content-type': 'application/scim+json' }
  return t.request(method, path.startsWith('/api/') ? path : `${base}${path}`, {
    token,
    host: tenant.host,
    ...payload,
    ...options,
    headers: { ...type, ...headers },
  })
}

export function patchScim(scim: ScimWorkspace, path: string, ...operations: readonly object[]): Promise<Answer> {
  return scimRequest(scim, 'PATCH', path, { schemas: [patchUrn], Operations: operations })
}

/** Makes a user; answers the resource. */
// oxlint-disable-next-line typescript/no-explicit-any
export async function addScimUser(scim: ScimWorkspace, userName: string, more: object = {}): Promise<any> {
  const answer = await scimRequest(scim, 'POST', '/Users', { schemas: [userUrn], userName, ...more })
  if (answer.status !== 201) throw new Error(`${userName} was not made: ${answer.text}`)
  return answer.json
}

/** Makes a group of these members; answers the resource. */
export async function addScimGroup(
  scim: ScimWorkspace,
  displayName: string,
  memberIds: readonly string[] = [],
  // oxlint-disable-next-line typescript/no-explicit-any
): Promise<any> {
  const members = memberIds.map((value) => ({ value }))
  const answer = await scimRequest(scim, 'POST', '/Groups', { schemas: [groupUrn], displayName, members })
  if (answer.status !== 201) throw new Error(`${displayName} was not made: ${answer.text}`)
  return answer.json
}

/** The resource as it is now. */
// oxlint-disable-next-line typescript/no-explicit-any
export async function readScim(scim: ScimWorkspace, path: string): Promise<any> {
  const answer = await scimRequest(scim, 'GET', path)
  if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${answer.text}`)
  return answer.json
}

/** Ids of what matches. */
export async function findScim(scim: ScimWorkspace, type: 'Users' | 'Groups', filter: string): Promise<string[]> {
  const { Resources } = await readScim(scim, `/${type}?count=1000&filter=${encodeURIComponent(filter)}`)
  return Resources.map(({ id }: { id: string }) => id)
}

/** Status and scimType of a refusal, or the status alone. */
export function outcome(answer: Answer): readonly [number, string?] {
  const { status, text } = answer
  if (status < 400) return [status]
  const { scimType } = JSON.parse(text)
  return scimType === undefined ? [status] : [status, scimType]
}

const connection = {
  alias: 'test',
  entityId: 'https://idp.example.com/test',
  signOnUrl: 'https://idp.example.com/test/sso',
  certificates: [
    `-----BEGIN CERTIFICATE-----
MIIBOjCB4AIBATAKBggqhkjOPQQDAjAoMSYwJAYDVQQDDB1NdXN0ZXIgdGVzdCBp
ZGVudGl0eSBwcm92aWRlcjAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAw
MFowKDEmMCQGA1UEAwwdTXVzdGVyIHRlc3QgaWRlbnRpdHkgcHJvdmlkZXIwWTAT
BgcqhkjOPQIBBggqhkjOPQMBBwNCAASlHxdOYcyouVqZoPFiVUzZ3I9IHY4caJvd
B64ajqVNLRlDxKgPegUKKWow9RIt89TgCoreChlDY/kjAhohKPEEMAoGCCqGSM49
BAMCA0kAMEYCIQCRysnShT4ERLVmwxENBHEX4bs1ifBAo4/gPqcjNDuvOAIhAJ6t
GhinDVztTlynITne1NoYdYGNHGSp7bsnsehRAGa8
-----END CERTIFICATE-----`,
  ],
}
