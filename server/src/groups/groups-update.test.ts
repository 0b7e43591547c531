import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'

async function readGroup(t: TestApp, id: string) {
  const filter = encodeURIComponent(JSON.stringify({ id }))
  return (await t.get(`/api/service/groups?filter=${filter}`)).json.records[0]
}

async function countUpdates(t: TestApp): Promise<number> {
  const events = (await t.get('/api/service/events/main?max=1000&operationTypes=UPDATE&resourceTypes=GROUP')).json
  return events.length
}

test('an update answers 200 with nothing, and the next read shows it with its stamp', async () => {
  await using t = await startTestApp()
  const id = await t.addGroup('data')
  t.clock.advance(5_000)
  const answer = await t.post(`/api/service/groups/${id}`, { attributes: { description: ['New'] } })
  assert.deepEqual([answer.status, answer.text], [200, ''])
  const { attributes } = await readGroup(t, id)
  assert.deepEqual(attributes['description'], ['New'])
  assert.deepEqual(attributes['updatedAt'], [String(t.clock.now().getTime())])
  assert.deepEqual(attributes['updatedBy'], attributes['createdBy'])
})

test('attributes merge key by key, null leaves and an empty list clears', async () => {
  await using t = await startTestApp()
  const id = await t.addGroup('data')
  const change = (attributes: object) => t.post(`/api/service/groups/${id}`, { attributes })
  const custom = async () => {
    const { alias, createdAt, createdBy, updatedAt, updatedBy, isDefault, ...rest } = (await readGroup(t, id))
      .attributes
    return rest
  }
  await change({ description: ['One'], channels: ['#a', '#b'] })
  await change({ team: ['x'] })
  assert.deepEqual(await custom(), { description: ['One'], channels: ['#a', '#b'], team: ['x'] })
  await change({ description: ['Two'], channels: null })
  assert.deepEqual(await custom(), { description: ['Two'], channels: ['#a', '#b'], team: ['x'] })
  await change({ channels: [], team: [null] })
  assert.deepEqual(await custom(), { description: ['Two'] })
})

test('a whole record sent back is no change: no new stamp, no event', async () => {
  await using t = await startTestApp()
  const user = await t.invite('user01@example.com')
  const id = await t.addGroup('data', [user])
  await t.post(`/api/service/groups/${id}`, { attributes: { description: ['One'] } })
  const before = await readGroup(t, id)
  const events = await countUpdates(t)
  t.clock.advance(60_000)
  const nulls = { id: null, name: null, alias: null, path: null, attributes: null, roles: null, userCount: null }
  for (const body of [
    before,
    { ...before, userCount: 99, path: '/x', personas: [{ id: 'x' }], roles: ['$admin'] },
    nulls,
    {},
  ]) {
    assert.equal((await t.post(`/api/service/groups/${id}`, body)).status, 200)
    assert.deepEqual(await readGroup(t, id), before)
  }
  assert.equal(await countUpdates(t), events)
})

test('a new alias is taken from the top level or from the attributes, and the group is found by it', async () => {
  await using t = await startTestApp()
  const id = await t.addGroup('data')
  const aliasAfter = async (body: object) => {
    assert.equal((await t.post(`/api/service/groups/${id}`, body)).status, 200)
    const { name, path, alias, attributes } = await readGroup(t, id)
    assert.deepEqual([name, path, attributes.alias], ['data', '/data', [alias]])
    return alias
  }
  assert.equal(await aliasAfter({ alias: 'Top' }), 'Top')
  assert.equal(await aliasAfter({ attributes: { alias: ['Inside'] } }), 'Inside')
  assert.equal(await aliasAfter({ alias: 'Newer', attributes: { alias: ['Inside'] } }), 'Newer')
  assert.equal(await aliasAfter({ alias: 'Newer', attributes: { alias: ['Newest'] } }), 'Newest')
  assert.equal(await aliasAfter({ alias: 'Both', attributes: { alias: ['Both'] } }), 'Both')
  assert.equal(await aliasAfter({ alias: null, attributes: { alias: [] } }), 'Both')
  const found = await t.get(
    `/api/service/groups?filter=${encodeURIComponent('{"$and":[{"alias":{"$ilike":"%BOTH%"}}]}')}`,
  )
  assert.equal(found.json.records[0].id, id)
  assert.equal(
    (await t.get(`/api/service/groups?filter=${encodeURIComponent('{"alias":"Newest"}')}`)).json.filterRecord,
    0,
  )
  for (const body of [
    { alias: 'A', attributes: { alias: ['B'] } },
    { alias: '' },
    { alias: ' ' },
    { alias: 'a\u2066b' },
    { alias: 7 },
  ]) {
    assert.equal((await t.post(`/api/service/groups/${id}`, body)).json.error, 'invalid_body', JSON.stringify(body))
  }
  assert.equal((await readGroup(t, id)).alias, 'Both')
})

