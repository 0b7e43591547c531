import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp } from '../../test/start-test-app.ts'
import { invitePeople } from './testdata/people.ts'
import { userColumns } from './users.fields.ts'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

test('the record of an accepted user has every key of the contract, with the right type and value', async () => {
  await using t = await startTestApp()
  const createdAt = t.clock.now()
  const user = await t.addUser('user01')
  const [low, high] = [await t.addGroup('zeta', [user.id]), await t.addGroup('alpha', [user.id])].toSorted()
  const { json: direct } = await t.post('/api/service/personas', { name: 'base', displayName: 'Base' })
  const { json: inherited } = await t.post('/api/service/personas', { name: 'analysts' })
  const { json: purpose } = await t.post('/api/service/purposes', { name: 'billing' })
  await t.post(`/api/service/personas/${direct.id}/subjects`, { users: [user.id], groups: [] })
  await t.post(`/api/service/personas/${inherited.id}/subjects`, { users: [], groups: [low, high] })
  await t.post(`/api/service/users/${user.id}`, { attributes: { designation: ['Analyst'], skills: ['sql', 'python'] } })
  const { username: inviter } = (await t.get('/api/service/users/current')).json
  const { json } = await t.get(`/api/service/users/${user.id}`)
  assert.match(json.id, uuid)
  assert.deepEqual(json, {
    id: user.id,
    username: 'user01',
    email: 'user01@example.com',
    emailVerified: true,
    enabled: true,
    firstName: 'First',
    lastName: 'Last',
    workspaceRole: '$member',
    roles: ['default-roles-default', '$member'],
    defaultRoles: ['offline_access', 'uma_authorization', '$guest'],
    decentralizedRoles: [],
    groupCount: 2,
    groups: [low, high],
    persona: [inherited.id, direct.id],
    attributes: {
      designation: ['Analyst'],
      skills: ['sql', 'python'],
      invitedAt: [createdAt.toISOString()],
      invitedBy: [inviter],
      invitedByName: [inviter],
    },
    personas: [
      { id: inherited.id, name: 'analysts', displayName: 'analysts', qualifiedName: inherited.qualifiedName },
      { id: direct.id, name: 'base', displayName: 'Base', qualifiedName: direct.qualifiedName },
    ],
    purposes: [],
    createdTimestamp: createdAt.getTime(),
    lastLoginTime: null,
    isLocked: false,
    isScimUser: false,
    status: 'Enabled',
    loginEvents: [],
    adminEvents: [],
  })
  await t.post(`/api/muster/purposes/${purpose.id}/subjects`, { users: [user.id], groups: [] })
  const { purposes } = (await t.get(`/api/service/users/${user.id}`)).json
  assert.deepEqual(purposes, [
    { id: purpose.id, guid: purpose.id, name: 'billing', qualifiedName: purpose.qualifiedName },
  ])
})

test('a pending user has the same keys: enabled, with empty names rather than null, and a provisional username', async () => {
  await using t = await startTestApp()
  const id = await t.invite('First.Last@example.com', '$guest')
  const { json } = await t.get(`/api/service/users/${id}`)
  assert.deepEqual(Object.keys(json).toSorted(), [...userColumns].toSorted())
  const { username, email, emailVerified, enabled, firstName, lastName, status, workspaceRole, groupCount } = json
  assert.deepEqual(
    { username, email, emailVerified, enabled, firstName, lastName, status, workspaceRole, groupCount },
    {
      username: 'First.Last',
      email: 'First.Last@example.com',
      emailVerified: false,
      enabled: true,
      firstName: '',
      lastName: '',
      status: 'Pending',
      workspaceRole: '$guest',
      groupCount: 0,
    },
  )
})

test('status follows enabling and acceptance, and enabled stays true while pending', async () => {
  await using t = await startTestApp()
  const [id = ''] = await invitePeople(t, [{ username: 'user01' }])
  const shown = async () => {
    const { status, enabled } = (await t.get(`/api/service/users/${id}`)).json
    return [status, enabled]
  }
  assert.deepEqual(await shown(), ['Pending', true])
  t.clock.advance(8 * 24 * 3_600_000)
  assert.deepEqual(await shown(), ['Pending', true])
  await t.post(`/api/service/users/${id}`, { enabled: false })
  assert.deepEqual(await shown(), ['Disabled', false])
  await t.post(`/api/service/users/${id}`, { enabled: true })
  assert.deepEqual(await shown(), ['Pending', true])
  const user = await t.addUser('user02')
  assert.equal((await t.get(`/api/service/users/${user.id}`)).json.status, 'Enabled')
})

test('one user alone is the same record as in the list', async () => {
  await using t = await startTestApp()
  const ids = [(await t.addUser('user01')).id, await t.invite('user02@example.com')]
  await t.addGroup('data', ids)
  const list = (await t.get('/api/service/users')).json.records
  for (const [index, id] of ids.entries()) assert.deepEqual((await t.get(`/api/service/users/${id}`)).json, list[index])
})

test('an id that is nobody’s is 404 with the error every client can read', async () => {
  await using t = await startTestApp()
  for (const id of [
    '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f13',
    'user01',
    'user01@example.com',
    '%20',
    '-',
    'x'.repeat(100),
  ]) {
    const { status, json } = await t.get(`/api/service/users/${id}`)
    assert.deepEqual([status, json.code, json.error], [404, 404, 'user_not_found'], id)
    assert.equal(json.message, json.detail)
  }
})

test('an id of more than 100 characters names nobody', async () => {
  await using t = await startTestApp()
  assert.equal((await t.get(`/api/service/users/${'x'.repeat(101)}`)).status, 404)
})

test('the ETag is strong, the same as long as nothing changes, and another one after every kind of change', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const group = await t.addGroup('data')
  const { json: persona } = await t.post('/api/service/personas', { name: 'base' })
  const etag = async () => String((await t.get(`/api/service/users/${id}`)).headers.etag)
  const seen = [await etag()]
  assert.match(seen[0] ?? '', /^"[^"]+"$/)
  assert.equal(await etag(), seen[0])
  const changes: readonly (() => Promise<unknown>)[] = [
    () => t.post(`/api/service/users/${id}`, { firstName: 'New' }),
    async () => t.post(`/api/service/users/${id}/roles/update`, { roleId: await t.roleId('$guest') }),
    () => t.post(`/api/service/groups/${group}/members`, { users: [id] }),
    () => t.post(`/api/service/personas/${persona.id}/subjects`, { users: [], groups: [group] }),
    () => t.post(`/api/service/personas/${persona.id}`, { displayName: 'Renamed' }),
    () => t.post(`/api/service/groups/${group}/delete`),
  ]
  for (const change of changes) {
    await change()
    const next = await etag()
    assert.ok(!seen.includes(next), `${next} after ${change.toString()}`)
    seen.push(next)
  }
})

test('DELETE, PUT and PATCH of a user are 405 with what is allowed instead', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01', '$guest')
  for (const method of ['DELETE', 'PUT', 'PATCH']) {
    for (const token of [t.acme.token, user.token]) {
      const { status, headers, json } = await t.request(method, `/api/service/users/${user.id}`, { token })
      assert.deepEqual([status, json.error, headers.allow], [405, 'method_not_allowed', 'GET, HEAD, POST'], method)
    }
  }
  assert.equal((await t.get(`/api/service/users/${user.id}`)).status, 200)
})
