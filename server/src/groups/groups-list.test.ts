import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'

const paths = ['/api/service/groups', '/api/service/v2/groups'] as const

async function namesOf(t: TestApp, address: string): Promise<string[]> {
  const { status, json, text } = await t.get(address)
  assert.equal(status, 200, text)
  return json.records.map((group: { name: string }) => group.name)
}

/** UTF-8 keeps the order of code points; JavaScript's own comparison does not. */
function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

test('both list addresses give the same bytes for the same question, refusals included', async () => {
  await using t = await startTestApp()
  for (const name of ['data', 'team-x1', 'Ops']) await t.addGroup(name)
  const questions = [
    '',
    '?limit=1&offset=1',
    '?count=false',
    '?sort=-userCount&columns=userCount',
    '?columns=path',
    `?filter=${encodeURIComponent('{"alias":{"$ilike":"%A%"}}')}`,
    '?limit=101',
    '?sort=version',
    '?columns=version',
    '?filter=%7B',
  ]
  for (const question of questions) {
    const headers = { 'x-atlan-request-id': 'same' }
    const [plain, v2] = await Promise.all(paths.map((path) => t.get(path + question, { headers })))
    assert.equal(plain?.text, v2?.text, question)
    assert.equal(plain?.status, v2?.status, question)
    assert.equal(plain?.headers['content-type'], v2?.headers['content-type'], question)
  }
})

test('a group is listed with every key of the contract and nothing of the table', async () => {
  await using t = await startTestApp()
  const user = await t.invite('user01@example.com')
  const group = {
    name: 'data_science',
    attributes: { alias: ['Data Science'], isDefault: ['false'], channels: ['#ds', '#ml'] },
  }
  const { json: created } = await t.post('/api/service/groups', { group, users: [user] })
  const { records, ...totals } = (await t.get(paths[0])).json
  assert.deepEqual(totals, { totalRecord: 1, filterRecord: 1, count: 1 })
  const { createdBy, ...attributes } = records[0].attributes
  assert.match(createdBy[0], /^service-account-apikey-/)
  assert.deepEqual(
    { ...records[0], attributes },
    {
      id: created.group,
      name: 'data_science',
      alias: 'Data Science',
      path: '/data_science',
      attributes: {
        channels: ['#ds', '#ml'],
        alias: ['Data Science'],
        createdAt: [String(t.clock.now().getTime())],
        isDefault: ['false'],
      },
      roles: [],
      decentralizedRoles: [],
      personas: [],
      purposes: [],
      userCount: 1,
      memberCount: 1,
    },
  )
})

test('columns leave out what was not asked for; id and name always come', async () => {
  await using t = await startTestApp()
  await t.addGroup('data')
  const keysFor = async (columns: string) => Object.keys((await t.get(`${paths[1]}?${columns}`)).json.records[0])
  assert.deepEqual(await keysFor('columns=path'), ['id', 'name', 'path'])
  assert.deepEqual(await keysFor('columns=alias&columns=userCount'), ['id', 'name', 'alias', 'userCount'])
  assert.deepEqual(await keysFor('columns=memberCount,roles'), ['id', 'name', 'roles', 'memberCount'])
  assert.deepEqual(await keysFor('columns=personas,purposes,attributes,decentralizedRoles'), [
    'id',
    'name',
    'attributes',
    'decentralizedRoles',
    'personas',
    'purposes',
  ])
  assert.equal((await keysFor('columns=')).length, 11)
  assert.equal((await t.get(`${paths[0]}?columns=name_key`)).json.error, 'invalid_columns')
})

test('totals count before and after the filter, and are 0 where nobody asked', async () => {
  await using t = await startTestApp()
  for (const name of ['a1', 'a2', 'b1']) await t.addGroup(name)
  const filter = encodeURIComponent('{"name":{"$like":"a%"}}')
  const totals = async (query: string) => {
    const { totalRecord, filterRecord, count, records } = (await t.get(`${paths[0]}?${query}`)).json
    return [totalRecord, filterRecord, count, records.length]
  }
  assert.deepEqual(await totals(''), [3, 3, 3, 3])
  assert.deepEqual(await totals(`filter=${filter}`), [3, 2, 2, 2])
  assert.deepEqual(await totals(`filter=${filter}&limit=1`), [3, 2, 1, 1])
  assert.deepEqual(await totals(`filter=${filter}&count=false`), [0, 0, 2, 2])
  assert.deepEqual(await totals('count=False&limit=1'), [0, 0, 1, 1])
  assert.deepEqual(await totals('offset=3'), [3, 3, 0, 0])
})

