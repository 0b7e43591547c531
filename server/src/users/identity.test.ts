import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { invitePeople } from './testdata/people.ts'

function address(kind: 'users' | 'groups', ids: readonly string[] | null, columns = ''): string {
  return `/api/service/identity/${kind}?filter=${encodeURIComponent(JSON.stringify({ id: { $in: ids } }))}${columns}`
}

/** As the Java client asks: with its marker header, and the JSON as it is. */
const asJava = { headers: { 'x-endpoint-type': 'utility', 'x-atlan-agent-id': 'java' } }

async function inviteMany(t: TestApp, count: number): Promise<string[]> {
  const ids: string[] = []
  for (let start = 0; start < count; start += 100) {
    const people = Array.from({ length: Math.min(100, count - start) }, (_, index) => ({
      username: `user${String(start + index).padStart(3, '0')}`,
    }))
    ids.push(...(await invitePeople(t, people)))
  }
  return ids
}

test('500 ids are answered in one bare array, whatever limit says', async () => {
  await using t = await startTestApp()
  const ids = await inviteMany(t, 500)
  for (const suffix of ['', '&limit=20&offset=5&count=true', '&limit=500']) {
    const path = address('users', ids, suffix)
    assert.ok(path.length > 20 * 1024)
    const { status, json } = await t.get(path, asJava)
    assert.equal(status, 200)
    assert.ok(Array.isArray(json))
    assert.deepEqual(json.map((user: { id: string }) => user.id).toSorted(), ids.toSorted())
  }
})

test('501 ids are one too many, in one list or in several', async () => {
  await using t = await startTestApp()
  for (const kind of ['users', 'groups'] as const) {
    const { status, json } = await t.get(
      address(
        kind,
        Array.from({ length: 501 }, (_, index) => String(index)),
      ),
    )
    assert.deepEqual([status, json.error], [400, 'invalid_filter'])
    assert.match(json.message, /500/)
    const half = Array.from({ length: 251 }, (_, index) => String(index))
    const filter = encodeURIComponent(JSON.stringify({ $or: [{ id: { $in: half } }, { id: { $in: half } }] }))
    assert.equal((await t.get(`/api/service/identity/${kind}?filter=${filter}`)).json.error, 'invalid_filter')
  }
})

test('several conditions together may name the ids', async () => {
  await using t = await startTestApp()
  const ids = [await t.invite('user01@example.com'), await t.invite('user02@example.com')]
  const found = async (filter: string) =>
    (await t.get(`/api/service/identity/users?filter=${encodeURIComponent(filter)}`)).json.length
  assert.equal(await found(`id eq "${ids[0]}" or id eq "${ids[1]}"`), 2)
  assert.equal(await found(JSON.stringify({ $and: [{ id: { $in: ids } }, { id: ids[0] }] })), 1)
  assert.equal(await found(`{"id":"${ids[1]}"}`), 1)
  assert.equal(await found('{"$or":[]}'), 0)
})

test('a user has the keys that always come, and each column only when asked for', async () => {
  await using t = await startTestApp()
  const [id = ''] = await invitePeople(t, [
    { username: 'user01', firstName: 'A', lastName: 'B', attributes: { designation: ['x'] } },
  ])
  const [zeta, alpha] = [await t.addGroup('zeta', [id]), await t.addGroup('alpha', [id])]
  const { attributes } = (await t.get(`/api/service/users/${id}`)).json
  const always = { id, username: 'user01', email: 'user01@example.com', enabled: true, attributes }
  const one = async (columns: string) => (await t.get(address('users', [id], columns))).json[0]
  assert.deepEqual(await one(''), always)
  assert.deepEqual(await one('&columns='), always)
  assert.deepEqual(await one('&columns=username,email'), always)
  assert.deepEqual(await one('&columns=firstName&columns=lastName'), { ...always, firstName: 'A', lastName: 'B' })
  assert.deepEqual(await one('&columns=createdTimestamp'), { ...always, createdTimestamp: t.clock.now().getTime() })
  const groups = [
    { id: alpha, name: 'alpha' },
    { id: zeta, name: 'zeta' },
  ]
  assert.deepEqual(await one('&columns=firstName,lastName,createdTimestamp,groups'), {
    ...always,
    firstName: 'A',
    lastName: 'B',
    createdTimestamp: t.clock.now().getTime(),
    groups,
  })
  const [other = ''] = await invitePeople(t, [{ username: 'user02' }])
  assert.deepEqual((await t.get(address('users', [other], '&columns=groups'))).json[0].groups, [])
})

