import { ScimRules } from '../src/scim-tokens/scim-rules.schema.ts'
import { makeObject, newText } from './authz-world.ts'
import type { TestApp, TestTenant } from './start-test-app.ts'

/** Ids of one tenant's things, by what they name. */
export interface Ids {
  readonly user: string
  readonly group: string
  readonly role: string
  readonly subRole: string
  readonly decentralizedRole: string
  readonly persona: string
  readonly purpose: string
  readonly apiToken: string
  readonly invitation: string
  readonly outboxItem: string
  readonly clientId: string
  readonly oauthClient: string
  readonly oauthClientId: string
  readonly groupName: string
  /** In the form of a group mapper's name. */
  readonly mapperName: string
  /** Id and secret, with a blank between. */
  readonly clientCredentials: string
  readonly personaName: string
  readonly purposeName: string
  readonly invitationToken: string
}

export async function makeIds(t: TestApp, tenant: TestTenant): Promise<Ids> {
  const auth = { token: tenant.token, host: tenant.host }
  const user = await makeObject(t, 'user', tenant)
  const groupName = newText()
  const group = await t.addGroup(groupName, [user], tenant)
  const [persona, purpose] = [await makeObject(t, 'persona', tenant), await makeObject(t, 'purpose', tenant)]
  const apiToken = await makeObject(t, 'api-token', tenant)
  const read = async (path: string) => (await t.get(path, auth)).json
  const tokens = await read(`/api/service/apikeys?filter=${encodeURIComponent(JSON.stringify({ id: apiToken }))}`)
  const invitation = await makeObject(t, 'invitation', tenant)
  const client = await t.addOAuthClient('$guest', tenant)
  const [role, subRole] = [await t.roleId('$guest', tenant), await t.roleId('$governance-admin', tenant)]
  const heldBy = `/api/muster/users/${user}`
  await t.post(`${heldBy}/sub-roles`, { roleId: subRole }, auth)
  await t.post(
    `${heldBy}/role-grants`,
    { roleId: role, validFrom: '2029-01-01T00:00:00Z', expiresAt: '2030-01-01T00:00:00Z' },
    auth,
  )
  const held = { roleId: role, level: 'connection', privilege: 'admin' }
  const decentralized = await t.post(`${heldBy}/decentralized-roles`, held, auth)
  const mails = await read(`/api/muster/outbox?filter=${encodeURIComponent(JSON.stringify({ subjectId: invitation }))}`)
  return {
    user,
    group,
    persona,
    purpose,
    apiToken,
    invitation,
    role,
    subRole,
    decentralizedRole: decentralized.json.id,
    outboxItem: mails.records[0].id,
    clientId: tokens.records[0].clientId,
    groupName,
    mapperName: `${group}--1767323045000`,
    oauthClient: client.id,
    oauthClientId: client.clientId,
    clientCredentials: `${client.clientId} ${client.secret}`,
    personaName: (await read(`/api/service/personas/${persona}`)).qualifiedName,
    purposeName: (await read(`/api/service/purposes/${purpose}`)).qualifiedName,
    invitationToken: await t.invitationToken(await t.invite(`${newText()}@example.com`, '$member', tenant), tenant),
  }
}

/** What the id fields of each list name. A list's id field that is missing here fails the test. */
export const filterFields: Readonly<Record<string, Readonly<Record<string, keyof Ids>>>> = {
  '/api/service/users': { id: 'user', groups: 'group' },
  '/api/service/groups/{group}/members': { id: 'user', groups: 'group' },
  '/api/muster/users': { id: 'user', groups: 'group' },
  '/api/muster/groups': { id: 'group' },
  '/api/service/groups': { id: 'group' },
  '/api/service/v2/groups': { id: 'group' },
  '/api/service/users/{user}/groups': { id: 'group' },
  '/api/service/roles': { id: 'role' },
  '/api/muster/groups/{group}/members': { userId: 'user' },
  '/api/muster/users/{user}/decentralized-roles': { id: 'decentralizedRole', roleId: 'role' },
  '/api/muster/users/{user}/role-grants': { roleId: 'role' },
  '/api/muster/users/{user}/sub-roles': { roleId: 'subRole' },
  '/api/service/personas': { id: 'persona', qualifiedName: 'personaName' },
  '/api/service/purposes': { id: 'purpose', qualifiedName: 'purposeName' },
  '/api/service/apikeys': { id: 'apiToken', clientId: 'clientId' },
  '/api/service/oauth-clients': { id: 'oauthClient', clientId: 'oauthClientId' },
  '/api/muster/invitations': { id: 'invitation', userId: 'user' },
  '/api/muster/outbox': { id: 'outboxItem', subjectId: 'invitation' },
}

