import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'

const unknownId = '0190f2c4-0000-7000-8000-000000000000'

async function memberIds(t: TestApp, groupId: string): Promise<string[]> {
  const { json } = await t.get(`/api/service/groups/${groupId}/members?limit=100`)
  return json.records.map((user: { id: string }) => user.id)
}

async function countMembershipEvents(t: TestApp): Promise<number> {
  return (await t.get('/api/service/events/main?max=1000&resourceTypes=GROUP_MEMBERSHIP')).json.length
}

async function inviteMany(t: TestApp, names: readonly string[]): Promise<string[]> {
  const emails = names.map((name) => `${name}@example.com`)
  const { json } = await t.post('/api/service/users', { emails, roleName: '$member' })
  return emails.map((email) => json.createdUsers[email])
}

test('adding members answers those asked for, in their order, and a repeat the same', async () => {
  await using t = await startTestApp()
  const [a = '', b = '', c = ''] = await inviteMany(t, ['a', 'b', 'c'])
  const id = await t.addGroup('data', [b])
  const first = await t.post(`/api/service/groups/${id}/members`, { users: [c, b, a, c] })
  assert.deepEqual([first.status, first.json], [200, { added: [c, b, a] }])
  assert.equal(await countMembershipEvents(t), 3)
  const version = (await t.get(`/api/service/users/${a}`)).headers['etag']
  const repeat = await t.post(`/api/service/groups/${id}/members`, { users: [c, b, a, c] })
  assert.deepEqual(repeat.json, first.json)
  assert.deepEqual(await memberIds(t, id), [a, b, c])
  assert.equal(await countMembershipEvents(t), 3, 'a repeat is no event')
  assert.equal((await t.get(`/api/service/users/${a}`)).headers['etag'], version)
  assert.deepEqual((await t.post(`/api/service/groups/${id}/members`, { users: [] })).json, { added: [] })
})

test('one unknown user, wherever in the list, and nobody is added', async () => {
  await using t = await startTestApp()
  const users = await inviteMany(t, ['a', 'b', 'c'])
  const stranger = await t.invite('a@example.com', '$member', t.other)
  const id = await t.addGroup('data')
  for (const bad of [unknownId, stranger, 'not an id', '']) {
    for (let at = 0; at <= users.length; at += 1) {
      const { status, json } = await t.post(`/api/service/groups/${id}/members`, { users: users.toSpliced(at, 0, bad) })
      assert.deepEqual([status, json.error], [404, 'user_not_found'])
    }
  }
  assert.deepEqual(await memberIds(t, id), [])
  assert.equal(await countMembershipEvents(t), 0)
  for (const user of users) assert.equal((await t.get(`/api/service/users/${user}`)).json.groupCount, 0)
})

test('removing skips those who are no members, and removes the others', async () => {
  await using t = await startTestApp()
  const [a = '', b = '', c = ''] = await inviteMany(t, ['a', 'b', 'c'])
  const stranger = await t.invite('a@example.com', '$member', t.other)
  const id = await t.addGroup('data', [a, b])
  const elsewhere = await t.addGroup('elsewhere', [a, b, c])
  const { status, text } = await t.post(`/api/service/groups/${id}/members/remove`, {
    users: [c, a, a, unknownId, stranger, ''],
  })
  assert.deepEqual([status, text], [200, ''])
  assert.deepEqual(await memberIds(t, id), [b])
  assert.deepEqual(await memberIds(t, elsewhere), [a, b, c])
  assert.deepEqual((await t.get(`/api/service/users/${a}`)).json.groups, [elsewhere])
  const events = await countMembershipEvents(t)
  assert.equal((await t.post(`/api/service/groups/${id}/members/remove`, { users: [a, c] })).status, 200)
  assert.equal(await countMembershipEvents(t), events)
  await t.post(`/api/service/groups/${id}/members/remove`, { users: [b] })
  assert.deepEqual((await t.get(`/api/service/groups/${id}/members`)).json, {
    totalRecord: 0,
    filterRecord: 0,
    count: 0,
    records: [],
  })
})

