import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp } from '../../test/start-test-app.ts'

const unknownId = '0190f2c4-0000-7000-8000-000000000000'

test('a purpose is created with everything the contract names, and read back with every key', async () => {
  await using t = await startTestApp()
  const now = t.clock.now().getTime()
  const body = {
    name: 'fraud',
    displayName: 'Fraud detection',
    description: 'Why',
    tags: ['pii', 'finance', 'pii'],
    isActive: false,
    version: '2.1',
  }
  const { status, json } = await t.post('/api/service/purposes', body)
  assert.equal(status, 200)
  const { id, guid, qualifiedName, createdBy, updatedBy, ...rest } = json
  assert.equal(guid, id)
  assert.match(qualifiedName, /^default\/.+/)
  assert.match(createdBy, /^service-account-apikey-/)
  assert.equal(updatedBy, createdBy)
  assert.deepEqual(rest, {
    name: 'fraud',
    displayName: 'Fraud detection',
    description: 'Why',
    createdAt: now,
    updatedAt: now,
    tags: ['pii', 'finance'],
    isActive: false,
    version: '2.1',
    users: [],
    groups: [],
  })
  assert.deepEqual((await t.get(`/api/service/purposes/${id}`)).json, json)
  assert.deepEqual((await t.get('/api/service/purposes')).json, {
    totalRecord: 1,
    filterRecord: 1,
    count: 1,
    records: [json],
  })
  const bare = (
    await t.post('/api/service/purposes', {
      name: ' bare ',
      tags: null,
      isActive: null,
      version: null,
      displayName: null,
    })
  ).json
  assert.deepEqual(
    [bare.name, bare.displayName, bare.description, bare.tags, bare.isActive, bare.version],
    ['bare', 'bare', '', [], true, ''],
  )
  assert.equal((await t.post('/api/service/purposes', { name: 'numbered', version: 3 })).json.version, '3')
})

test('an update changes what it names; what is absent, null or equal stays and is no event', async () => {
  await using t = await startTestApp()
  const first = (await t.post('/api/service/purposes', { name: 'fraud', tags: ['pii'], version: '1' })).json
  const path = `/api/service/purposes/${first.id}`
  t.clock.advance(1_000)
  const nulls = { name: null, displayName: null, description: null, tags: null, isActive: null, version: null }
  for (const body of [{}, first, nulls, { tags: ['pii', 'pii'] }]) {
    const { status, json } = await t.post(path, body)
    assert.deepEqual([status, json], [200, first], JSON.stringify(body))
  }
  const second = (
    await t.post(path, { tags: ['b', 'a'], isActive: false, version: 2, users: ['x'], guid: 'x', unknown: 1 })
  ).json
  assert.deepEqual(second, {
    ...first,
    tags: ['b', 'a'],
    isActive: false,
    version: '2',
    updatedAt: t.clock.now().getTime(),
  })
  assert.deepEqual((await t.get(path)).json, second)
  assert.deepEqual((await t.post(path, { tags: [] })).json.tags, [])
  const events = (await t.get(`/api/service/events/main?resourcePath=purposes/${first.id}`)).json
  assert.deepEqual(
    events.map((event: { operationType: string; representation: string }) => [
      event.operationType,
      event.representation,
    ]),
    [
      ['UPDATE', '{"fields":["tags"]}'],
      ['UPDATE', '{"fields":["isActive","tags","revision"]}'],
      ['CREATE', '{"name":"fraud"}'],
    ],
  )
})

test('two purposes cannot have one name, in whatever case, and a persona of that name is no hindrance', async () => {
  await using t = await startTestApp()
  await t.post('/api/service/purposes', { name: 'Fraud' })
  const other = (await t.post('/api/service/purposes', { name: 'other' })).json
  for (const name of ['Fraud', 'FRAUD', ' fraud ', 'ｆraud']) {
    const made = await t.post('/api/service/purposes', { name })
    assert.deepEqual([made.status, made.json.error], [409, 'purpose_exists'], name)
    const renamed = await t.post(`/api/service/purposes/${other.id}`, { name, tags: ['lost'] })
    assert.deepEqual([renamed.status, renamed.json.error], [409, 'purpose_exists'], name)
  }
  assert.deepEqual((await t.get(`/api/service/purposes/${other.id}`)).json, other)
  assert.equal((await t.post('/api/service/personas', { name: 'Fraud' })).status, 200)
  const race = await Promise.all(Array.from({ length: 20 }, () => t.post('/api/service/purposes', { name: 'race' })))
  assert.equal(race.filter(({ status }) => status === 200).length, 1)
  assert.equal(race.filter(({ status }) => status === 409).length, 19)
  assert.equal((await t.get('/api/service/purposes')).json.totalRecord, 3)
})