test('the internal name never changes, not even in case', async () => {
  await using t = await startTestApp()
  const id = await t.addGroup('data')
  for (const name of ['other', 'Data', 'data ']) {
    const { status, json } = await t.post(`/api/service/groups/${id}`, { name, attributes: { description: ['lost'] } })
    assert.deepEqual([status, json.error], [400, 'group_name_immutable'], name)
  }
  assert.equal((await t.post(`/api/service/groups/${id}`, { name: 'data' })).status, 200)
  const { name, attributes } = await readGroup(t, id)
  assert.deepEqual([name, attributes.description], ['data', undefined])
})

test('a change made against an older version is refused, counting members and personas too', async () => {
  await using t = await startTestApp()
  const id = await t.addGroup('data')
  const user = await t.invite('user01@example.com')
  const persona = (await t.post('/api/service/personas', { name: 'base' })).json.id
  const tag = async (): Promise<string> => String((await t.post(`/api/service/groups/${id}`, {})).headers['etag'])
  const steps = [
    () => t.post(`/api/service/groups/${id}`, { alias: 'Second' }),
    () => t.post(`/api/service/groups/${id}/members`, { users: [user] }),
    () => t.post(`/api/service/personas/${persona}/subjects`, { users: [], groups: [id] }),
  ]
  for (const step of steps) {
    const old = await tag()
    assert.match(old, /^"[^"]+"$/)
    assert.equal((await step()).status, 200)
    const refused = await t.post(`/api/service/groups/${id}`, { alias: 'Stale' }, { headers: { 'if-match': old } })
    assert.deepEqual([refused.status, refused.json.error], [412, 'version_mismatch'])
  }
  const current = await tag()
  assert.equal((await t.post(`/api/service/groups/${id}/members`, { users: [user] })).status, 200)
  assert.equal(await tag(), current, 'what changes nothing makes no new version')
  assert.equal(
    (await t.post(`/api/service/groups/${id}`, { alias: 'Third' }, { headers: { 'if-match': current } })).status,
    200,
  )
  assert.equal(
    (await t.post(`/api/service/groups/${id}`, { alias: 'Fourth' }, { headers: { 'if-match': '*' } })).status,
    200,
  )
  assert.equal((await readGroup(t, id)).alias, 'Fourth')
})

test('of 20 parallel changes against one version one is made', async () => {
  await using t = await startTestApp()
  const id = await t.addGroup('data')
  const tag = String((await t.post(`/api/service/groups/${id}`, {})).headers['etag'])
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      t.post(`/api/service/groups/${id}`, { alias: `alias ${n}` }, { headers: { 'if-match': tag } }),
    ),
  )
  assert.deepEqual(answers.filter(({ status }) => status === 200).length, 1)
  assert.deepEqual(answers.filter(({ status }) => status === 412).length, 19)
})

test('parallel changes of different attributes are all kept', async () => {
  await using t = await startTestApp()
  const id = await t.addGroup('data')
  await Promise.all(
    Array.from({ length: 30 }, (_, n) =>
      t.post(`/api/service/groups/${id}`, { attributes: { [`key${n}`]: [`${n}`] } }),
    ),
  )
  const { attributes } = await readGroup(t, id)
  for (let n = 0; n < 30; n += 1) assert.deepEqual(attributes[`key${n}`], [`${n}`])
})
