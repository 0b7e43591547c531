import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SubRole } from '../access/permissions.ts'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'

const hour = 3_600_000
const composite = 'default-roles-default'

function subRoles(userId: string): string {
  return `/api/muster/users/${userId}/sub-roles`
}

async function assign(t: TestApp, userId: string, role: SubRole, bounds: object = {}): Promise<void> {
  const { status, text } = await t.post(subRoles(userId), { roleId: await t.roleId(role), ...bounds })
  assert.equal(status, 200, text)
}

function filter(tree: object): string {
  return `filter=${encodeURIComponent(JSON.stringify(tree))}`
}

async function rolesOf(t: TestApp, userId: string): Promise<string[]> {
  return (await t.get(`/api/service/users/${userId}`)).json.roles
}

async function count(t: TestApp, role: SubRole): Promise<string> {
  const { records } = (await t.get('/api/service/roles')).json
  return records.find(({ name }: { name: string }) => name === role).userCount
}

/** Whether the user has the role of a governance admin, by everything on the wire that tells it. */
const places: Readonly<Record<string, (t: TestApp, userId: string, token: string) => Promise<boolean>>> = {
  record: async (t, userId) => (await rolesOf(t, userId)).includes('$governance-admin'),
  'record in the list': async (t, userId) => {
    const { records } = (await t.get('/api/service/users')).json
    return records.find(({ id }: { id: string }) => id === userId).roles.includes('$governance-admin')
  },
  'filter by roles': async (t) =>
    (await t.get(`/api/service/users?${filter({ roles: '$governance-admin' })}`)).json.filterRecord === 1,
  'filter by roles, turned round': async (t, userId) => {
    const { json } = await t.get(`/api/service/users?${filter({ roles: { $neq: '$governance-admin' }, id: userId })}`)
    return json.filterRecord === 0
  },
  'filter by several roles': async (t) =>
    (await t.get(`/api/service/users?${filter({ roles: { $in: ['$governance-admin', 'x'] } })}`)).json.filterRecord ===
    1,
  'count of the role': async (t) => (await count(t, '$governance-admin')) === '1',
  'roles with anybody in them': async (t) =>
    (await t.get(`/api/service/roles?${filter({ level: 'admin-subrole', memberCount: { $gt: 0 } })}`)).json
      .filterRecord === 1,
  whoami: async (t, _userId, token) =>
    (await t.get('/api/service/whoami', { token })).json.roles.some(
      ({ name }: { name: string }) => name === '$governance-admin',
    ),
  'permissions of whoami': async (t, _userId, token) =>
    (await t.get('/api/service/whoami', { token })).json.permissions.includes('personas:write'),
  'what the token may do': async (t, _userId, token) => {
    const answer = await t.post('/api/service/personas', {}, { token })
    // Without a name it is refused either way: by the role first.
    assert.ok(answer.status === 400 || answer.status === 403)
    return answer.status === 400
  },
}

async function expectEverywhere(t: TestApp, user: { id: string; token: string }, has: boolean, when: string) {
  for (const [place, ask] of Object.entries(places))
    assert.equal(await ask(t, user.id, user.token), has, `${place}, ${when}`)
}

test('a sub-role adds to a member: shown beside the workspace role, counted, and with its permissions', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  await expectEverywhere(t, user, false, 'before')
  await assign(t, user.id, '$governance-admin')
  await expectEverywhere(t, user, true, 'after')
  assert.deepEqual(await rolesOf(t, user.id), [composite, '$member', '$governance-admin'])
  await assign(t, user.id, '$workflow-admin')
  assert.deepEqual(await rolesOf(t, user.id), [composite, '$member', '$governance-admin', '$workflow-admin'])
  assert.equal((await t.get(`/api/service/users/${user.id}`)).json.workspaceRole, '$member')
  assert.equal((await t.get('/api/service/whoami', { token: user.token })).json.workspaceRole, '$member')
})

