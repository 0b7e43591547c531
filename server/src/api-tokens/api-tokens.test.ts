import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'

const unknownId = '0190f2c4-0000-7000-8000-000000000000'

async function create(t: TestApp, body: object = {}) {
  const { status, json, text } = await t.post('/api/service/apikeys', { displayName: 'ci-bot', ...body })
  assert.equal(status, 200, text)
  return json
}

async function find(t: TestApp, filter: object) {
  return (await t.get(`/api/service/apikeys?limit=5&filter=${encodeURIComponent(JSON.stringify(filter))}`)).json.records
}

/** Every text of every table, the search indexes excepted. */
async function dump(t: TestApp): Promise<string> {
  const tables = await t.db.introspection.getTables()
  const rows: unknown[] = []
  for (const { name } of tables.filter((table) => !table.name.includes('_search'))) {
    // Names come from the database itself, so that a new table is looked at too.
    rows.push(
      await t.db
        .selectFrom(name as 'events')
        .selectAll()
        .execute(),
    )
  }
  assert.ok(rows.length > 10)
  return JSON.stringify(rows)
}

test('a token is created as the contract shows it, and its secret works at once', async () => {
  await using t = await startTestApp()
  const admin = await t.addUser('admin01', '$admin')
  const body = {
    displayName: 'ci-bot',
    description: 'CI',
    personaQualifiedNames: ['default/base01', null, 'default/base01'],
    validitySeconds: 86_400,
  }
  const answer = await t.post('/api/service/apikeys', body, { token: admin.token })
  assert.equal(answer.status, 200)
  assert.equal(answer.headers['cache-control'], 'no-store')
  const { id, clientId, displayName, attributes } = answer.json
  const { accessToken, createdBy, ...rest } = attributes
  assert.match(id, /^[0-9a-f-]{36}$/)
  assert.match(clientId, /^apikey-[0-9a-f-]{36}$/)
  assert.match(accessToken, /^mst_[A-Za-z0-9_-]{43}$/)
  assert.match(createdBy, /^service-account-apikey-/)
  assert.deepEqual(
    [displayName, rest],
    [
      'ci-bot',
      {
        'access.token.lifespan': '86400',
        clientId,
        createdAt: String(t.clock.now().getTime()),
        description: 'CI',
        displayName: 'ci-bot',
        personaQualifiedName: '["default/base01"]',
        personas: '[]',
        workspacePermissions: '[]',
      },
    ],
  )
  for (const value of Object.values(attributes)) assert.equal(typeof value, 'string')
  const caller = await t.get('/api/service/users/current', { token: accessToken })
  assert.deepEqual([caller.status, caller.json.username], [200, `service-account-${clientId}`])
})

test('the secret is shown once and kept only as its SHA-256', async () => {
  await using t = await startTestApp()
  const created = await create(t)
  const secret = created.attributes.accessToken
  const list = await t.get('/api/service/apikeys')
  const updated = await t.post(`/api/service/apikeys/${created.id}`, { displayName: 'renamed' })
  const events = await t.get('/api/service/events/main?max=1000')
  for (const { text } of [list, updated, events]) assert.ok(!text.includes(secret) && !text.includes('accessToken'))
  const stored = await dump(t)
  assert.ok(!stored.includes(secret) && !stored.includes(secret.slice(4)))
  const hash = createHash('sha256').update(secret).digest('base64url')
  const row = await t.db.selectFrom('api_tokens').selectAll().where('token_hash', '=', hash).executeTakeFirstOrThrow()
  assert.deepEqual([row.id, row.last_four], [created.id, secret.slice(-4)])
})

test('every spelling of a body that official clients send is taken', async () => {
  await using t = await startTestApp()
  const shown = async (body: object) => {
    const { attributes } = await create(t, body)
    return [attributes.description, attributes.personaQualifiedName]
  }
  assert.deepEqual(await shown({ description: '', personaQualifiedNames: [], validitySeconds: 157_680_000 }), [
    '',
    '[]',
  ])
  assert.deepEqual(await shown({ description: ' ', personaQualifiedNames: [], personas: [] }), ['', '[]'])
  assert.deepEqual(await shown({ personaQualifiedNames: [null] }), ['', '[]'])
  assert.deepEqual(
    await shown({ description: null, personaQualifiedNames: null, validitySeconds: null, personas: null }),
    ['', '[]'],
  )
  assert.deepEqual(await shown({ personaQualifiedNames: ['default/ü"x'], personas: [{ id: 'x' }] }), [
    '',
    '["default/ü\\"x"]',
  ])
  for (const body of [
    undefined,
    {},
    { displayName: '' },
    { displayName: null },
    { displayName: 7 },
    { displayName: 'a\u202eb' },
    { displayName: 'x'.repeat(1_001) },
    { displayName: 'ok', description: 'a\u0007' },
    { displayName: 'ok', personaQualifiedNames: 'all' },
    { displayName: 'ok', personaQualifiedNames: [7] },
  ]) {
    const { status, json } = await t.post('/api/service/apikeys', body)
    assert.deepEqual([status, json.error], [400, 'invalid_body'], JSON.stringify(body)?.slice(0, 80))
  }
})

