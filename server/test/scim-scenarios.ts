import { certificates } from '../src/sso-connections/testdata/certificates.ts'
import { makeObject, newText } from './authz-world.ts'
import type { EventName } from '../src/events/event-types.ts'
import { newEmail, post, type Arrange, type Post, type Scenario } from './scenario.ts'
import type { TestApp } from './start-test-app.ts'

interface ScimToken {
  readonly id: string
  readonly secret: string
}

const tokens = new WeakMap<TestApp, Promise<ScimToken>>()

/** The token all changes through SCIM are made with; at the end it is rotated and revoked. */
export function scimTokenOf(t: TestApp): Promise<ScimToken> {
  let token = tokens.get(t)
  if (token === undefined) {
    token = t.addScimToken()
    tokens.set(t, token)
  }
  return token
}

export function isOverScim({ by }: Pick<Scenario, 'by'>): boolean {
  return by.includes(' /api/scim/')
}

function overScim(
  by: string,
  what: string,
  arrange: (t: TestApp) => Promise<Post>,
  leaves: readonly EventName[],
  again?: readonly EventName[],
): Scenario {
  const method = by.split(' ')[0] ?? ''
  const act: Arrange = async (t) => {
    const { secret } = await scimTokenOf(t)
    const { path, body } = await arrange(t)
    return (as = {}) => t.request(method, path, { token: secret, ...as, ...(body === undefined ? {} : { body }) })
  }
  return { by, what, arrange: act, leaves, ...(again === undefined ? {} : { again }) }
}

const base = '/api/scim/v2'
const userUrn = 'urn:ietf:params:scim:schemas:core:2.0:User'
const groupUrn = 'urn:ietf:params:scim:schemas:core:2.0:Group'

function newUser(): object {
  const userName = newEmail()
  return { schemas: [userUrn], userName, emails: [{ value: userName, type: 'work', primary: true }] }
}

async function addScim(t: TestApp, path: string, body: object): Promise<string> {
  const { secret } = await scimTokenOf(t)
  const { status, json, text } = await t.post(`${base}/${path}`, body, { token: secret })
  if (status !== 201) throw new Error(`${path} was not created: ${text}`)
  return json.id
}

const addUser = (t: TestApp) => addScim(t, 'Users', newUser())

function addGroup(t: TestApp, members: readonly string[] = []): Promise<string> {
  const body = { schemas: [groupUrn], displayName: newText(), members: members.map((value) => ({ value })) }
  return addScim(t, 'Groups', body)
}

function patch(op: string, path: string, value?: unknown): object {
  const operation = { op, path, ...(value === undefined ? {} : { value }) }
  return { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations: [operation] }
}

const ofUsers: readonly Scenario[] = [
  overScim('POST /api/scim/v2/Users', 'a new one', async () => ({ path: `${base}/Users`, body: newUser() }), [
    'user.created',
  ]),
  overScim(
    'PATCH /api/scim/v2/Users/{id}',
    'a new name',
    async (t) => ({ path: `${base}/Users/${await addUser(t)}`, body: patch('replace', 'name.givenName', newText()) }),
    ['user.updated'],
    [],
  ),
  overScim(
    'PATCH /api/scim/v2/Users/{id}',
    'not active',
    async (t) => ({ path: `${base}/Users/${await addUser(t)}`, body: patch('replace', 'active', false) }),
    ['user.disabled'],
    [],
  ),
  overScim(
    'PATCH /api/scim/v2/Users/{id}',
    'a name of somebody who was invited',
    async (t) => ({
      path: `${base}/Users/${await makeObject(t, 'user')}`,
      body: patch('replace', 'name.givenName', newText()),
    }),
    ['user.adopted', 'user.updated'],
    [],
  ),
  overScim(
    'PUT /api/scim/v2/Users/{id}',
    'a new title',
    async (t) => {
      const body = { ...newUser(), title: newText() }
      return { path: `${base}/Users/${await addScim(t, 'Users', body)}`, body: { ...body, title: newText() } }
    },
    ['user.updated'],
    [],
  ),
  overScim(
    'DELETE /api/scim/v2/Users/{id}',
    'one it made',
    async (t) => ({ path: `${base}/Users/${await addUser(t)}` }),
    ['user.deleted'],
  ),
]

