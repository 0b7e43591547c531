import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'

const path = '/api/service/roles'

async function names(t: TestApp, query: string): Promise<string[]> {
  const { status, json, text } = await t.get(`${path}?${query}`)
  assert.equal(status, 200, text)
  return json.records.map((role: { name: string }) => role.name)
}

async function counts(t: TestApp): Promise<Record<string, string>> {
  const { records } = (await t.get(path)).json
  for (const role of records) assert.equal(role.userCount, role.memberCount)
  return Object.fromEntries(
    records
      .filter((role: { level: string }) => role.level === 'workspace')
      .map((role: { name: string; memberCount: string }) => [role.name, role.memberCount]),
  )
}

test('the first page holds the three workspace roles, then the sub-roles, whole, with their counts as text', async () => {
  await using t = await startTestApp()
  await t.invite('user01@example.com')
  const { records, ...totals } = (await t.get(path)).json
  assert.deepEqual(totals, { totalRecord: 5, filterRecord: 5, count: 5 })
  for (const role of records) assert.match(role.id, /^[0-9a-f-]{36}$/)
  assert.deepEqual(
    records.map(({ id: _id, ...role }: { id: string }) => role),
    [
      { name: '$admin', description: 'Admin', clientRole: false, level: 'workspace', memberCount: '0', userCount: '0' },
      {
        name: '$member',
        description: 'Member',
        clientRole: false,
        level: 'workspace',
        memberCount: '1',
        userCount: '1',
      },
      { name: '$guest', description: 'Guest', clientRole: false, level: 'workspace', memberCount: '0', userCount: '0' },
      ...[
        ['$governance-admin', 'Governance Admin'],
        ['$workflow-admin', 'Workflow Admin'],
      ].map(([name, description]) => ({
        name,
        description,
        clientRole: false,
        level: 'admin-subrole',
        memberCount: '0',
        userCount: '0',
      })),
    ],
  )
})

test('counts follow invitation, acceptance, role change by every path, disabling and deletion', async () => {
  await using t = await startTestApp()
  assert.deepEqual(await counts(t), { $admin: '0', $member: '0', $guest: '0' })
  const id = await t.invite('user01@example.com', '$guest')
  await t.invite('user02@example.com', '$admin')
  assert.deepEqual(await counts(t), { $admin: '1', $member: '0', $guest: '1' })
  await t.invite('user01@example.com', '$guest')
  await t.addUser('user03', '$member')
  assert.deepEqual(await counts(t), { $admin: '1', $member: '1', $guest: '1' })
  const [admin, member] = [await t.roleId('$admin'), await t.roleId('$member')]
  await t.post(`/api/service/users/${id}/roles/update`, { roleId: admin })
  assert.deepEqual(await counts(t), { $admin: '2', $member: '1', $guest: '0' })
  await t.put(`/api/service/users/${id}/roles`, { roles: [member] })
  assert.deepEqual(await counts(t), { $admin: '1', $member: '2', $guest: '0' })
  await t.post(`/api/service/users/${id}`, { workspaceRole: '$guest' })
  await t.post(`/api/service/users/${id}`, { enabled: false })
  assert.deepEqual(await counts(t), { $admin: '1', $member: '1', $guest: '1' })
  await t.post(`/api/service/users/${id}/delete`)
  assert.deepEqual(await counts(t), { $admin: '1', $member: '1', $guest: '0' })
})

test('a refused change leaves the counts as they were', async () => {
  await using t = await startTestApp()
  const admin = await t.addUser('admin01', '$admin')
  const before = await counts(t)
  await t.post(`/api/service/users/${admin.id}/roles/update`, { roleId: await t.roleId('$guest') })
  await t.post(`/api/service/users/${admin.id}/delete`)
  await t.post(`/api/service/users/${admin.id}`, { workspaceRole: '$guest', groups: ['unknown'] })
  await t.post('/api/service/users', { users: [{ email: 'not an address', roleName: '$admin' }] })
  assert.deepEqual(await counts(t), before)
})

test('another tenant’s people never count, and its roles have other ids', async () => {
  await using t = await startTestApp()
  await t.invite('user01@example.com', '$admin', t.other)
  assert.deepEqual(await counts(t), { $admin: '0', $member: '0', $guest: '0' })
  const ids = async (tenant = t.acme) =>
    (await t.get(path, { token: tenant.token, host: tenant.host })).json.records.map((role: { id: string }) => role.id)
  assert.equal(new Set([...(await ids()), ...(await ids(t.other))]).size, 10)
})