test('the member list takes every list parameter and shows whole users', async () => {
  await using t = await startTestApp()
  const ids = await inviteMany(t, ['delta', 'alpha', 'Echo', 'bravo'])
  const id = await t.addGroup('data', ids)
  await inviteMany(t, ['outsider'])
  const ask = async (query: string) => (await t.get(`/api/service/groups/${id}/members?${query}`)).json
  const names = async (query: string) => (await ask(query)).records.map((user: { username: string }) => user.username)
  assert.deepEqual(await names(''), ['Echo', 'alpha', 'bravo', 'delta'])
  assert.deepEqual(await names('sort=-username&limit=2'), ['delta', 'bravo'])
  assert.deepEqual(await names('sort=email&offset=1&limit=2'), ['bravo', 'delta'])
  assert.deepEqual(await names(`filter=${encodeURIComponent('{"email":{"$ilike":"%A@example.com"}}')}`), [
    'alpha',
    'delta',
  ])
  assert.deepEqual(await names(`filter=${encodeURIComponent('username eq "outsider"')}`), [])
  const { records, ...totals } = await ask(`filter=${encodeURIComponent('{"username":"alpha"}')}&limit=1`)
  assert.deepEqual(totals, { totalRecord: 4, filterRecord: 1, count: 1 })
  assert.deepEqual(
    [records[0].username, records[0].enabled, records[0].groups, records[0].loginEvents],
    ['alpha', true, [id], []],
  )
  assert.deepEqual((await ask('count=false')).totalRecord, 0)
  assert.deepEqual(Object.keys((await ask('columns=email&columns=groupCount&limit=1')).records[0]), [
    'id',
    'email',
    'groupCount',
  ])
  assert.deepEqual((await ask('offset=9')).records, [])
  for (const key of ['createdTimestamp', 'firstName', 'lastName', 'username', 'email', 'enabled', 'lastLoginTime']) {
    assert.equal((await ask(`sort=${key}`)).count, 4, key)
  }
  for (const [query, error] of [
    ['limit=101', 'limit_too_large'],
    ['sort=groupCount', 'invalid_sort'],
    ['columns=password', 'invalid_columns'],
    ['filter=%7B%22seq%22%3A1%7D', 'invalid_filter'],
    ['maxLoginEvents=101', 'invalid_request'],
  ] as const) {
    assert.deepEqual((await t.get(`/api/service/groups/${id}/members?${query}`)).json.error, error, query)
  }
})

test('a member sees directory fields of other members only, and cannot sort or filter by the hidden ones', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const id = await t.addGroup('data', [user.id, ...(await inviteMany(t, ['other']))])
  const path = `/api/service/groups/${id}/members`
  const { records } = (await t.get(path, { token: user.token })).json
  assert.equal(records.length, 2)
  for (const record of records) {
    for (const hidden of [
      'lastLoginTime',
      'loginEvents',
      'adminEvents',
      'isLocked',
      'isScimUser',
      'emailVerified',
      'defaultRoles',
    ]) {
      assert.ok(!(hidden in record), hidden)
    }
    assert.deepEqual(Object.keys(record.attributes), [])
  }
  assert.equal((await t.get(`${path}?sort=lastLoginTime`, { token: user.token })).json.error, 'invalid_sort')
  assert.equal(
    (await t.get(`${path}?filter=emailVerified%20eq%20true`, { token: user.token })).json.error,
    'invalid_filter',
  )
})

test('bodies that are no lists of ids are 400 and change nothing', async () => {
  await using t = await startTestApp()
  const [user = ''] = await inviteMany(t, ['a'])
  const id = await t.addGroup('data')
  const bodies = [
    undefined,
    {},
    { users: null },
    { users: user },
    { users: [null] },
    { users: [[user]] },
    { users: { 0: user } },
    [user],
  ]
  for (const body of bodies) {
    for (const path of ['members', 'members/remove']) {
      const { status, json } = await t.post(`/api/service/groups/${id}/${path}`, body)
      assert.deepEqual([status, json.error], [400, 'invalid_body'], `${path} ${JSON.stringify(body)}`)
    }
  }
  const tooMany = { users: Array.from({ length: 1_001 }, () => user) }
  assert.equal((await t.post(`/api/service/groups/${id}/members`, tooMany)).json.error, 'invalid_body')
  assert.equal((await t.post(`/api/service/groups/${id}/members/remove`, tooMany)).json.error, 'invalid_body')
  assert.deepEqual(await memberIds(t, id), [])
})

test('1,000 members fit into one call, to add and to remove', async () => {
  await using t = await startTestApp()
  const ids: string[] = []
  for (let batch = 0; batch < 10; batch += 1) {
    ids.push(
      ...(await inviteMany(
        t,
        Array.from({ length: 100 }, (_, n) => `u${batch}-${n}`),
      )),
    )
  }
  const id = await t.addGroup('data')
  assert.equal((await t.post(`/api/service/groups/${id}/members`, { users: ids })).json.added.length, 1_000)
  const list = (await t.get(`/api/service/groups/${id}/members?limit=1`)).json
  assert.deepEqual([list.totalRecord, list.count], [1_000, 1])
  assert.equal((await t.post(`/api/service/groups/${id}/members/remove`, { users: ids })).status, 200)
  assert.equal((await t.get(`/api/service/groups/${id}/members?limit=1`)).json.totalRecord, 0)
})