test('a governance admin writes personas and purposes and nothing else an admin may; a workflow admin nothing more than a member', async () => {
  await using t = await startTestApp()
  const { id, token } = await t.addUser('user01')
  const other = await t.addUser('user02')
  await assign(t, id, '$governance-admin')
  await assign(t, other.id, '$workflow-admin')
  const persona = (await t.post('/api/service/personas', { name: 'base' }, { token })).json.id
  const purpose = (await t.post('/api/service/purposes', { name: 'billing' }, { token })).json.id
  const subjects = { users: [id], groups: [] }
  for (const [path, body] of [
    [`/api/service/personas/${persona}`, { description: 'x' }],
    [`/api/service/personas/${persona}/subjects`, subjects],
    [`/api/service/purposes/${purpose}`, { description: 'x' }],
    [`/api/muster/purposes/${purpose}/subjects`, subjects],
  ] as const) {
    assert.equal((await t.post(path, body, { token })).status, 200, path)
    assert.equal((await t.post(path, body, { token: other.token })).json.error, 'insufficient_role', path)
  }
  for (const [path, body] of [
    ['/api/service/users', { emails: ['x@example.com'] }],
    ['/api/service/groups', { group: { name: 'x' } }],
    [`/api/service/users/${id}/roles/update`, { roleId: await t.roleId('$admin') }],
    [subRoles(id), { roleId: await t.roleId('$workflow-admin') }],
    [`/api/muster/users/${id}/role-grants`, { roleId: await t.roleId('$admin'), expiresAt: '2030-01-01T00:00:00Z' }],
  ] as const) {
    assert.equal((await t.post(path, body, { token })).json.error, 'insufficient_role', path)
  }
  assert.equal((await t.get('/api/service/events/main', { token })).status, 403)
  assert.equal((await t.get(`/api/service/users/${other.id}`, { token })).json.decentralizedRoles, undefined)
})

test('a time-bound sub-role counts everywhere from the very millisecond until the last before the end', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const validFrom = t.clock.now().getTime() + hour
  await assign(t, user.id, '$governance-admin', { validFrom, expiresAt: validFrom + hour })
  for (const [by, has] of [
    [0, false],
    [hour - 1, false],
    [1, true],
    [hour - 1, true],
    [1, false],
    [-1, true],
  ] as const) {
    t.clock.advance(by)
    await expectEverywhere(t, user, has, `by ${by}`)
  }
})

test('only members have sub-roles: others are refused them, and another role takes them away', async () => {
  await using t = await startTestApp()
  await t.addUser('admin01', '$admin')
  for (const own of ['$admin', '$guest'] as const) {
    const id = await t.invite(`not-${own.slice(1)}@example.com`, own)
    const { status, json } = await t.post(subRoles(id), { roleId: await t.roleId('$governance-admin') })
    assert.deepEqual([status, json.error], [409, 'sub_role_needs_member'])
  }
  for (const role of ['$admin', '$guest'] as const) {
    const id = await t.invite(`to-${role.slice(1)}@example.com`)
    await assign(t, id, '$governance-admin')
    await assign(t, id, '$workflow-admin', { expiresAt: t.clock.now().getTime() + hour })
    await t.post(`/api/service/users/${id}`, { workspaceRole: role })
    assert.deepEqual(await rolesOf(t, id), [composite, role])
    await t.post(`/api/service/users/${id}`, { workspaceRole: '$member' })
    assert.deepEqual(await rolesOf(t, id), [composite, '$member'])
    assert.equal((await t.get(subRoles(id))).json.totalRecord, 0)
  }
  assert.deepEqual([await count(t, '$governance-admin'), await count(t, '$workflow-admin')], ['0', '0'])
})

test('a grant of another role suspends sub-roles while it is valid', async () => {
  await using t = await startTestApp()
  await t.addUser('admin01', '$admin')
  const id = await t.invite('user01@example.com')
  await assign(t, id, '$governance-admin')
  await assign(t, id, '$workflow-admin', { expiresAt: t.clock.now().getTime() + 10 * hour })
  const roleId = await t.roleId('$guest')
  const validFrom = t.clock.now().getTime() + hour
  await t.post(`/api/muster/users/${id}/role-grants`, { roleId, validFrom, expiresAt: validFrom + hour })
  const expectSuspended = async (isSuspended: boolean) => {
    const roles = isSuspended ? ['$guest'] : ['$member', '$governance-admin', '$workflow-admin']
    assert.deepEqual(await rolesOf(t, id), [composite, ...roles])
    const held = isSuspended ? '0' : '1'
    assert.deepEqual([await count(t, '$governance-admin'), await count(t, '$workflow-admin')], [held, held])
    const { json } = await t.get(`/api/service/users?${filter({ roles: '$governance-admin' })}`)
    assert.equal(json.filterRecord, Number(held))
  }
  await expectSuspended(false)
  t.clock.advance(hour - 1)
  await expectSuspended(false)
  t.clock.advance(1)
  await expectSuspended(true)
  t.clock.advance(hour - 1)
  await expectSuspended(true)
  t.clock.advance(1)
  await expectSuspended(false)
})

