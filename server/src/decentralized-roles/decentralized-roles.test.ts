import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'

const hour = 3_600_000

function path(userId: string): string {
  return `/api/muster/users/${userId}/decentralized-roles`
}

interface Held {
  readonly level?: string
  readonly privilege?: string
  readonly objectId?: string | null
  readonly validFrom?: number
  readonly expiresAt?: number
}

async function assign(t: TestApp, userId: string, held: Held = {}) {
  const body = { roleId: await t.roleId('$member'), level: 'connection', privilege: 'admin', ...held }
  const { status, json, text } = await t.post(path(userId), body)
  assert.equal(status, 200, text)
  return json
}

async function shown(t: TestApp, userId: string) {
  return (await t.get(`/api/service/users/${userId}`)).json.decentralizedRoles
}

test('a decentralized role shows on the user in the form of the contract, at every place', async () => {
  await using t = await startTestApp()
  const { id, token } = await t.addUser('user01')
  const group = await t.addGroup('data', [id])
  assert.deepEqual(await shown(t, id), [])
  await assign(t, id, { objectId: 'default/warehouse/1' })
  const expected = [{ roleId: await t.roleId('$member'), level: 'connection', privilege: 'admin' }]
  assert.deepEqual(await shown(t, id), expected)
  const inList = async (address: string) =>
    (await t.get(address)).json.records.find((user: { id: string }) => user.id === id).decentralizedRoles
  for (const address of [
    '/api/service/users',
    '/api/service/users?columns=decentralizedRoles',
    `/api/service/groups/${group}/members`,
  ])
    assert.deepEqual(await inList(address), expected, address)
  assert.deepEqual((await t.get('/api/service/whoami', { token })).json.decentralizedRoles, expected)
  assert.deepEqual((await t.get('/api/service/whoami')).json.decentralizedRoles, [])
})

test('it counts from the very millisecond until the last before the end', async () => {
  await using t = await startTestApp()
  const { id, token } = await t.addUser('user01')
  const validFrom = t.clock.now().getTime() + hour
  await assign(t, id, { validFrom, expiresAt: validFrom + hour })
  const tags: unknown[] = []
  for (const [by, number] of [
    [0, 0],
    [hour - 1, 0],
    [1, 1],
    [hour - 1, 1],
    [1, 0],
    [-1, 1],
  ] as const) {
    t.clock.advance(by)
    assert.equal((await shown(t, id)).length, number, `by ${by}`)
    assert.equal((await t.get('/api/service/whoami', { token })).json.decentralizedRoles.length, number, `by ${by}`)
    assert.equal((await t.get('/api/service/users')).json.records[0].decentralizedRoles.length, number, `by ${by}`)
    tags.push((await t.get(`/api/service/users/${id}`)).headers.etag)
  }
  assert.deepEqual(
    tags.map((tag) => tags.indexOf(tag)),
    [0, 0, 2, 2, 4, 2],
  )
})

test('the same role on the same thing is one: it changes privilege and bounds, and alike again it changes nothing', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const tag = async () => (await t.get(`/api/service/users/${id}`)).headers.etag
  const first = await assign(t, id)
  const before = await tag()
  assert.deepEqual(await assign(t, id), first)
  assert.deepEqual(await assign(t, id, { objectId: null }), first)
  assert.equal(await tag(), before)
  const second = await assign(t, id, { privilege: 'read' })
  assert.deepEqual([second.id, second.privilege], [first.id, 'read'])
  assert.notEqual(await tag(), before)
  await assign(t, id, { objectId: 'one' })
  await assign(t, id, { objectId: 'two' })
  await assign(t, id, { level: 'glossary' })
  const { json } = await t.get(path(id))
  assert.equal(json.totalRecord, 4)
  const keys = json.records.map(
    ({ level, objectId }: { level: string; objectId: string | null }) => `${level} ${objectId ?? ''}`,
  )
  assert.deepEqual(keys.toSorted(), ['connection ', 'connection one', 'connection two', 'glossary '])
  assert.deepEqual(
    (await shown(t, id)).map((held: { level: string }) => held.level),
    ['connection', 'connection', 'connection', 'glossary'],
  )
})

test('one that is taken away is gone; taken away again, nothing happens', async () => {
  await using t = await startTestApp()
  const [id, other] = [await t.invite('user01@example.com'), await t.invite('user02@example.com')]
  const held = await assign(t, id)
  await assign(t, id, { level: 'glossary' })
  // Not by the address of somebody else.
  assert.equal((await t.delete(`${path(other)}/${held.id}`)).status, 200)
  assert.equal((await shown(t, id)).length, 2)
  for (let repeat = 0; repeat < 2; repeat += 1) {
    assert.equal((await t.delete(`${path(id)}/${held.id}`)).status, 200)
    assert.deepEqual(
      (await shown(t, id)).map(({ level }: { level: string }) => level),
      ['glossary'],
    )
  }
  assert.equal((await t.delete(`${path('nobody')}/${held.id}`)).json.error, 'user_not_found')
})