/** Other parameters of queries that take an id; `found` is whether one’s own is found here. */
export const queryParameters: readonly {
  readonly path: string
  readonly query: (id: string) => string
  readonly takes: keyof Ids
  readonly found: boolean
}[] = [
  {
    path: '/api/service/identity/users',
    query: (id) => `filter=${encodeURIComponent(JSON.stringify({ id: { $in: [id] } }))}`,
    takes: 'user',
    found: true,
  },
  {
    path: '/api/service/identity/groups',
    query: (id) => `filter=${encodeURIComponent(JSON.stringify({ id: { $in: [id] } }))}`,
    takes: 'group',
    found: true,
  },
  { path: '/api/service/events/main', query: (id) => `resourcePath=users/${id}`, takes: 'user', found: true },
  { path: '/api/service/events/main', query: (id) => `resourcePath=groups/${id}`, takes: 'group', found: true },
  { path: '/api/service/events/main', query: (id) => `authUser=${id}`, takes: 'user', found: false },
  { path: '/api/service/events/login', query: (id) => `user=${id}`, takes: 'user', found: false },
  { path: '/api/service/events/login', query: (id) => `user=${id}`, takes: 'oauthClient', found: true },
  { path: '/api/service/events/login', query: (id) => `client=${id}`, takes: 'oauthClientId', found: true },
]

interface BodyField {
  readonly op: string
  /** Where in the body: a path of keys, `[]` for each element of a list. */
  readonly field: string
  readonly takes: keyof Ids
  readonly body: (id: string) => unknown
  /** What {id} of the address names; a fresh thing each time. */
  readonly at?: 'user' | 'group' | 'persona' | 'purpose' | 'oauth-client' | 'sso-mapper'
}

const users = 'POST /api/service/users'
const user = 'POST /api/service/users/{id}'
const groups = 'POST /api/service/groups'
const clients = '/api/service/oauth-clients'
const mappers = 'POST /api/service/idp/{alias}/mappers'
const identityProviderMapper = 'saml-group-idp-mapper'

/** Every field of a body that takes an id, with the rest of a body that would succeed. */
export const bodyFields: readonly BodyField[] = [
  { op: users, field: 'roleId', takes: 'role', body: (roleId) => ({ emails: ['by-role@example.com'], roleId }) },
  {
    op: users,
    field: 'users[].roleId',
    takes: 'role',
    body: (roleId) => ({ users: [{ email: 'one-by-role@example.com', roleId }] }),
  },
  {
    op: users,
    field: 'users[].role_id',
    takes: 'role',
    body: (id) => ({ users: [{ email: 'one-by-role-id@example.com', role_id: id }] }),
  },
  {
    op: users,
    field: 'users[].groups[]',
    takes: 'group',
    body: (id) => ({
      users: [{ email: `${newText()}@example.com`, groups: [id] }, { email: `${newText()}@example.com` }],
    }),
  },
  { op: user, field: 'groups[]', takes: 'group', at: 'user', body: (id) => ({ firstName: 'x', groups: [id] }) },
  { op: user, field: 'persona[]', takes: 'persona', at: 'user', body: (id) => ({ firstName: 'x', persona: [id] }) },
  { op: `${user}/roles/update`, field: 'roleId', takes: 'role', at: 'user', body: (roleId) => ({ roleId }) },
  { op: `${user}/roles/update`, field: 'role_id', takes: 'role', at: 'user', body: (id) => ({ role_id: id }) },
  {
    op: 'PUT /api/service/users/{id}/roles',
    field: 'roles[]',
    takes: 'role',
    at: 'user',
    body: (id) => ({ roles: [id] }),
  },
  {
    op: `${user}/delete`,
    field: 'transferToUserId',
    takes: 'user',
    at: 'user',
    body: (id) => ({ transferToUserId: id }),
  },
  { op: `${user}/groups`, field: 'groups[]', takes: 'group', at: 'user', body: (id) => ({ groups: [id] }) },
  {
    op: 'POST /api/muster/users/{id}/role-grants',
    field: 'roleId',
    takes: 'role',
    at: 'user',
    body: (roleId) => ({ roleId, expiresAt: '2030-01-01T00:00:00Z' }),
  },
  {
    op: 'POST /api/muster/users/{id}/sub-roles',
    field: 'roleId',
    takes: 'subRole',
    at: 'user',
    body: (roleId) => ({ roleId }),
  },
  {
    op: 'POST /api/muster/users/{id}/decentralized-roles',
    field: 'roleId',
    takes: 'role',
    at: 'user',
    body: (roleId) => ({ roleId, level: 'connection', privilege: 'admin' }),
  },
  {
    op: 'POST /api/muster/groups/{id}/members',
    field: 'members[].userId',
    takes: 'user',
    at: 'group',
    body: (userId) => ({ members: [{ userId, expiresAt: '2030-01-01T00:00:00Z' }] }),
  },
  { op: groups, field: 'users[]', takes: 'user', body: (id) => ({ group: { name: newText() }, users: [id] }) },
  { op: `${groups}/{id}/members`, field: 'users[]', takes: 'user', at: 'group', body: (id) => ({ users: [id] }) },
  {
    op: `${groups}/{id}/members/remove`,
    field: 'users[]',
    takes: 'user',
    at: 'group',
    body: (id) => ({ users: [id] }),
  },
  {
    op: 'POST /api/service/personas/{id}/subjects',
    field: 'users[]',
    takes: 'user',
    at: 'persona',
    body: (id) => ({ users: [id], groups: [] }),
  },
  {
    op: 'POST /api/service/personas/{id}/subjects',
    field: 'groups[]',
    takes: 'group',
    at: 'persona',
    body: (id) => ({ users: [], groups: [id] }),
  },
  {
    op: 'POST /api/muster/purposes/{id}/subjects',
    field: 'users[]',
    takes: 'user',
    at: 'purpose',
    body: (id) => ({ users: [id], groups: [] }),
  },
  {
    op: 'POST /api/muster/purposes/{id}/subjects',
    field: 'groups[]',
    takes: 'group',
    at: 'purpose',
    body: (id) => ({ users: [], groups: [id] }),
  },
  {
    op: 'POST /api/service/apikeys',
    field: 'personaQualifiedNames[]',
    takes: 'personaName',
    body: (name) => ({ displayName: 'x', personaQualifiedNames: [name] }),
  },
  {
    op: `POST ${clients}`,
    field: 'personaQNs[]',
    takes: 'personaName',
    body: (name) => ({ displayName: 'x', role: '$guest', personaQNs: [name] }),
  },
  ...['PUT', 'POST'].map((method) => ({
    op: `${method} ${clients}/{id}`,
    field: 'personaQNs[]',
    takes: 'personaName' as const,
    at: 'oauth-client' as const,
    body: (name: string) => ({ personaQNs: [name] }),
  })),
  ...['clientId', 'clientSecret'].map((field) => ({
    op: `POST ${clients}/token`,
    field,
    takes: 'clientCredentials' as const,
    body: (credentials: string) => ({ clientId: credentials.split(' ')[0], clientSecret: credentials.split(' ')[1] }),
  })),
  {
    op: mappers,
    field: 'config.group',
    takes: 'groupName',
    body: (group) => ({ identityProviderMapper, config: { group, 'attribute.value': newText() } }),
  },
  {
    op: mappers,
    field: 'name',
    takes: 'mapperName',
    body: (name) => ({ name, identityProviderMapper, config: { 'attribute.value': newText() } }),
  },
  {
    op: `${mappers}/{id}`,
    field: 'config.group',
    takes: 'groupName',
    at: 'sso-mapper',
    body: (group) => ({ config: { group } }),
  },
  {
    op: 'POST /auth/accept-invite',
    field: 'token',
    takes: 'invitationToken',
    body: (token) => ({ token, username: newText(), password: 'correct horse battery staple' }),
  },
]