test('the requests of role caches and of the OAuth client builder find what they look for', async () => {
  await using t = await startTestApp()
  const all = ['$admin', '$member', '$guest', '$governance-admin', '$workflow-admin']
  assert.deepEqual(await names(t, 'count=True&offset=0&limit=100'), all)
  assert.deepEqual(await names(t, `filter=${encodeURIComponent('{"name":{"$ilike":"$%"}}')}&limit=100`), all)
  assert.deepEqual(
    await names(t, `filter=${encodeURIComponent('{"$or": [{"level": "workspace"}, {"level": "admin-subrole"}]}')}`),
    all,
  )
  assert.deepEqual(await names(t, `filter=${encodeURIComponent('{"name":{"$ilike":"%ADMIN"}}')}`), [
    '$admin',
    '$governance-admin',
    '$workflow-admin',
  ])
  assert.deepEqual(await names(t, `filter=${encodeURIComponent('{"level":"admin-subrole"}')}`), all.slice(3))
  assert.deepEqual(await names(t, `filter=${encodeURIComponent('{"name":"$member"}')}`), ['$member'])
  assert.deepEqual(await names(t, `filter=${encodeURIComponent('{"description":"Guest"}')}`), ['$guest'])
  assert.deepEqual(await names(t, `filter=${encodeURIComponent('name eq "$guest" or name eq "$admin"')}`), [
    '$admin',
    '$guest',
  ])
  assert.deepEqual(await names(t, `filter=${encodeURIComponent(`{"id":"${await t.roleId('$member')}"}`)}`), ['$member'])
  assert.deepEqual(await names(t, `filter=${encodeURIComponent('{"name":"$api-token-default-access"}')}`), [])
})

test('roles can be sorted by name, description and number of members, the latter as a number', async () => {
  await using t = await startTestApp()
  const people = Array.from({ length: 11 }, (_, index) => ({
    email: `user${index}@example.com`,
    roleName: index < 9 ? '$member' : '$guest',
  }))
  await t.post('/api/service/users', { users: [...people, { email: 'x@example.com', roleName: '$member' }] })
  assert.deepEqual(await counts(t), { $admin: '0', $member: '10', $guest: '2' })
  for (const [sort, order] of [
    ['name', ['$admin', '$guest', '$member']],
    ['-name', ['$member', '$guest', '$admin']],
    ['description', ['$admin', '$guest', '$member']],
    ['memberCount', ['$admin', '$guest', '$member']],
    ['-memberCount', ['$member', '$guest', '$admin']],
  ] as const) {
    const workspace = encodeURIComponent('{"level":"workspace"}')
    assert.deepEqual(await names(t, `sort=${sort}&filter=${workspace}`), order, sort)
  }
  assert.deepEqual(await names(t, `filter=${encodeURIComponent('{"memberCount":{"$gt":2}}')}`), ['$member'])
  assert.deepEqual(await names(t, `filter=${encodeURIComponent('{"userCount":2}')}`), ['$guest'])
})

test('pages and columns work as everywhere: the id always comes', async () => {
  await using t = await startTestApp()
  assert.deepEqual(
    [await names(t, 'limit=2'), await names(t, 'limit=2&offset=2'), await names(t, 'limit=2&offset=4')],
    [['$admin', '$member'], ['$guest', '$governance-admin'], ['$workflow-admin']],
  )
  const { json } = await t.get(`${path}?columns=name,level`)
  for (const role of json.records) assert.deepEqual(Object.keys(role), ['id', 'name', 'level'])
  assert.deepEqual(Object.keys((await t.get(`${path}?columns=userCount`)).json.records[0]), ['id', 'userCount'])
  for (const [query, code] of [
    ['columns=rank', 'invalid_columns'],
    ['sort=level', 'invalid_sort'],
    ['sort=userCount', 'invalid_sort'],
    ['filter=%7B%22rank%22:1%7D', 'invalid_filter'],
    ['limit=101', 'limit_too_large'],
  ]) {
    assert.equal((await t.get(`${path}?${query}`)).json.error, code, query)
  }
  assert.deepEqual((await t.get(`${path}?count=false`)).json.totalRecord, 0)
})

test('members read roles, guests do not', async () => {
  await using t = await startTestApp()
  assert.equal((await t.get(path, { token: await t.serviceToken('$member') })).status, 200)
  assert.equal((await t.get(path, { token: await t.serviceToken('$guest') })).json.error, 'insufficient_role')
  assert.equal((await t.get(path, { token: null })).status, 401)
})

test('built-in roles cannot be changed, removed or added to: there is no such address (V-R3)', async () => {
  await using t = await startTestApp()
  const id = await t.roleId('$guest')
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
    for (const address of [path, `${path}/${id}`]) {
      const { status } = await t.request(method, address, { body: { name: '$guest', description: 'Boss' } })
      assert.ok(status === 404 || status === 405, `${method} ${address} → ${status}`)
    }
  }
  assert.equal((await t.get(path)).json.records.length, 5)
})

test('nobody can act as somebody else: the addresses by which official clients impersonate are unknown (V-R3)', async () => {
  await using t = await startTestApp()
  const { id } = await t.addUser('user01')
  for (const [method, address] of [
    ['POST', '/auth/realms/default/protocol/openid-connect/token'],
    ['GET', `/auth/admin/realms/default/clients/${id}/client-secret`],
    ['GET', '/auth/admin/realms/default/users?username=user01'],
    ['POST', `/auth/admin/realms/default/users/${id}/impersonation`],
    ['POST', `/api/service/users/${id}/impersonate`],
  ] as const) {
    const { status } = await t.request(method, address, method === 'GET' ? {} : { body: { subject: id } })
    assert.equal(status, 404, `${method} ${address}`)
  }
})