test('the list shows everything, can be filtered and sorted, and is one’s own or an admin’s', async () => {
  await using t = await startTestApp()
  const { id, token } = await t.addUser('user01')
  const now = t.clock.now().getTime()
  await assign(t, id, { objectId: 'one', expiresAt: now + hour })
  await assign(t, id, { level: 'glossary', privilege: 'read', validFrom: now + hour })
  const { json } = await t.get(path(id), { token })
  const [{ id: heldId, givenBy: _givenBy, ...record }] = json.records
  assert.match(heldId, /^[0-9a-f-]{36}$/)
  assert.deepEqual(record, {
    roleId: await t.roleId('$member'),
    roleName: '$member',
    level: 'connection',
    privilege: 'admin',
    objectId: 'one',
    validFrom: null,
    expiresAt: now + hour,
    state: 'active',
    givenAt: now,
  })
  const levels = async (query: string) =>
    (await t.get(`${path(id)}?${query}`)).json.records.map(({ level }: { level: string }) => level)
  assert.deepEqual(await levels('sort=-level'), ['glossary', 'connection'])
  assert.deepEqual(await levels('sort=expiresAt'), ['connection', 'glossary'])
  for (const [tree, expected] of [
    [{ state: 'scheduled' }, ['glossary']],
    [{ privilege: 'admin' }, ['connection']],
    [{ objectId: 'one' }, ['connection']],
    [{ level: { $like: 'gl%' } }, ['glossary']],
    [{ id: heldId }, ['connection']],
    [{ expiresAt: { $gt: 0 } }, ['connection']],
  ] as const)
    assert.deepEqual(await levels(`filter=${encodeURIComponent(JSON.stringify(tree))}`), expected, JSON.stringify(tree))
  assert.deepEqual(Object.keys((await t.get(`${path(id)}?columns=level`)).json.records[0]), ['id', 'level'])
  const other = await t.addUser('user02')
  assert.equal((await t.get(path(id), { token: other.token })).json.error, 'insufficient_role')
  assert.equal((await t.get(path('nobody'))).json.error, 'user_not_found')
})

test('bodies that give no role on anything are refused and change nothing', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const good = { roleId: await t.roleId('$member'), level: 'connection', privilege: 'admin' }
  for (const [change, code] of [
    [{ roleId: undefined }, 'invalid_body'],
    [{ level: undefined }, 'invalid_body'],
    [{ privilege: undefined }, 'invalid_body'],
    [{ level: '  ' }, 'invalid_body'],
    [{ privilege: '' }, 'invalid_body'],
    [{ level: 'x\u202e' }, 'invalid_body'],
    [{ objectId: '\u0007' }, 'invalid_body'],
    [{ level: 'x'.repeat(1_001) }, 'invalid_body'],
    [{ level: ['connection'] }, 'invalid_body'],
    [{ expiresAt: 1 }, 'invalid_body'],
    [{ roleId: 'nothing' }, 'role_not_found'],
    [{ roleId: '$member' }, 'role_not_found'],
    [{ roleId: await t.roleId('$member', t.other) }, 'role_not_found'],
  ] as const) {
    const { status, json } = await t.post(path(id), { ...good, ...change })
    assert.deepEqual([status, json.error], [400, code], JSON.stringify(change))
  }
  assert.equal((await t.post(path('nobody'), good)).json.error, 'user_not_found')
  assert.equal((await t.get(path(id))).json.totalRecord, 0)
})

test('a user holds at most 1,000, and the refusal says so', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const { id: _id, ...row } = await t.db.engine.transact(async (trx) => {
    const values = { tenant_id: t.acme.id, user_id: id, role_id: await t.roleId('$member'), level: 'connection' }
    const bounds = { privilege: 'x', valid_from: 0, expires_at: Number.MAX_SAFE_INTEGER, given_at: 0, given_by: 'x' }
    const rows = Array.from({ length: 999 }, (_unused, index) => ({
      ...values,
      ...bounds,
      id: `${index}`,
      object_id: `${index}`,
    }))
    await trx.insertInto('decentralized_roles').values(rows).execute()
    return { id, ...bounds }
  })
  assert.equal(row.privilege, 'x')
  const last = await assign(t, id, { objectId: 'the last' })
  const body = { roleId: last.roleId, level: 'connection', privilege: 'admin', objectId: 'one more' }
  const { json } = await t.post(path(id), body)
  assert.deepEqual([json.error, json.message.includes('1000')], ['invalid_body', true])
  assert.equal((await t.post(path(id), { ...body, objectId: 'the last', privilege: 'read' })).status, 200)
})

test('deleting a user takes decentralized roles along', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  await assign(t, id)
  assert.equal((await t.post(`/api/service/users/${id}/delete`)).status, 200)
  assert.deepEqual(await t.db.selectFrom('decentralized_roles').select('id').execute(), [])
})