/** Fields of bodies that take no id of anything, or whose value never leads anywhere. */
export const otherFields: ReadonlySet<string> = new Set([
  'access',
  'POST /api/muster/sign-in-settings requiresSecondFactor',
  'POST /api/muster/sign-in-settings sessionIdleMinutes',
  'POST /api/muster/sign-in-settings sessionMaxMinutes',
  'alias',
  'metadataUrl',
  'preset',
  'signed',
  'allowsIdpInitiated',
  'createsUsers',
  'defaultRole',
  'emailAttribute',
  'firstNameAttribute',
  'lastNameAttribute',
  'roleAttribute',
  'roleRules[].value',
  'roleRules[].role',
  'enforced',
  'attributes',
  'certificates[]',
  'config.are.attribute.values.regex',
  'config.attribute.friendly.name',
  'config.attribute.name',
  'config.attribute.value',
  'config.attributes',
  'config.syncMode',
  'config.user.attribute',
  'dataPolicies[]',
  'description',
  'displayName',
  'email',
  'emails[]',
  'enabled',
  'expiresAt',
  'entityId',
  'firstName',
  'glossaryPolicies[]',
  'group.alias',
  'group.attributes',
  'group.name',
  'identityProviderAlias',
  'identityProviderMapper',
  'isActive',
  'label',
  'lastName',
  'level',
  'members[].expiresAt',
  'members[].validFrom',
  'logDays',
  'logoutUrl',
  'metadataPolicies[]',
  'metadataXml',
  'name',
  'objectId',
  'password',
  'personas[]',
  'privilege',
  'readme',
  'resources[]',
  'overlapSeconds',
  'password',
  'personas[]',
  'profile',
  'readme',
  'roleMap',
  'roleName',
  'signOnUrl',
  'tags[]',
  'username',
  'users[].attributes',
  'users[].email',
  'users[].firstName',
  'users[].lastName',
  'users[].role_name',
  'users[].roleName',
  'users[].username',
  'users[].workspaceRole',
  'validFrom',
  'validitySeconds',
  'version',
  'workspaceRole',
  // Rules of SCIM are chosen from lists.
  ...Object.keys(ScimRules.properties).map((rule) => `overrides.${rule}`),
  // Names of roles, not ids; the id of the address, and no other; names that are kept as text.
  'POST /api/service/users/{id} roles[]',
  'POST /api/service/users/{id} id',
  'POST /api/service/idp/{alias}/mappers id',
  'POST /api/service/idp/{alias}/mappers/{id} id',
  'POST /api/service/apikeys/{id} personaQualifiedNames[]',
  'POST /api/service/oauth-clients role',
  'PUT /api/service/oauth-clients/{id} role',
  'POST /api/service/oauth-clients/{id} role',
])
