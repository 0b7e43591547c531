import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'

const unknownId = '0190f2c4-0000-7000-8000-000000000000'

interface Listed {
  readonly id: string
  readonly name: string
  readonly alias: string
  readonly attributes: Readonly<Record<string, readonly string[]>>
  readonly userCount: number
}

async function listed(t: TestApp): Promise<Listed[]> {
  return (await t.get('/api/service/groups?limit=100')).json.records
}

test('a group is created with its members and found by its alias at once', async () => {
  await using t = await startTestApp()
  const users = [await t.invite('user01@example.com'), await t.invite('user02@example.com')]
  const { status, json } = await t.post('/api/service/groups', {
    group: { name: 'team-x1', attributes: { alias: ['Team X1'] } },
    users,
  })
  assert.equal(status, 200)
  assert.equal(typeof json.group, 'string')
  assert.deepEqual(json.users, Object.fromEntries(users.map((id) => [id, { status: 200, statusMessage: 'success' }])))
  const found = await t.get(
    `/api/service/v2/groups?filter=${encodeURIComponent('{"$and":[{"alias":{"$ilike":"%team x1%"}}]}')}`,
  )
  assert.deepEqual(
    found.json.records.map(({ id, name, userCount }: Listed) => [id, name, userCount]),
    [[json.group, 'team-x1', 2]],
  )
  for (const id of users) assert.deepEqual((await t.get(`/api/service/users/${id}`)).json.groups, [json.group])
})

test('an unknown member is reported by id and does not stop the group', async () => {
  await using t = await startTestApp()
  const user = await t.invite('user01@example.com')
  const stranger = await t.invite('user01@example.com', '$member', t.other)
  const users = [user, unknownId, stranger, 'toString', user]
  const { status, json } = await t.post('/api/service/groups', { group: { name: 'data' }, users })
  assert.equal(status, 200)
  const missing = { status: 404, statusMessage: 'user_not_found' }
  assert.deepEqual(json.users, {
    [user]: { status: 200, statusMessage: 'success' },
    [unknownId]: missing,
    [stranger]: missing,
    toString: missing,
  })
  assert.deepEqual(
    (await listed(t)).map((group) => group.userCount),
    [1],
  )
})

test('users is an empty object when nobody was named', async () => {
  await using t = await startTestApp()
  for (const [name, users] of [
    ['none', {}],
    ['null', { users: null }],
    ['empty', { users: [] }],
  ] as const) {
    assert.deepEqual((await t.post('/api/service/groups', { group: { name }, ...users })).json.users, {}, name)
  }
})

test('name and alias come from whatever the client gave', async () => {
  await using t = await startTestApp()
  const cases: readonly (readonly [group: object, name: string, alias: string])[] = [
    [{ name: 'only_name' }, 'only_name', 'only_name'],
    [{ attributes: { alias: ['Data  Science Team'] } }, 'data_science_team', 'Data  Science Team'],
    [{ alias: 'R&D (Berlin) – Süd' }, 'rd_berlin__süd', 'R&D (Berlin) – Süd'],
    [{ name: null, attributes: { alias: [' Ops-1 '] } }, 'ops-1', 'Ops-1'],
    [{ name: '', alias: null, attributes: { alias: ['数据 团队'] } }, '数据_团队', '数据 团队'],
    [{ name: 'Internal-1', attributes: { alias: ['Shown, as typed!'] } }, 'Internal-1', 'Shown, as typed!'],
    [{ name: 'with_nulls', attributes: { alias: null, description: null } }, 'with_nulls', 'with_nulls'],
  ]
  for (const [group, name, alias] of cases) {
    const { status, json } = await t.post('/api/service/groups', { group })
    assert.equal(status, 200, name)
    const record = (await listed(t)).find(({ id }) => id === json.group)
    assert.deepEqual([record?.name, record?.alias, record?.attributes['alias']], [name, alias, [alias]])
  }
})

test('description is absent until one was given, and stamps of the client are not believed', async () => {
  await using t = await startTestApp()
  const forged = { createdAt: ['1'], createdBy: ['nobody'], updatedAt: ['1'], updatedBy: ['nobody'] }
  await t.post('/api/service/groups', {
    group: { name: 'bare', path: '/elsewhere', userCount: 7, roles: ['x'], attributes: forged },
  })
  await t.post('/api/service/groups', { group: { name: 'empty', attributes: { description: [] } } })
  await t.post('/api/service/groups', { group: { name: 'told', attributes: { description: ['What it is for'] } } })
  const [bare, empty, told] = await listed(t)
  const now = String(t.clock.now().getTime())
  assert.deepEqual(Object.keys(bare?.attributes ?? {}).toSorted(), ['alias', 'createdAt', 'createdBy', 'isDefault'])
  assert.deepEqual([bare?.attributes['createdAt'], bare?.userCount], [[now], 0])
  assert.notDeepEqual(bare?.attributes['createdBy'], ['nobody'])
  assert.equal(empty?.attributes['description'], undefined)
  assert.deepEqual(told?.attributes['description'], ['What it is for'])
})

