import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { stateOf } from './testdata/people.ts'

/** What the server alone decides, under every name somebody might try, with a value that differs from the stored one. */
const serverOwned: Readonly<Record<string, unknown>> = {
  defaultRoles: ['$admin'],
  decentralizedRoles: [{ roleId: 'x', level: 'connection', privilege: 'admin' }],
  emailVerified: false,
  email_verified: 1,
  createdTimestamp: 1,
  createdAt: 1,
  created_at: 1,
  lastLoginTime: 1,
  last_login_at: 1,
  loginEvents: [{ type: 'LOGIN' }],
  adminEvents: [{ type: 'LOGIN' }],
  groupCount: 99,
  personas: [{ id: 'x', name: 'x' }],
  purposes: [{ id: 'x' }],
  status: 'Disabled',
  isLocked: true,
  locked_until: 9_999_999_999_999,
  isScimUser: true,
  source: 'scim',
  tenantId: 'x',
  tenant_id: 'x',
  password: 'x',
  passwordHash: 'x',
  password_hash: 'x',
  username_key: 'x',
  email_key: 'x',
  workspaceRoleId: 'x',
  workspace_role_id: 'x',
  workspace_role: '$admin',
  roleId: 'x',
  roleName: '$admin',
  invitedAt: 1,
  invited_by: 'x',
  accepted_at: 1,
  version: 99,
  links_version: 99,
  seq: 1,
  permissions: ['users:write'],
  rights: ['sign-in-settings'],
  memberOf: ['x'],
  externalId: '1',
}

const roles = ['$admin', '$member', '$guest'] as const

/** A token whose owner has this role and is, for those below an admin, the user who is updated. */
async function arrange(t: TestApp): Promise<readonly { role: string; token: string; id: string }[]> {
  const cells = []
  for (const role of roles) {
    const user = await t.addUser(`user-${role.slice(1)}`, role)
    cells.push({ role, token: user.token, id: user.id })
  }
  return cells
}

test('no server-owned field can be set by an update, whoever sends it, together or alone (V-R2)', async () => {
  await using t = await startTestApp()
  for (const { role, token, id } of await arrange(t)) {
    const before = await stateOf(t, id)
    for (const [name, value] of Object.entries(serverOwned)) {
      const { status, text } = await t.post(`/api/service/users/${id}`, { [name]: value }, { token })
      assert.equal(status, 200, `${role} ${name} → ${text}`)
    }
    assert.equal((await t.post(`/api/service/users/${id}`, serverOwned, { token })).status, 200)
    assert.deepEqual(await stateOf(t, id), before, role)
  }
})

test('nor by a role change or a deletion that carries them (V-R2)', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const heir = await t.invite('user02@example.com')
  const before = await stateOf(t, id)
  const roleId = await t.roleId('$member')
  assert.equal((await t.post(`/api/service/users/${id}/roles/update`, { ...serverOwned, roleId })).status, 200)
  assert.equal((await t.put(`/api/service/users/${id}/roles`, { ...serverOwned, roles: [roleId] })).status, 204)
  assert.deepEqual(await stateOf(t, id), before)
  const heirBefore = await stateOf(t, heir)
  assert.equal(
    (await t.post(`/api/service/users/${id}/delete`, { ...serverOwned, transferToUserId: heir })).status,
    200,
  )
  assert.deepEqual(await stateOf(t, heir), heirBefore)
})

test('nor by an invitation (V-R2)', async () => {
  await using t = await startTestApp()
  const { roleId: _roleId, roleName: _roleName, ...entry } = serverOwned
  const plain = await t.invite('plain@example.com')
  const { json } = await t.post('/api/service/users', {
    users: [{ ...entry, id: plain, enabled: false, email: 'new@example.com', roleName: '$guest' }],
  })
  const id = json.createdUsers['new@example.com']
  assert.notEqual(id, plain)
  const record = (await t.get(`/api/service/users/${id}`)).json
  const expected = (await t.get(`/api/service/users/${plain}`)).json
  assert.deepEqual(
    {
      ...record,
      id: plain,
      username: expected.username,
      email: expected.email,
      workspaceRole: '$member',
      roles: expected.roles,
    },
    expected,
  )
})

test('the id in the path alone says who is meant: ids elsewhere in the request redirect nothing (V-R2)', async () => {
  await using t = await startTestApp()
  const [target, other] = [await t.invite('user01@example.com'), await t.invite('user02@example.com')]
  const before = await stateOf(t, other)
  const elsewhere = { userId: other, user_id: other, user: { id: other, firstName: 'X' }, users: [other] }
  await t.post(
    `/api/service/users/${target}?id=${other}&userId=${other}`,
    { ...elsewhere, firstName: 'New' },
    {
      headers: {
        'x-user-id': other,
        'x-http-method-override': 'DELETE',
        'x-original-url': `/api/service/users/${other}`,
      },
    },
  )
  await t.post(`/api/service/users/${target}/roles/update?id=${other}`, {
    ...elsewhere,
    roleId: await t.roleId('$guest'),
  })
  await t.post(`/api/service/users/${target}/delete?id=${other}`, elsewhere)
  assert.deepEqual(await stateOf(t, other), before)
  assert.equal((await t.get(`/api/service/users/${target}`)).status, 404)
})
