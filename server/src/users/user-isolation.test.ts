import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'

const unknown = '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f13'

interface Ids {
  readonly user: string
  readonly group: string
  readonly persona: string
  readonly role: string
}

interface Probe {
  readonly method: 'GET' | 'POST' | 'PUT'
  /** `ID` is where the foreign id stands, `OWN` an own user's. */
  readonly path: string
  readonly body?: (id: string) => unknown
  readonly status: number
}

/** Every place of the user routes that takes an id. */
const probes: Readonly<Record<keyof Ids, readonly Probe[]>> = {
  user: [
    { method: 'GET', path: '/api/service/users/ID', status: 404 },
    { method: 'POST', path: '/api/service/users/ID', body: () => ({ firstName: 'X' }), status: 404 },
    { method: 'POST', path: '/api/service/users/ID', body: () => ({}), status: 404 },
    { method: 'POST', path: '/api/service/users/ID/delete', status: 404 },
    { method: 'POST', path: '/api/service/users/OWN/delete', body: (id) => ({ transferToUserId: id }), status: 404 },
    { method: 'GET', path: '/api/service/users/ID/groups', status: 404 },
    { method: 'POST', path: '/api/service/users/ID/groups', body: () => ({ groups: [] }), status: 404 },
    { method: 'POST', path: '/api/service/users/OWN', body: (id) => ({ id }), status: 400 },
    { method: 'GET', path: '/api/service/users?filter={"id":"ID"}', status: 200 },
    { method: 'GET', path: '/api/service/users?filter=id+ne+"ID"', status: 200 },
    { method: 'GET', path: '/api/service/identity/users?filter={"id":{"$in":["ID"]}}', status: 200 },
  ],
  group: [
    { method: 'POST', path: '/api/service/users/OWN', body: (id) => ({ groups: [id] }), status: 404 },
    { method: 'POST', path: '/api/service/users/OWN/groups', body: (id) => ({ groups: [id] }), status: 404 },
    { method: 'GET', path: '/api/service/users?filter={"groups":"ID"}', status: 200 },
    { method: 'GET', path: '/api/service/identity/groups?filter={"id":"ID"}', status: 200 },
    { method: 'GET', path: '/api/service/groups/ID/members', status: 404 },
  ],
  persona: [{ method: 'POST', path: '/api/service/users/OWN', body: (id) => ({ persona: [id] }), status: 404 }],
  role: [
    { method: 'POST', path: '/api/service/users/OWN/roles/update', body: (roleId) => ({ roleId }), status: 400 },
    { method: 'PUT', path: '/api/service/users/OWN/roles', body: (id) => ({ roles: [id] }), status: 400 },
    {
      method: 'POST',
      path: '/api/service/users',
      body: (roleId) => ({ users: [{ email: 'new@example.com', roleId }] }),
      status: 400,
    },
    {
      method: 'POST',
      path: '/api/service/users',
      body: (roleId) => ({ emails: ['new@example.com'], roleId }),
      status: 400,
    },
    { method: 'GET', path: '/api/service/roles?filter={"id":"ID"}', status: 200 },
  ],
}

async function arrangeForeign(t: TestApp): Promise<Ids> {
  const auth = { token: t.other.token, host: t.other.host }
  const user = await t.invite('user01@example.com', '$member', t.other)
  const group = await t.addGroup('data', [user], t.other)
  const { json: persona } = await t.post('/api/service/personas', { name: 'base' }, auth)
  await t.post(`/api/service/personas/${persona.id}/subjects`, { users: [user], groups: [group] }, auth)
  return { user, group, persona: persona.id, role: await t.roleId('$admin', t.other) }
}

/** Everything stored for both tenants but the notes of token use. */
async function snapshot(t: TestApp): Promise<unknown> {
  const tables = [
    'users',
    'groups',
    'group_members',
    'personas',
    'persona_subjects',
    'roles',
    'invitations',
    'outbox',
    'events',
    'counters',
    'tenants',
    'credentials',
  ] as const
  return Promise.all(tables.map((table) => t.db.selectFrom(table).selectAll().execute()))
}