test('a name in use is refused whatever its case or form, and the first group stays as it was', async () => {
  await using t = await startTestApp()
  const pairs = [
    ['team-x1', ['team-x1', 'TEAM-X1', 'Team-x1']],
    ['Äpfel', ['äpfel', 'ÄPFEL']],
    ['ΣΟΦΙΑ', ['σοφια', 'Σοφια']],
    ['ﬁnance', ['finance', 'FINANCE']],
    ['ｚoo', ['zoo', 'ZOO']],
    ['Kelvin', ['kelvin']],
    ['ДАННЫЕ', ['данные']],
  ] as const
  for (const [first, repeats] of pairs) {
    assert.equal((await t.post('/api/service/groups', { group: { name: first } })).status, 200)
    const before = await listed(t)
    for (const name of repeats) {
      const { status, json } = await t.post('/api/service/groups', {
        group: { name, attributes: { alias: ['Other'] } },
      })
      assert.deepEqual([status, json.error], [409, 'group_exists'], `${first} against ${name}`)
    }
    assert.deepEqual(await listed(t), before)
  }
  const derived = await t.post('/api/service/groups', { group: { attributes: { alias: ['Team-X1'] } } })
  assert.equal(derived.json.error, 'group_exists', 'a derived name is held against the others too')
  const alias = await t.post('/api/service/groups', { group: { name: 'other', attributes: { alias: ['team-x1'] } } })
  assert.equal(alias.status, 200, 'two groups may be shown alike')
})

test('of 50 parallel creations of one name exactly one succeeds', async () => {
  await using t = await startTestApp()
  const names = Array.from({ length: 50 }, (_, n) => (n % 2 === 0 ? 'race' : 'RACE'))
  const answers = await Promise.all(names.map((name) => t.post('/api/service/groups', { group: { name } })))
  const statuses = answers.map(({ status }) => status).toSorted()
  assert.deepEqual(statuses, [200, ...Array.from({ length: 49 }, () => 409)])
  assert.equal((await t.get('/api/service/groups')).json.totalRecord, 1)
})

test('names of letters, digits, _ and - are taken, everything else is 400 and creates nothing', async () => {
  await using t = await startTestApp()
  for (const name of ['team-x1', '_', '9', 'Ж-ß_٣', 'x'.repeat(200)]) {
    assert.equal((await t.post('/api/service/groups', { group: { name } })).status, 200, name)
  }
  const before = (await t.get('/api/service/groups')).json.totalRecord
  const refused: readonly object[] = [
    { group: { name: 'with blank' } },
    { group: { name: 'a/b' } },
    { group: { name: 'a.b' } },
    { group: { name: 'tab\t' } },
    { group: { name: 'x'.repeat(201) } },
    { group: { name: 'a\u202eb' } },
    { group: { name: 'ok', attributes: { alias: ['turned \u202e around'] } } },
    { group: { name: 'ok', attributes: { alias: ['x'.repeat(1_001)] } } },
    { group: { attributes: { alias: ['!?&'] } } },
    { group: { name: '', alias: '' } },
    { group: { attributes: { alias: [] } } },
    { group: {} },
    {},
    { group: 'data' },
    { group: [] },
    { group: { name: 7 } },
    { group: { name: 'ok', attributes: { alias: 'a scalar' } } },
    { group: { name: 'ok', attributes: { description: [7] } } },
    { group: { name: 'ok', attributes: { isDefault: ['maybe'] } } },
    { group: { name: 'ok', attributes: { description: ['x'.repeat(4_097)] } } },
    { group: { name: 'ok' }, users: 'all' },
    { group: { name: 'ok' }, users: [7] },
    { group: { name: 'ok' }, users: Array.from({ length: 1_001 }, (_, n) => `u${n}`) },
  ]
  for (const body of refused) {
    const { status, json } = await t.post('/api/service/groups', body)
    assert.deepEqual([status, json.error], [400, 'invalid_body'], JSON.stringify(body).slice(0, 100))
  }
  assert.equal((await t.get('/api/service/groups')).json.totalRecord, before)
})