test('a sub-role is listed with bounds and state; again with others it changes, and taken away it is gone', async () => {
  await using t = await startTestApp()
  const { id, token } = await t.addUser('user01')
  const now = t.clock.now().getTime()
  await assign(t, id, '$governance-admin')
  const tag = async () => (await t.get(`/api/service/users/${id}`)).headers.etag
  const before = await tag()
  await assign(t, id, '$governance-admin')
  assert.equal(await tag(), before)
  const [{ givenBy: _givenBy, ...record }] = (await t.get(subRoles(id), { token })).json.records
  assert.deepEqual(record, {
    roleId: await t.roleId('$governance-admin'),
    name: '$governance-admin',
    description: 'Governance Admin',
    validFrom: null,
    expiresAt: null,
    state: 'active',
    givenAt: now,
  })
  await assign(t, id, '$governance-admin', { expiresAt: now + 1 })
  assert.notEqual(await tag(), before)
  assert.equal(await count(t, '$governance-admin'), '1')
  t.clock.advance(1)
  assert.equal(await count(t, '$governance-admin'), '0')
  assert.equal((await t.get(subRoles(id))).json.records[0].state, 'expired')
  await assign(t, id, '$governance-admin')
  assert.equal(await count(t, '$governance-admin'), '1')
  const path = `${subRoles(id)}/${await t.roleId('$governance-admin')}`
  for (let repeat = 0; repeat < 2; repeat += 1) {
    assert.equal((await t.delete(path)).status, 200)
    assert.equal(await count(t, '$governance-admin'), '0')
    assert.deepEqual(await rolesOf(t, id), [composite, '$member'])
  }
})

test('a sub-role is named by its id; names, workspace roles and foreign ones are refused with what to send', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const ask = async (roleId: string) => (await t.post(subRoles(id), { roleId })).json
  for (const roleId of ['nothing', await t.roleId('$admin'), await t.roleId('$governance-admin', t.other)])
    assert.equal((await ask(roleId)).error, 'role_not_found')
  const { error, message } = await ask('$governance-admin')
  assert.equal(error, 'role_not_found')
  assert.ok(message.includes(await t.roleId('$governance-admin')), message)
  assert.equal(
    (await t.post(subRoles('nobody'), { roleId: await t.roleId('$governance-admin') })).json.error,
    'user_not_found',
  )
  // Where a workspace role is due, a sub-role is none; in a list of roles it is passed over.
  const roles = [await t.roleId('$governance-admin'), await t.roleId('$guest')]
  assert.equal(
    (await t.post(`/api/service/users/${id}/roles/update`, { roleId: roles[0] })).json.error,
    'role_not_found',
  )
  assert.equal((await t.put(`/api/service/users/${id}/roles`, { roles })).status, 204)
  assert.deepEqual(await rolesOf(t, id), [composite, '$guest'])
})

test('a whole record with sub-roles comes back without being a change', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  await assign(t, id, '$governance-admin')
  const { json, headers } = await t.get(`/api/service/users/${id}`)
  assert.equal((await t.post(`/api/service/users/${id}`, json)).status, 200)
  await t.post(`/api/service/users/${id}`, { roles: [composite, '$member', '$workflow-admin'] })
  assert.equal((await t.get(`/api/service/users/${id}`)).headers.etag, headers.etag)
})

test('deleting a user takes sub-roles along, and the counts with them', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  await assign(t, id, '$governance-admin')
  await assign(t, id, '$workflow-admin', { expiresAt: t.clock.now().getTime() + hour })
  assert.equal((await t.post(`/api/service/users/${id}/delete`)).status, 200)
  assert.deepEqual([await count(t, '$governance-admin'), await count(t, '$workflow-admin')], ['0', '0'])
  assert.deepEqual(await t.db.selectFrom('user_sub_roles').select('role_id').execute(), [])
})

test('names and descriptions of roles are unique in a workspace', async () => {
  await using t = await startTestApp()
  const row = { tenant_id: t.acme.id, id: 'new', level: 'admin-subrole', rank: 9, member_count: 0 }
  for (const twice of [
    { name: '$new', description: 'Governance Admin' },
    { name: '$governance-admin', description: 'New' },
  ]) {
    const insert = t.db.engine.transact((trx) =>
      trx
        .insertInto('roles')
        .values({ ...row, ...twice })
        .execute(),
    )
    await assert.rejects(insert, /unique/i)
  }
})
