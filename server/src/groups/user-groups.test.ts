import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp } from '../../test/start-test-app.ts'

const unknownId = '0190f2c4-0000-7000-8000-000000000000'

test('a user joins groups by one call, which may be repeated', async () => {
  await using t = await startTestApp()
  const user = await t.invite('user01@example.com')
  const groups = [await t.addGroup('a'), await t.addGroup('b')]
  for (const list of [groups, groups, [...groups, ...groups], []]) {
    const { status, text } = await t.post(`/api/service/users/${user}/groups`, { groups: list })
    assert.deepEqual([status, text], [200, ''])
    const record = (await t.get(`/api/service/users/${user}`)).json
    assert.deepEqual([new Set(record.groups), record.groupCount], [new Set(groups), 2])
  }
  assert.equal((await t.get('/api/service/events/main?resourceTypes=GROUP_MEMBERSHIP')).json.length, 2)
  for (const group of (await t.get('/api/service/groups')).json.records) assert.equal(group.userCount, 1)
})

test('one unknown group and none is joined; an unknown user is 404 as well', async () => {
  await using t = await startTestApp()
  const user = await t.invite('user01@example.com')
  const group = await t.addGroup('data')
  const foreign = await t.addGroup('data', [], t.other)
  for (const bad of [unknownId, foreign, '']) {
    for (const groups of [
      [group, bad],
      [bad, group],
    ]) {
      const { status, json } = await t.post(`/api/service/users/${user}/groups`, { groups })
      assert.deepEqual([status, json.error], [404, 'group_not_found'])
    }
  }
  assert.equal((await t.get(`/api/service/users/${user}`)).json.groupCount, 0)
  const stranger = await t.invite('user01@example.com', '$member', t.other)
  for (const id of [unknownId, stranger]) {
    const { status, json } = await t.post(`/api/service/users/${id}/groups`, { groups: [group] })
    assert.deepEqual([status, json.error], [404, 'user_not_found'])
  }
  assert.equal((await t.get('/api/service/groups')).json.records[0].userCount, 0)
  for (const body of [undefined, {}, { groups: null }, { groups: group }, { groups: [1] }, { users: [group] }]) {
    assert.equal(
      (await t.post(`/api/service/users/${user}/groups`, body)).json.error,
      'invalid_body',
      JSON.stringify(body),
    )
  }
})

test("a user's groups are a list like that of all groups", async () => {
  await using t = await startTestApp()
  const user = await t.invite('user01@example.com')
  for (const name of ['delta', 'alpha', 'Echo', 'bravo']) await t.addGroup(name, [user])
  await t.addGroup('elsewhere')
  const ask = async (query: string) => (await t.get(`/api/service/users/${user}/groups?${query}`)).json
  const names = async (query: string) => (await ask(query)).records.map((group: { name: string }) => group.name)
  assert.deepEqual(await names(''), ['Echo', 'alpha', 'bravo', 'delta'])
  assert.deepEqual(await names('sort=-name&limit=2&offset=1'), ['bravo', 'alpha'])
  assert.deepEqual(await names(`filter=${encodeURIComponent('{"$and":[{"alias":{"$ilike":"%ELTA%"}}]}')}`), ['delta'])
  assert.deepEqual(await names(`filter=${encodeURIComponent('{"name":"elsewhere"}')}`), [])
  const { records, ...totals } = await ask(`limit=1&filter=${encodeURIComponent('{"name":{"$like":"%a"}}')}`)
  assert.deepEqual(totals, { totalRecord: 4, filterRecord: 2, count: 1 })
  const [first] = (await t.get('/api/service/groups?filter=%7B%22name%22%3A%22alpha%22%7D')).json.records
  assert.deepEqual(records, [first])
  assert.deepEqual(Object.keys((await ask('columns=path')).records[0]), ['id', 'name', 'path'])
  assert.equal((await t.get(`/api/service/users/${user}/groups?limit=101`)).json.error, 'limit_too_large')
  const lonely = await t.invite('user02@example.com')
  const none = (await t.get(`/api/service/users/${lonely}/groups`)).json
  assert.deepEqual(none, { totalRecord: 0, filterRecord: 0, count: 0, records: [] })
})

test('everybody reads their own groups; members read those of others, guests learn nothing about them', async () => {
  await using t = await startTestApp()
  const guest = await t.addUser('guest01', '$guest')
  const member = await t.addUser('member01')
  const group = await t.addGroup('data', [guest.id, member.id])
  const ids = async (of: string, token: string) => {
    const { json } = await t.get(`/api/service/users/${of}/groups`, { token })
    return json.records?.map((record: { id: string }) => record.id) ?? json.error
  }
  assert.deepEqual(await ids(guest.id, guest.token), [group])
  assert.deepEqual(await ids(member.id, member.token), [group])
  assert.deepEqual(await ids(guest.id, member.token), [group])
  const text = async (of: string) =>
    (await t.get(`/api/service/users/${of}/groups`, { token: guest.token, headers: { 'x-atlan-request-id': 'r' } }))
      .text
  assert.equal(await text(member.id), await text(unknownId))
  assert.equal(await ids(member.id, guest.token), 'user_not_found')
})

test('every new user joins the default groups by itself, older users do not', async () => {
  await using t = await startTestApp()
  const older = await t.invite('older@example.com')
  const make = async (name: string, isDefault: string) =>
    (await t.post('/api/service/groups', { group: { name, attributes: { isDefault: [isDefault] } } })).json.group
  const everyone = await make('everyone', 'true')
  const later = await make('later', 'False')
  const plain = await t.addGroup('plain')
  const emails = ['a@example.com', 'b@example.com']
  const { createdUsers } = (await t.post('/api/service/users', { emails, roleName: '$guest' })).json
  await t.post(`/api/service/groups/${later}`, { attributes: { isDefault: ['TRUE'] } })
  const both = await t.invite('c@example.com')
  const named = (
    await t.post('/api/service/users', {
      users: [{ email: 'd@example.com', roleName: '$member', groups: [plain, everyone] }],
    })
  ).json
  await t.post(`/api/service/groups/${everyone}`, { attributes: { isDefault: ['false'] } })
  const last = await t.invite('e@example.com')
  const expected: readonly (readonly [string, readonly string[]])[] = [
    [older, []],
    [createdUsers['a@example.com'], [everyone]],
    [createdUsers['b@example.com'], [everyone]],
    [both, [everyone, later]],
    [named.createdUsers['d@example.com'], [everyone, later, plain]],
    [last, [later]],
  ]
  for (const [id, groups] of expected) {
    const record = (await t.get(`/api/service/users/${id}`)).json
    assert.deepEqual([new Set(record.groups), record.groupCount], [new Set(groups), groups.length], record.email)
  }
  const counts = (await t.get('/api/service/groups')).json.records.map(
    ({ name, userCount, attributes }: { name: string; userCount: number; attributes: { isDefault: string[] } }) => [
      name,
      userCount,
      attributes.isDefault[0],
    ],
  )
  assert.deepEqual(counts, [
    ['everyone', 4, 'false'],
    ['later', 3, 'true'],
    ['plain', 1, 'false'],
  ])
})
