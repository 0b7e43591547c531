import assert from 'node:assert/strict'
import { test } from 'node:test'
import { permissionsOf, workspaceRoles } from '../access/permissions.ts'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'

interface Caller {
  readonly role: string
  readonly token: string
  readonly kind: 'service' | 'personal'
}

async function everyCaller(t: TestApp): Promise<Caller[]> {
  const callers: Caller[] = []
  for (const role of workspaceRoles) {
    callers.push({ role, kind: 'service', token: await t.serviceToken(role) })
    callers.push({ role, kind: 'personal', token: (await t.addUser(`user-${role.slice(1)}`, role)).token })
  }
  return callers
}

test('a token is an actor of its own: its name begins with service-account-apikey-, whoever owns it', async () => {
  await using t = await startTestApp()
  for (const { role, token, kind } of await everyCaller(t)) {
    const { status, json } = await t.get('/api/service/users/current', { token })
    assert.equal(status, 200, `${kind} ${role}`)
    assert.match(json.username, /^service-account-apikey-[0-9a-f-]{36}$/)
    assert.deepEqual(Object.keys(json).toSorted(), [
      'attributes',
      'createdTimestamp',
      'email',
      'emailVerified',
      'enabled',
      'firstName',
      'id',
      'lastName',
      'username',
    ])
    const whoami = (await t.get('/api/service/whoami', { token })).json
    assert.deepEqual([whoami.username, whoami.userId], [json.username, json.id])
  }
})

test('the actor is the token as the token list shows it', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const { json: current } = await t.get('/api/service/users/current', { token: user.token })
  const { records } = (await t.get('/api/service/apikeys', { token: user.token })).json
  assert.equal(current.username, `service-account-${records[0].clientId}`)
  assert.equal(current.id, records[0].id)
})

test('whoami has every key of the contract, with the role that counts at this moment', async () => {
  await using t = await startTestApp()
  for (const { role, token } of await everyCaller(t)) {
    const { status, json } = await t.get('/api/service/whoami', { token })
    assert.equal(status, 200)
    const description = `${role.slice(1, 2).toUpperCase()}${role.slice(2)}`
    const roleId = await t.roleId(role === '$admin' ? '$admin' : role === '$member' ? '$member' : '$guest')
    const [own, ofToken] = json.roles
    assert.deepEqual(json, {
      userId: json.userId,
      username: json.username,
      workspaceRole: role,
      designation: '',
      profileRole: '',
      profileRoleOther: '',
      assignedRole: { id: roleId, name: role, description, level: 'workspace', summary: '' },
      roles: [own, ofToken],
      defaultRoles: ['offline_access', 'uma_authorization', '$guest'],
      decentralizedRoles: [],
      groups: [],
      personas: [],
      purposes: [],
      permissions: [...permissionsOf(role)].toSorted(),
    })
    assert.deepEqual(own, { id: roleId, roleId, roleName: role, name: role })
    assert.equal(ofToken.name, '$api-token-default-access')
    assert.equal(ofToken.roleName, ofToken.name)
    assert.equal(ofToken.roleId, ofToken.id)
  }
})

test('a personal token follows its owner’s role at once, a service token keeps its own', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01', '$member')
  const service = await t.serviceToken('$member')
  await t.post(`/api/service/users/${user.id}/roles/update`, { roleId: await t.roleId('$guest') })
  const roleOf = async (token: string) => (await t.get('/api/service/whoami', { token })).json.workspaceRole
  assert.deepEqual([await roleOf(user.token), await roleOf(service)], ['$guest', '$member'])
})

test('current and whoami are addresses of their own, not users of that name', async () => {
  await using t = await startTestApp()
  for (const path of ['/api/service/users/current', '/api/service/whoami']) {
    const { status, headers } = await t.get(path)
    assert.deepEqual([status, headers['cache-control']], [200, 'no-store'])
    for (const token of [null, 'mst_wrong', 'wrong']) assert.equal((await t.get(path, { token })).status, 401)
    assert.equal((await t.get(path, { headers: { 'content-type': 'application/json' } })).status, 200)
  }
})