const ofGroups: readonly Scenario[] = [
  overScim(
    'POST /api/scim/v2/Groups',
    'with a member',
    async (t) => ({
      path: `${base}/Groups`,
      body: { schemas: [groupUrn], displayName: newText(), members: [{ value: await addUser(t) }] },
    }),
    ['group.created', 'group.member_added'],
  ),
  overScim(
    'PATCH /api/scim/v2/Groups/{id}',
    'another name',
    async (t) => ({ path: `${base}/Groups/${await addGroup(t)}`, body: patch('replace', 'displayName', newText()) }),
    ['group.updated'],
    [],
  ),
  overScim(
    'PATCH /api/scim/v2/Groups/{id}',
    'a new member',
    async (t) => ({
      path: `${base}/Groups/${await addGroup(t)}`,
      body: patch('add', 'members', [{ value: await addUser(t) }]),
    }),
    ['group.member_added'],
    [],
  ),
  overScim(
    'PATCH /api/scim/v2/Groups/{id}',
    'without its member',
    async (t) => {
      const user = await addUser(t)
      return {
        path: `${base}/Groups/${await addGroup(t, [user])}`,
        body: patch('remove', `members[value eq "${user}"]`),
      }
    },
    ['group.member_removed'],
    [],
  ),
  overScim(
    'PUT /api/scim/v2/Groups/{id}',
    'one member for another',
    async (t) => ({
      path: `${base}/Groups/${await addGroup(t, [await addUser(t)])}`,
      body: { schemas: [groupUrn], displayName: newText(), members: [{ value: await addUser(t) }] },
    }),
    ['group.updated', 'group.member_removed', 'group.member_added'],
    [],
  ),
  overScim(
    'DELETE /api/scim/v2/Groups/{id}',
    'with a member',
    async (t) => ({ path: `${base}/Groups/${await addGroup(t, [await addUser(t)])}` }),
    ['group.deleted'],
  ),
]

const connections = '/api/muster/sso-connections'

const ofConnections: readonly Scenario[] = [
  post(
    `POST ${connections}`,
    'a new one',
    async () => ({
      path: connections,
      body: {
        alias: newText(),
        entityId: 'https://idp.example.com',
        signOnUrl: 'https://idp.example.com/sso',
        certificates: [certificates.rsa],
      },
    }),
    ['sso_connection.created'],
  ),
  post(
    `POST ${connections}/{id}`,
    'another name',
    async (t) => ({
      path: `${connections}/${await makeObject(t, 'sso-connection')}`,
      body: { displayName: newText() },
    }),
    ['sso_connection.updated'],
    [],
  ),
  post(
    `DELETE ${connections}/{id}`,
    'one of two',
    async (t) => ({ path: `${connections}/${await makeObject(t, 'sso-connection')}` }),
    ['sso_connection.deleted'],
  ),
]

const scim = '/api/muster/scim'

/** The last ones: they end the token that the others use. */
const ofScimSettings: readonly Scenario[] = [
  post(
    `POST ${scim}/settings`,
    'another profile',
    async () => ({ path: `${scim}/settings`, body: { profile: 'okta', roleMap: { [newText()]: '$guest' } } }),
    ['scim_settings.updated'],
    [],
  ),
  post(
    `POST ${scim}/tokens`,
    'a second one',
    async (t) => (await scimTokenOf(t), { path: `${scim}/tokens`, body: { label: newText() } }),
    ['scim_token.created'],
  ),
  post(
    `POST ${scim}/tokens/{id}/rotate`,
    'one in use, without overlap',
    async (t) => ({ path: `${scim}/tokens/${(await scimTokenOf(t)).id}/rotate`, body: { overlapSeconds: 0 } }),
    ['scim_token.rotated'],
  ),
  post(
    `DELETE ${scim}/tokens/{id}`,
    'one that was rotated',
    async (t) => ({ path: `${scim}/tokens/${(await scimTokenOf(t)).id}` }),
    ['scim_token.revoked'],
    [],
  ),
]

export const ofSignIn: readonly Scenario[] = [...ofConnections, ...ofUsers, ...ofGroups, ...ofScimSettings]