test('a group has its alias as plain text, with or without asking for attributes', async () => {
  await using t = await startTestApp()
  const { json } = await t.post('/api/service/groups', {
    group: { name: 'data_science', attributes: { alias: ['Data Science'], description: ['x'] } },
  })
  for (const columns of ['', '&columns=attributes', '&columns=id,name,attributes']) {
    assert.deepEqual((await t.get(address('groups', [json.group], columns), asJava)).json, [
      { id: json.group, name: 'data_science', attributes: { alias: 'Data Science' } },
    ])
  }
})

test('unknown, foreign, empty and repeated ids are just not found again', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const group = await t.addGroup('data')
  const foreign = {
    users: await t.invite('user02@example.com', '$member', t.other),
    groups: await t.addGroup('data', [], t.other),
  }
  for (const [kind, own] of [
    ['users', id],
    ['groups', group],
  ] as const) {
    const found = async (ids: readonly string[] | null) =>
      (await t.get(address(kind, ids))).json.map((row: { id: string }) => row.id)
    assert.deepEqual(await found([own, own, foreign[kind], '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f13', '']), [own])
    assert.deepEqual(
      [await found([foreign[kind]]), await found([]), await found(['']), await found(null)],
      [[], [], [], []],
    )
  }
})

test('ids alone can be asked for, and something must be', async () => {
  await using t = await startTestApp()
  await t.invite('user01@example.com')
  for (const kind of ['users', 'groups']) {
    const wrong = [
      '',
      'filter=',
      'filter=%7B%22username%22%3A%22x%22%7D',
      'filter=%7B%22name%22%3A%22x%22%7D',
      'filter=%7B',
      'filter=id%20sw%20%22a%22',
      'filter=id%20pr',
      `filter=${encodeURIComponent('{"id":{"$like":"%"}}')}`,
      `filter=${encodeURIComponent('{"id":{"$neq":"x"}}')}`,
      `filter=${encodeURIComponent('{"id":{"$gt":""}}')}`,
    ]
    for (const query of wrong) {
      const { status, json } = await t.get(`/api/service/identity/${kind}?${query}`)
      assert.deepEqual([status, json.error], [400, 'invalid_filter'], `${kind} ${query}`)
    }
    assert.equal((await t.get(`/api/service/identity/${kind}?filter=a&filter=b`)).json.error, 'invalid_request')
    for (const columns of ['password', 'personas', 'loginEvents', 'emailVerified']) {
      assert.equal(
        (await t.get(`/api/service/identity/${kind}?columns=${columns}&filter=${encodeURIComponent('{"id":"x"}')}`))
          .json.error,
        'invalid_columns',
        columns,
      )
    }
  }
})

test('a filter that would name everybody is refused: this is a look-up, not a list', async () => {
  await using t = await startTestApp()
  await t.invite('user01@example.com')
  await t.addGroup('data')
  for (const filter of ['{}', '{"$and":[]}', 'not (id eq "x")', '{"$or":[{},{"id":"x"}]}']) {
    for (const kind of ['users', 'groups']) {
      const { status, json } = await t.get(`/api/service/identity/${kind}?filter=${encodeURIComponent(filter)}`)
      assert.deepEqual([status, json.error], [400, 'invalid_filter'], `${kind} ${filter}`)
    }
  }
})

test('a member sees of the attributes what the directory shows; a guest sees nothing', async () => {
  await using t = await startTestApp()
  const [member, guest] = [await t.addUser('user01'), await t.addUser('user02', '$guest')]
  const [id = ''] = await invitePeople(t, [{ username: 'user03', attributes: { designation: ['x'], salary: ['1'] } }])
  const { json } = await t.get(address('users', [id]), { token: member.token })
  assert.deepEqual(json[0].attributes, { designation: ['x'] })
  for (const kind of ['users', 'groups'] as const) {
    const refused = await t.get(address(kind, [id]), { token: guest.token })
    assert.deepEqual([refused.status, refused.json.error], [403, 'insufficient_role'])
  }
})
