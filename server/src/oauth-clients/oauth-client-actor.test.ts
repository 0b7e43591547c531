import assert from 'node:assert/strict'
import { test } from 'node:test'
import { permissionsOf, workspaceRoles } from '../access/permissions.ts'
import { startTestApp } from '../../test/start-test-app.ts'

const clients = '/api/service/oauth-clients'

test('a client is an actor of its own with its role, and no API token', async () => {
  await using t = await startTestApp()
  for (const role of workspaceRoles) {
    const client = await t.addOAuthClient(role)
    const token = await t.accessToken(client)
    const { json } = await t.get('/api/service/whoami', { token })
    const roleId = await t.roleId(role)
    assert.deepEqual(
      [json.userId, json.username, json.workspaceRole],
      [client.id, `service-account-${client.clientId}`, role],
    )
    assert.deepEqual(json.roles, [{ id: roleId, roleId, roleName: role, name: role }])
    assert.equal(json.assignedRole.id, roleId)
    assert.deepEqual(json.permissions, [...permissionsOf(role)].toSorted())
    const current = (await t.get('/api/service/users/current', { token })).json
    assert.deepEqual([current.id, current.username], [json.userId, json.username])
  }
})

test('a client has its role of this moment, up and down', async () => {
  await using t = await startTestApp()
  const client = await t.addOAuthClient('$guest')
  const token = await t.accessToken(client)
  const rounds = [
    ['$admin', 200, 200],
    ['$member', 403, 200],
    ['$guest', 403, 403],
    ['$admin', 200, 200],
  ] as const
  for (const [round, [role, write, read]] of rounds.entries()) {
    await t.put(`${clients}/${client.clientId}`, { role })
    const name = `round-${round}`
    assert.equal((await t.post('/api/service/personas', { name }, { token })).status, write, role)
    assert.equal((await t.get('/api/service/groups', { token })).status, read, role)
  }
})

test('what a client does carries its name: in records, in events, and in invitations', async () => {
  await using t = await startTestApp()
  const client = await t.addOAuthClient('$admin')
  const token = await t.accessToken(client)
  const name = `service-account-${client.clientId}`
  const group = (await t.post('/api/service/groups', { group: { name: 'made' } }, { token })).json.group
  const { json: groups } = await t.get(`/api/service/groups?filter=${encodeURIComponent(`{"id":"${group}"}`)}`)
  assert.deepEqual(groups.records[0].attributes.createdBy, [name])
  assert.equal((await t.post(clients, { displayName: 'child', role: '$admin' }, { token })).json.createdBy, name)
  const invited = (await t.post('/api/service/users', { emails: ['new@example.com'] }, { token })).json.createdUsers
  const user = (await t.get(`/api/service/users/${invited['new@example.com']}`)).json
  assert.deepEqual(user.attributes.invitedBy, [name])
  const { json: events } = await t.get(`/api/service/events/main?authUser=${client.id}`)
  assert.ok(events.length >= 3)
  for (const { authDetails } of events) assert.deepEqual([authDetails.clientId, authDetails.userId], [name, client.id])
  const [created] = (await t.get(`/api/service/events/main?resourcePath=clients/${client.id}`)).json
  assert.deepEqual([created.operationType, created.resourceType], ['CREATE', 'CLIENT'])
})

test('each token a client gets is a sign-in of its own kind', async () => {
  await using t = await startTestApp()
  const { id, clientId, secret } = await t.addOAuthClient('$member')
  const other = await t.addOAuthClient('$member')
  for (const body of [
    { clientId, clientSecret: secret },
    { clientId: other.clientId, clientSecret: other.secret },
  ]) {
    await t.post(`${clients}/token`, body, { token: null })
    t.clock.advance(1_000)
  }
  const read = async (query: string) => (await t.get(`/api/service/events/login?${query}`)).json
  const all = await read('')
  assert.deepEqual(all[1], {
    clientId,
    details: {},
    ipAddress: '127.0.0.1',
    realmId: 'default',
    time: Date.parse('2026-01-02T03:04:05.000Z'),
    type: 'CLIENT_LOGIN',
    userId: id,
  })
  for (const [query, count] of [
    ['type=KeycloakEventType.CLIENT_LOGIN', 2],
    ['type=LOGIN&type=CLIENT_LOGIN', 2],
    ['type=LOGIN', 0],
    ['type=CLIENT_LOGIN_ERROR', 0],
    [`client=${clientId}`, 1],
    [`client=${clientId}&type=LOGIN`, 0],
    ['client=atlan-frontend', 0],
    ['client=oauth-client-x', 0],
    [`user=${id}`, 1],
    [`user=${id}&client=${other.clientId}`, 0],
  ] as const)
    assert.equal((await read(query)).length, count, query)
})

test('a token that a client makes ends with the access token it was made with', async () => {
  await using t = await startTestApp()
  const access = await t.accessToken(await t.addOAuthClient('$member'), t.acme, 100)
  const { json } = await t.post('/api/service/apikeys', { displayName: 'child' }, { token: access })
  assert.equal(json.attributes['access.token.lifespan'], '100')
  const statuses = async () =>
    Promise.all(
      [access, json.attributes.accessToken].map(
        async (token) => (await t.get('/api/service/whoami', { token })).status,
      ),
    )
  assert.deepEqual(await statuses(), [200, 200])
  t.clock.advance(100_000)
  assert.deepEqual(await statuses(), [401, 401])
})
