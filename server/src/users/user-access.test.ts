import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startTestApp, type TestApp, type TestUser } from '../../test/start-test-app.ts'
import { stateOf } from './testdata/people.ts'

type Role = 'admin' | 'member' | 'guest'
type Cell = number | `${number} ${string}`

interface Row {
  readonly name: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** `SELF` is the caller's own user, `OTHER` a colleague, `NOBODY` an unknown id. */
  readonly path: string
  readonly body?: (scene: Scene) => unknown
  readonly expect: Readonly<Record<Role, Cell>>
}

interface Scene {
  readonly t: TestApp
  readonly callers: Readonly<Record<Role, TestUser>>
  readonly other: TestUser
  readonly memberRole: string
  readonly foreignRole: string
}

const low = '403 insufficient_role'
const none = '404 user_not_found'

/** The rows about users of security-and-reliability.md, 5.2. */
const matrix: readonly Row[] = [
  { name: 'list', method: 'GET', path: '/api/service/users', expect: { admin: 200, member: 200, guest: low } },
  {
    name: 'list with filter and sort',
    method: 'GET',
    path: '/api/service/users?filter=enabled+eq+true&sort=-email',
    expect: { admin: 200, member: 200, guest: low },
  },
  {
    name: 'list with a mistake',
    method: 'GET',
    path: '/api/service/users?limit=101',
    expect: { admin: '400 limit_too_large', member: '400 limit_too_large', guest: low },
  },
  {
    name: 'own record',
    method: 'GET',
    path: '/api/service/users/SELF',
    expect: { admin: 200, member: 200, guest: 200 },
  },
  {
    name: 'another record',
    method: 'GET',
    path: '/api/service/users/OTHER',
    expect: { admin: 200, member: 200, guest: none },
  },
  {
    name: 'unknown record',
    method: 'GET',
    path: '/api/service/users/NOBODY',
    expect: { admin: none, member: none, guest: none },
  },
  {
    name: 'current',
    method: 'GET',
    path: '/api/service/users/current',
    expect: { admin: 200, member: 200, guest: 200 },
  },
  { name: 'whoami', method: 'GET', path: '/api/service/whoami', expect: { admin: 200, member: 200, guest: 200 } },
  { name: 'roles', method: 'GET', path: '/api/service/roles', expect: { admin: 200, member: 200, guest: low } },
  {
    name: 'look-up of users',
    method: 'GET',
    path: '/api/service/identity/users?filter={"id":"x"}',
    expect: { admin: 200, member: 200, guest: low },
  },
  {
    name: 'look-up of groups',
    method: 'GET',
    path: '/api/service/identity/groups?filter={"id":"x"}',
    expect: { admin: 200, member: 200, guest: low },
  },
  {
    name: 'own groups',
    method: 'GET',
    path: '/api/service/users/SELF/groups',
    expect: { admin: 200, member: 200, guest: 200 },
  },
  {
    name: 'groups of another',
    method: 'GET',
    path: '/api/service/users/OTHER/groups',
    expect: { admin: 200, member: 200, guest: none },
  },
  {
    name: 'own names',
    method: 'POST',
    path: '/api/service/users/SELF',
    body: () => ({ firstName: 'New' }),
    expect: { admin: 200, member: 200, guest: 200 },
  },
  {
    name: 'names of another',
    method: 'POST',
    path: '/api/service/users/OTHER',
    body: () => ({ firstName: 'New' }),
    expect: { admin: 200, member: low, guest: low },
  },
  {
    name: 'names of nobody',
    method: 'POST',
    path: '/api/service/users/NOBODY',
    body: () => ({ firstName: 'New' }),
    expect: { admin: none, member: low, guest: low },
  },
  {
    name: 'disable oneself',
    method: 'POST',
    path: '/api/service/users/SELF',
    body: () => ({ enabled: false }),
    expect: { admin: '409 cannot_disable_self', member: low, guest: low },
  },
  {
    name: 'disable another',
    method: 'POST',
    path: '/api/service/users/OTHER',
    body: () => ({ enabled: false }),
    expect: { admin: 200, member: low, guest: low },
  },
  {
    name: 'enable another',
    method: 'POST',
    path: '/api/service/users/OTHER',
    body: () => ({ enabled: true }),
    expect: { admin: 200, member: low, guest: low },
  },
  {
    name: 'own demotion as the last admin',
    method: 'POST',
    path: '/api/service/users/SELF',
    body: () => ({ workspaceRole: '$guest' }),
    expect: { admin: '409 last_admin', member: low, guest: 200 },
  },
  {
    name: 'another id in the own body',
    method: 'POST',
    path: '/api/service/users/SELF',
    body: () => ({ id: 'x' }),
    expect: { admin: '400 read_only_field', member: '400 read_only_field', guest: '400 read_only_field' },
  },
  {
    name: 'another username in the own body',
    method: 'POST',
    path: '/api/service/users/SELF',
    body: () => ({ username: 'x' }),
    expect: { admin: '400 username_immutable', member: '400 username_immutable', guest: '400 username_immutable' },
  },
  {
    name: 'another id in the body of another',
    method: 'POST',
    path: '/api/service/users/OTHER',
    body: () => ({ id: 'x' }),
    expect: { admin: '400 read_only_field', member: low, guest: low },
  },
  {
    name: 'another username in the body of another',
    method: 'POST',
    path: '/api/service/users/OTHER',
    body: () => ({ username: 'x' }),
    expect: { admin: '400 username_immutable', member: low, guest: low },
  },
  {
    name: 'PUT roles',
    method: 'PUT',
    path: '/api/service/users/OTHER/roles',
    body: ({ memberRole }) => ({ roles: [memberRole] }),
    expect: { admin: 204, member: low, guest: low },
  },
  {
    name: 'POST roles/update',
    method: 'POST',
    path: '/api/service/users/OTHER/roles/update',
    body: ({ memberRole }) => ({ roleId: memberRole }),
    expect: { admin: 200, member: low, guest: low },
  },
  {
    name: 'PUT roles with a name',
    method: 'PUT',
    path: '/api/service/users/OTHER/roles',
    body: () => ({ roles: ['Admin'] }),
    expect: { admin: '400 role_not_found', member: low, guest: low },
  },
  {
    name: 'POST roles/update with a foreign role',
    method: 'POST',
    path: '/api/service/users/OTHER/roles/update',
    body: ({ foreignRole }) => ({ roleId: foreignRole }),
    expect: { admin: '400 role_not_found', member: low, guest: low },
  },
  {
    name: 'PUT roles with a bad body',
    method: 'PUT',
    path: '/api/service/users/OTHER/roles',
    body: () => ({ roles: 5 }),
    expect: { admin: '400 invalid_body', member: low, guest: low },
  },
  {
    name: 'invite a guest',
    method: 'POST',
    path: '/api/service/users',
    body: () => ({ emails: ['guest@new.example'], roleName: '$guest' }),
    expect: { admin: 200, member: low, guest: low },
  },
  {
    name: 'invite a member',
    method: 'POST',
    path: '/api/service/users',
    body: () => ({ emails: ['member@new.example'], roleName: '$member' }),
    expect: { admin: 200, member: low, guest: low },
  },
  {
    name: 'invite an admin',
    method: 'POST',
    path: '/api/service/users',
    body: () => ({ users: [{ email: 'admin@new.example', roleName: '$admin' }] }),
    expect: { admin: 200, member: low, guest: low },
  },
  {
    name: 'the same invitation again',
    method: 'POST',
    path: '/api/service/users',
    body: () => ({ users: [{ email: 'admin@new.example', roleName: '$admin' }] }),
    expect: { admin: 200, member: low, guest: low },
  },
  {
    name: 'delete oneself',
    method: 'POST',
    path: '/api/service/users/SELF/delete',
    expect: { admin: '409 cannot_disable_self', member: low, guest: low },
  },
  {
    name: 'delete nobody',
    method: 'POST',
    path: '/api/service/users/NOBODY/delete',
    expect: { admin: none, member: low, guest: low },
  },
  {
    name: 'DELETE',
    method: 'DELETE',
    path: '/api/service/users/OTHER',
    expect: { admin: '405 method_not_allowed', member: '405 method_not_allowed', guest: '405 method_not_allowed' },
  },
  {
    name: 'delete with transfer to nobody',
    method: 'POST',
    path: '/api/service/users/OTHER/delete',
    body: () => ({ transferToUserId: 'x' }),
    expect: { admin: none, member: low, guest: low },
  },
  {
    name: 'delete another',
    method: 'POST',
    path: '/api/service/users/OTHER/delete',
    expect: { admin: 200, member: low, guest: low },
  },
]