test('an id of another tenant gets the same answer, byte for byte, as one that never was, and changes nothing', async () => {
  await using t = await startTestApp()
  const own = await t.invite('user01@example.com')
  const foreign = await arrangeForeign(t)
  const before = await snapshot(t)
  const headers = { 'x-atlan-request-id': 'same' }
  for (const kind of ['user', 'group', 'persona', 'role'] as const) {
    for (const { method, path, body, status } of probes[kind]) {
      const ask = (id: string) => {
        const address = path.replace('ID', id).replace('OWN', own)
        const payload = body?.(id)
        return t.request(method, address, { headers, ...(payload === undefined ? {} : { body: payload }) })
      }
      const [theirs, nobodys] = [await ask(foreign[kind]), await ask(unknown)]
      assert.equal(theirs.status, status, `${method} ${path} → ${theirs.text}`)
      assert.equal(theirs.text, nobodys.text, `${method} ${path}`)
      assert.deepEqual(
        Object.keys(theirs.headers).toSorted(),
        Object.keys(nobodys.headers).toSorted(),
        `${method} ${path}`,
      )
    }
  }
  assert.deepEqual(await snapshot(t), before)
})

test('a token of one tenant is no credential at another, at every user address (V-T3)', async () => {
  await using t = await startTestApp()
  const own = await t.invite('user01@example.com')
  const { user } = await arrangeForeign(t)
  const before = await snapshot(t)
  const headers = { 'x-atlan-request-id': 'same' }
  const addresses: readonly (readonly [method: string, path: string])[] = [
    ['GET', '/api/service/users'],
    ['GET', '/api/service/users/current'],
    ['GET', '/api/service/whoami'],
    ['GET', '/api/service/roles'],
    ['GET', `/api/service/users/${own}`],
    ['GET', `/api/service/users/${user}`],
    ['POST', `/api/service/users/${own}`],
    ['POST', `/api/service/users/${own}/delete`],
    ['POST', `/api/service/users/${own}/roles/update`],
    ['PUT', `/api/service/users/${own}/roles`],
    ['POST', '/api/service/users'],
    ['GET', '/api/service/identity/users'],
    ['GET', '/api/service/identity/groups'],
  ]
  for (const [method, path] of addresses) {
    const theirs = await t.request(method, path, { token: t.other.token, headers })
    const wrong = await t.request(method, path, { token: `mst_${'x'.repeat(43)}`, headers })
    assert.deepEqual([theirs.status, theirs.text], [401, wrong.text], `${method} ${path}`)
  }
  assert.deepEqual(await snapshot(t), before)
})

test('equal names, addresses and attributes in two tenants never meet', async () => {
  await using t = await startTestApp()
  const acme = await t.addUser('user01')
  const other = await t.addUser('user01', '$admin', t.other)
  const auth = { token: t.other.token, host: t.other.host }
  await t.post(`/api/service/users/${acme.id}`, { firstName: 'Acme', attributes: { designation: ['a'] } })
  await t.post(`/api/service/users/${other.id}`, { firstName: 'Other', attributes: { designation: ['o'] } }, auth)
  for (const filter of [
    'email eq "user01@example.com"',
    '{"username":{"$ilike":"%user01%"}}',
    '{"username":"user01"}',
    'not (username eq "x")',
  ]) {
    const path = `/api/service/users?filter=${encodeURIComponent(filter)}`
    const [mine, theirs] = [(await t.get(path)).json, (await t.get(path, auth)).json]
    assert.deepEqual(
      [mine.records.map((user: { id: string }) => user.id), mine.totalRecord, mine.filterRecord],
      [[acme.id], 1, 1],
      filter,
    )
    assert.deepEqual(
      [theirs.records.map((user: { id: string }) => user.id), theirs.totalRecord, theirs.filterRecord],
      [[other.id], 1, 1],
      filter,
    )
  }
  assert.equal((await t.get(`/api/service/users/${acme.id}`)).json.firstName, 'Acme')
  await t.post(`/api/service/users/${other.id}`, { enabled: false }, auth)
  assert.equal((await t.get('/api/service/whoami', { token: acme.token })).status, 200)
})