test('a change against an older ETag is refused, for the purpose and for its subjects', async () => {
  await using t = await startTestApp()
  const { id } = (await t.post('/api/service/purposes', { name: 'fraud' })).json
  const group = await t.addGroup('g')
  const path = `/api/service/purposes/${id}`
  const subjects = `/api/muster/purposes/${id}/subjects`
  const tag = async (): Promise<string> => String((await t.get(path)).headers['etag'])
  const old = await tag()
  assert.equal(
    (await t.post(path, { description: 'Two' }, { headers: { 'if-match': old } })).headers['etag'],
    await tag(),
  )
  for (const [address, body] of [
    [path, { description: 'Three' }],
    [subjects, { users: [], groups: [group] }],
  ] as const) {
    const refused = await t.post(address, body, { headers: { 'if-match': old } })
    assert.deepEqual([refused.status, refused.json.error], [412, 'version_mismatch'])
  }
  const before = await tag()
  assert.equal(
    (await t.post(subjects, { users: [], groups: [group] }, { headers: { 'if-match': before } })).status,
    200,
  )
  assert.notEqual(await tag(), before)
  await t.post(`/api/service/groups/${group}/delete`)
  const { json, headers } = await t.get(path)
  assert.deepEqual([json.description, json.groups], ['Two', []])
  assert.notEqual(headers['etag'], before)
})

test('purposes are listed, sorted, filtered and projected like every list', async () => {
  await using t = await startTestApp()
  for (const [name, isActive] of [
    ['zeta', true],
    ['Alpha', false],
    ['ä', true],
  ] as const) {
    t.clock.advance(1_000)
    await t.post('/api/service/purposes', { name, isActive })
  }
  const ask = async (query: string) => (await t.get(`/api/service/purposes?${query}`)).json
  const names = async (query: string) => (await ask(query)).records.map((purpose: { name: string }) => purpose.name)
  assert.deepEqual(await names(''), ['Alpha', 'zeta', 'ä'])
  for (const [key, expected] of [
    ['name', ['Alpha', 'zeta', 'ä']],
    ['createdAt', ['zeta', 'Alpha', 'ä']],
    ['updatedAt', ['zeta', 'Alpha', 'ä']],
  ] as const) {
    assert.deepEqual(await names(`sort=${key}`), expected, key)
    assert.deepEqual(await names(`sort=-${key}`), expected.toReversed(), key)
  }
  for (const key of ['createdBy', 'updatedBy']) assert.equal((await ask(`sort=${key}`)).count, 3, key)
  assert.deepEqual(await names(`filter=${encodeURIComponent('{"isActive":false}')}`), ['Alpha'])
  assert.deepEqual(await names('filter=name%20sw%20%22z%22'), ['zeta'])
  assert.deepEqual(Object.keys((await ask('columns=tags,isActive&limit=1')).records[0]), ['id', 'tags', 'isActive'])
  for (const [query, error] of [
    ['sort=tags', 'invalid_sort'],
    ['columns=revision', 'invalid_columns'],
    ['filter=%7B%22tags%22%3A%22x%22%7D', 'invalid_filter'],
    ['limit=101', 'limit_too_large'],
  ] as const) {
    assert.equal((await ask(query)).error, error, query)
  }
})

test('bodies that make no purpose are 400, and unknown ones 404', async () => {
  await using t = await startTestApp()
  const { id } = (await t.post('/api/service/purposes', { name: 'fraud' })).json
  const bad = [
    { name: ' ' },
    { name: 'a\u0000b' },
    { name: 'x'.repeat(1_001) },
    { name: 'ok', tags: 'pii' },
    { name: 'ok', tags: [1] },
    { name: 'ok', tags: ['a\u202e'] },
    { name: 'ok', isActive: 'true' },
    { name: 'ok', version: {} },
  ]
  for (const body of [...bad, undefined, {}, { name: '' }]) {
    assert.equal((await t.post('/api/service/purposes', body)).json.error, 'invalid_body', JSON.stringify(body))
  }
  for (const body of [...bad, undefined]) {
    assert.equal((await t.post(`/api/service/purposes/${id}`, body)).json.error, 'invalid_body', JSON.stringify(body))
  }
  for (const answer of [
    await t.get(`/api/service/purposes/${unknownId}`),
    await t.post(`/api/service/purposes/${unknownId}`, { name: 'x' }),
  ]) {
    assert.deepEqual([answer.status, answer.json.error], [404, 'purpose_not_found'])
  }
  assert.equal((await t.get('/api/service/purposes')).json.totalRecord, 1)
})