let scene: Scene

before(async () => {
  const t = await startTestApp()
  const callers = {
    admin: await t.addUser('admin01', '$admin'),
    member: await t.addUser('member01'),
    guest: await t.addUser('guest01', '$guest'),
  }
  scene = {
    t,
    callers,
    other: await t.addUser('other01'),
    memberRole: await t.roleId('$member'),
    foreignRole: await t.roleId('$member', t.other),
  }
})
after(() => scene.t[Symbol.asyncDispose]())

for (const row of matrix) {
  test(`who may: ${row.name}`, async () => {
    const { t, callers, other } = scene
    // Guests and members first: what they are refused must still be there for the admin.
    for (const role of ['guest', 'member', 'admin'] as const) {
      const caller = callers[role]
      const path = row.path
        .replace('SELF', caller.id)
        .replace('OTHER', other.id)
        .replace('NOBODY', '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f13')
      const earlier = [await stateOf(t, other.id), await stateOf(t, caller.id)]
      const body = row.body?.(scene)
      const answer = await t.request(row.method, path, { token: caller.token, ...(body === undefined ? {} : { body }) })
      const cell = answer.status < 300 ? answer.status : `${answer.status} ${answer.json.error}`
      assert.equal(cell, row.expect[role], role)
      if (answer.status >= 300)
        assert.deepEqual([await stateOf(t, other.id), await stateOf(t, caller.id)], earlier, role)
    }
  })
}

test('without a credential every row is 401 before anything else is looked at', async () => {
  const { t, other } = scene
  for (const { method, path, body } of matrix) {
    const payload = body?.(scene)
    const answer = await t.request(method, path.replace(/SELF|OTHER|NOBODY/, other.id), {
      token: null,
      ...(payload === undefined ? {} : { body: payload }),
    })
    assert.deepEqual([answer.status, answer.json.error], [401, 'invalid_token'], `${method} ${path}`)
  }
})