const strangeNames = [
  'Zeta',
  'alpha',
  '_x',
  '-y',
  '9',
  'ä',
  'éa',
  'Ωmega',
  '日本',
  'ﬀ',
  'ｚ',
  '𐐀',
  '𝒜',
  'zz',
  'ZA',
  'team-1',
  'team_1',
]

test('names sort by code point in both directions, in whole and page by page', async () => {
  await using t = await startTestApp()
  for (const name of strangeNames) await t.addGroup(name)
  const sorted = strangeNames.toSorted(byCodePoint)
  assert.deepEqual(await namesOf(t, `${paths[1]}?limit=100&sort=name`), sorted)
  assert.deepEqual(await namesOf(t, `${paths[1]}?limit=100`), sorted, 'by name unless asked otherwise')
  assert.deepEqual(await namesOf(t, `${paths[1]}?limit=100&sort=-name`), sorted.toReversed())
  assert.deepEqual(await namesOf(t, `${paths[1]}?limit=100&sort=%2Balias`), sorted)
  const size = Math.ceil(strangeNames.length / 5)
  const pages: string[][] = []
  for (let offset = 0; ; offset += size) {
    const page = await namesOf(t, `${paths[1]}?limit=${size}&offset=${offset}&sort=name`)
    if (page.length === 0) break
    pages.push(page)
  }
  assert.deepEqual(pages.flat(), sorted)
  assert.deepEqual(new Set(pages.slice(0, -1).map((page) => page.length)), new Set([size]))
})

test('every sort key works both ways, and equal values are told apart by id', async () => {
  await using t = await startTestApp()
  const users = [await t.invite('a@example.com'), await t.invite('b@example.com')]
  const ids: Record<string, string> = {}
  for (const [name, alias, members] of [
    ['c', 'Same', 2],
    ['a', 'Same', 0],
    ['d', 'First', 1],
    ['b', 'Last', 1],
  ] as const) {
    t.clock.advance(1_000)
    const body = { group: { name, attributes: { alias: [alias] } }, users: users.slice(0, members) }
    ids[name] = (await t.post('/api/service/groups', body)).json.group
  }
  const tie = (...names: string[]) => names.toSorted((a, b) => byCodePoint(ids[a] ?? '', ids[b] ?? ''))
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['name', ['a', 'b', 'c', 'd']],
    ['alias', ['d', 'b', ...tie('a', 'c')]],
    ['createdAt', ['c', 'a', 'd', 'b']],
    ['userCount', ['a', ...tie('b', 'd'), 'c']],
  ]
  for (const [key, expected] of cases) {
    assert.deepEqual(await namesOf(t, `${paths[0]}?sort=${key}`), expected, key)
    assert.deepEqual(await namesOf(t, `${paths[0]}?sort=-${key}`), expected.toReversed(), `-${key}`)
  }
  for (const key of [
    'memberCount',
    'id',
    'name_key',
    'groups.name',
    'name desc',
    'name;drop table groups',
    '-',
    'NAME',
  ]) {
    const refused = await t.get(`${paths[0]}?sort=${encodeURIComponent(key)}`)
    assert.deepEqual([refused.status, refused.json.error], [400, 'invalid_sort'], key)
  }
})

test('without a limit a page has 20 groups, and more than 100 are refused by name', async () => {
  await using t = await startTestApp()
  for (let n = 0; n < 21; n += 1) await t.addGroup(`g${n}`)
  for (const query of ['', '?limit=0', '?limit=', '?offset=&sort=&filter=&limit=']) {
    assert.equal((await t.get(paths[0] + query)).json.count, 20, query)
  }
  assert.equal((await t.get(`${paths[0]}?limit=100`)).json.count, 21)
  const refused = await t.get(`${paths[0]}?limit=101`)
  assert.deepEqual([refused.status, refused.json.error], [400, 'limit_too_large'])
  assert.match(refused.json.message, /100/)
})