test('an update sets name, description and the whole list of personas, and leaves the rest', async () => {
  await using t = await startTestApp()
  const { id, attributes, ...created } = await create(t, {
    description: 'One',
    personaQualifiedNames: ['a', 'b'],
    validitySeconds: 100,
  })
  const { accessToken, ...first } = attributes
  const path = `/api/service/apikeys/${id}`
  const update = async (body: object) => {
    const { status, json, text } = await t.post(path, { displayName: 'ci-bot', ...body })
    assert.equal(status, 200, text)
    assert.deepEqual((await find(t, { id }))[0], json)
    return json
  }
  const nulls = { description: null, personaQualifiedNames: null, personas: [], validitySeconds: null }
  assert.deepEqual(await update(nulls), { ...created, id, attributes: first })
  const named = (
    await update({ displayName: 'New', description: 'Two', personaQualifiedNames: ['c', null], validitySeconds: 9_999 })
  ).attributes
  assert.deepEqual(named, { ...first, displayName: 'New', description: 'Two', personaQualifiedName: '["c"]' })
  assert.deepEqual((await update({ displayName: 'New', description: ' ', personaQualifiedNames: [null] })).attributes, {
    ...first,
    displayName: 'New',
    description: '',
    personaQualifiedName: '[]',
  })
  assert.equal((await t.get('/api/service/whoami', { token: accessToken })).status, 200)
  t.clock.advance(100_000)
  assert.equal(
    (await t.get('/api/service/whoami', { token: accessToken })).status,
    401,
    'the validity cannot be changed',
  )
  for (const body of [
    undefined,
    {},
    { description: 'nameless' },
    { displayName: '' },
    { displayName: null },
    { displayName: 'a\u0000' },
  ]) {
    assert.equal((await t.post(path, body)).json.error, 'invalid_body', JSON.stringify(body))
  }
})

test('an update against an older ETag is refused, and one that changes nothing is no event', async () => {
  await using t = await startTestApp()
  const { id } = await create(t)
  const path = `/api/service/apikeys/${id}`
  const old = String((await t.post(path, { displayName: 'ci-bot' })).headers['etag'])
  const changed = await t.post(path, { displayName: 'Second' }, { headers: { 'if-match': old } })
  assert.equal(changed.status, 200)
  const refused = await t.post(path, { displayName: 'Third' }, { headers: { 'if-match': old } })
  assert.deepEqual([refused.status, refused.json.error], [412, 'version_mismatch'])
  assert.equal(
    (await t.post(path, { displayName: 'Third' }, { headers: { 'if-match': String(changed.headers['etag']) } })).status,
    200,
  )
  const events = (await t.get(`/api/service/events/main?resourcePath=clients/${id}`)).json
  assert.deepEqual(
    events.map((event: { operationType: string }) => event.operationType),
    ['UPDATE', 'UPDATE', 'CREATE'],
  )
})

test('a purged token is 401 at once, no longer listed, and cannot be purged twice', async () => {
  await using t = await startTestApp()
  const { id, attributes } = await create(t)
  const kept = await create(t)
  const answer = await t.delete(`/api/service/apikeys/${id}`, { headers: { 'content-type': 'application/json' } })
  assert.deepEqual([answer.status, answer.text], [200, ''])
  assert.equal((await t.get('/api/service/whoami', { token: attributes.accessToken })).status, 401)
  assert.deepEqual(
    (await find(t, { displayName: 'ci-bot' })).map((token: { id: string }) => token.id),
    [kept.id],
  )
  assert.equal((await t.get('/api/service/apikeys')).json.totalRecord, 2)
  for (const gone of [id, unknownId]) {
    for (const { status, json } of [
      await t.delete(`/api/service/apikeys/${gone}`),
      await t.post(`/api/service/apikeys/${gone}`, { displayName: 'x' }),
    ]) {
      assert.deepEqual([status, json.error], [404, 'api_token_not_found'])
    }
  }
  const race = await create(t)
  const answers = await Promise.all(Array.from({ length: 20 }, () => t.delete(`/api/service/apikeys/${race.id}`)))
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, ...Array.from({ length: 19 }, () => 404)])
  assert.equal((await t.get('/api/service/apikeys')).json.totalRecord, 2)
  assert.equal(
    (await t.get(`/api/service/events/main?operationTypes=DELETE&resourcePath=clients/${race.id}`)).json.length,
    1,
  )
})

test('a token may revoke itself', async () => {
  await using t = await startTestApp()
  const { id, attributes } = await create(t)
  assert.equal((await t.delete(`/api/service/apikeys/${id}`, { token: attributes.accessToken })).status, 200)
  assert.equal((await t.delete(`/api/service/apikeys/${id}`, { token: attributes.accessToken })).status, 401)
})
