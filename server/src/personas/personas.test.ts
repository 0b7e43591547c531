import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp } from '../../test/start-test-app.ts'

const unknownId = '0190f2c4-0000-7000-8000-000000000000'

/** What clients keep here: nothing of it means anything to the server, all of it comes back. */
const policies = {
  metadataPolicies: [
    {
      name: 'read all',
      actions: ['entity-read', 'entity-update'],
      type: 'metadata',
      allow: true,
      resources: ['entity:default/snowflake/*', 'entity-type:*'],
      nested: {
        deep: [
          {
            empty: {},
            list: [],
            nothing: null,
            number: -1.5e-7,
            text: 'Ünï\u2028\u202e"\\/',
            big: 9_007_199_254_740_991,
          },
        ],
      },
    },
    'a bare text',
    null,
    [[]],
  ],
  dataPolicies: [{ type: 'masking', mask: 'SHOW_LAST_4', '': 'no name', '10': 'a', '9': 'b', toString: 'not ours' }],
  glossaryPolicies: [{ glossaries: [] }, { glossaries: [] }],
}

test('a persona is created with name, display name and description, and read back with every key', async () => {
  await using t = await startTestApp()
  const now = t.clock.now().getTime()
  const { status, json } = await t.post('/api/service/personas', {
    name: 'base',
    displayName: 'Base',
    description: 'What everybody sees',
  })
  assert.equal(status, 200)
  const { id, qualifiedName, createdBy, updatedBy, ...rest } = json
  assert.match(id, /^[0-9a-f-]{36}$/)
  assert.match(qualifiedName, /^default\/.+/)
  assert.match(createdBy, /^service-account-apikey-/)
  assert.equal(updatedBy, createdBy)
  assert.deepEqual(rest, {
    name: 'base',
    displayName: 'Base',
    description: 'What everybody sees',
    createdAt: now,
    updatedAt: now,
    type: 'persona',
    level: 'workspace',
    metadataPolicies: [],
    dataPolicies: [],
    glossaryPolicies: [],
    users: [],
    groups: [],
    version: 1,
    enabled: true,
    readme: '',
    resources: [],
    attributes: {},
  })
  assert.deepEqual((await t.get(`/api/service/personas/${id}`)).json, json)
  assert.deepEqual((await t.get('/api/service/personas')).json, {
    totalRecord: 1,
    filterRecord: 1,
    count: 1,
    records: [json],
  })
  const bare = (await t.post('/api/service/personas', { name: ' Only name ', displayName: null, description: null }))
    .json
  assert.deepEqual([bare.name, bare.displayName, bare.description], ['Only name', 'Only name', ''])
})

test('policies come back exactly as they were sent', async () => {
  await using t = await startTestApp()
  const pick = ({ metadataPolicies, dataPolicies, glossaryPolicies }: typeof policies) => ({
    metadataPolicies,
    dataPolicies,
    glossaryPolicies,
  })
  const { json } = await t.post('/api/service/personas', { name: 'base', ...policies })
  assert.deepEqual(pick(json), policies)
  const other = { dataPolicies: [{ order: 1, b: 2, a: 3 }] }
  const updated = (await t.post(`/api/service/personas/${json.id}`, other)).json
  assert.deepEqual(pick(updated), { ...policies, ...other }, 'those not sent stay')
  await t.post(`/api/service/personas/${json.id}`, { dataPolicies: null, metadataPolicies: [] })
  const read = await t.get(`/api/service/personas/${json.id}`)
  assert.deepEqual(pick(read.json), { ...policies, ...other, metadataPolicies: [] })
  assert.ok(read.text.includes('{"order":1,"b":2,"a":3}'), 'in the order of the sender')
})

test('readme, resources and attributes are kept as they were sent, and a persona may begin switched off', async () => {
  await using t = await startTestApp()
  const extras = {
    readme: '# Base',
    resources: [{ name: 'Handbook', link: 'https://example.com/handbook' }, 'text', null],
    attributes: { defaultNavigation: 'glossary', displayPreferences: ['activity'], nested: { '': [null, 0.5] } },
  }
  const { json } = await t.post('/api/service/personas', { name: 'base', enabled: false, ...extras })
  const path = `/api/service/personas/${json.id}`
  const picked = async () => {
    const { enabled, readme, resources, attributes, version } = (await t.get(path)).json
    return { enabled, readme, resources, attributes, version }
  }
  assert.deepEqual(await picked(), { enabled: false, ...extras, version: 1 })
  // The whole record comes back, what cannot be written included.
  assert.equal((await t.post(path, (await t.get(path)).json)).status, 200)
  assert.deepEqual(await picked(), { enabled: false, ...extras, version: 1 })
  await t.post(path, {
    enabled: true,
    readme: '',
    resources: [],
    attributes: {},
    type: 'purpose',
    level: 'x',
    version: 9,
  })
  assert.deepEqual(await picked(), { enabled: true, readme: '', resources: [], attributes: {}, version: 2 })
  const { type, level } = (await t.get(path)).json
  assert.deepEqual([type, level], ['persona', 'workspace'])
})

test('an update changes what it names; what is absent, null or equal stays and makes no new version', async () => {
  await using t = await startTestApp()
  const first = (await t.post('/api/service/personas', { name: 'base', displayName: 'Base', description: 'One' })).json
  t.clock.advance(1_000)
  const path = `/api/service/personas/${first.id}`
  for (const body of [
    {},
    first,
    { name: null, displayName: null, description: null, enabled: null, readme: null, metadataPolicies: null },
  ]) {
    const { status, json } = await t.post(path, body)
    assert.deepEqual([status, json], [200, first])
  }
  const second = (
    await t.post(path, {
      description: 'Two',
      enabled: false,
      readme: '# Read me',
      users: ['x'],
      version: 9,
      qualifiedName: 'mine',
      unknown: 1,
    })
  ).json
  assert.deepEqual(second, {
    ...first,
    description: 'Two',
    enabled: false,
    readme: '# Read me',
    version: 2,
    updatedAt: t.clock.now().getTime(),
  })
  assert.deepEqual((await t.get(path)).json, second)
  const events = (await t.get(`/api/service/events/main?resourcePath=personas/${first.id}`)).json
  assert.deepEqual(
    events.map((event: { operationType: string; representation: string }) => [
      event.operationType,
      event.representation,
    ]),
    [
      ['UPDATE', '{"fields":["description","isEnabled","readme"]}'],
      ['CREATE', '{"name":"base"}'],
    ],
  )
})

test('two personas cannot have one name, in whatever case, neither made nor renamed', async () => {
  await using t = await startTestApp()
  const base = (await t.post('/api/service/personas', { name: 'Äußeres' })).json
  const other = (await t.post('/api/service/personas', { name: 'other' })).json
  for (const name of ['Äußeres', 'äußERES', ' ÄUßERES ', 'A\u0308ußeres']) {
    const made = await t.post('/api/service/personas', { name })
    assert.deepEqual([made.status, made.json.error], [409, 'persona_exists'], name)
    const renamed = await t.post(`/api/service/personas/${other.id}`, { name, description: 'lost' })
    assert.deepEqual([renamed.status, renamed.json.error], [409, 'persona_exists'], name)
  }
  assert.deepEqual((await t.get(`/api/service/personas/${other.id}`)).json, other)
  assert.equal(
    (await t.post(`/api/service/personas/${base.id}`, { name: 'ÄUßeres' })).json.name,
    'ÄUßeres',
    'its own name in another case',
  )
  const race = await Promise.all(Array.from({ length: 20 }, () => t.post('/api/service/personas', { name: 'race' })))
  assert.deepEqual(race.map(({ status }) => status).toSorted(), [200, ...Array.from({ length: 19 }, () => 409)])
  assert.equal((await t.get('/api/service/personas')).json.totalRecord, 3)
})

test('a change against an older ETag is refused, and 20 at once let one through', async () => {
  await using t = await startTestApp()
  const { id } = (await t.post('/api/service/personas', { name: 'base' })).json
  const user = await t.invite('user01@example.com')
  const path = `/api/service/personas/${id}`
  const tag = async (): Promise<string> => String((await t.get(path)).headers['etag'])
  const old = await tag()
  const updated = await t.post(path, { description: 'Two' }, { headers: { 'if-match': old } })
  assert.equal(updated.headers['etag'], await tag())
  assert.notEqual(updated.headers['etag'], old)
  for (const [address, body] of [
    [path, { description: 'Three' }],
    [`${path}/subjects`, { users: [user], groups: [] }],
  ] as const) {
    const refused = await t.post(address, body, { headers: { 'if-match': old } })
    assert.deepEqual([refused.status, refused.json.error], [412, 'version_mismatch'])
  }
  assert.deepEqual((await t.get(path)).json, updated.json)
  const before = await tag()
  assert.equal(
    (await t.post(`${path}/subjects`, { users: [user], groups: [] }, { headers: { 'if-match': before } })).status,
    200,
  )
  assert.notEqual(await tag(), before, 'subjects are part of the version')
  const current = await tag()
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      t.post(path, { description: `n${n}` }, { headers: { 'if-match': `"x", ${current}` } }),
    ),
  )
  assert.equal(answers.filter(({ status }) => status === 200).length, 1)
  assert.equal(answers.filter(({ status }) => status === 412).length, 19)
})

test('personas are listed, sorted, filtered and projected like every list', async () => {
  await using t = await startTestApp()
  const admin = await t.addUser('admin02', '$admin')
  for (const [name, token] of [
    ['zeta', t.acme.token],
    ['Alpha', admin.token],
    ['ä', t.acme.token],
  ] as const) {
    t.clock.advance(1_000)
    await t.post('/api/service/personas', { name, displayName: `Shown ${name}` }, { token })
  }
  const ask = async (query: string) => (await t.get(`/api/service/personas?${query}`)).json
  const names = async (query: string) => (await ask(query)).records.map((persona: { name: string }) => persona.name)
  const byOrder: Readonly<Record<string, readonly string[]>> = {
    name: ['Alpha', 'zeta', 'ä'],
    createdAt: ['zeta', 'Alpha', 'ä'],
    updatedAt: ['zeta', 'Alpha', 'ä'],
  }
  assert.deepEqual(await names(''), byOrder['name'])
  for (const [key, expected] of Object.entries(byOrder)) {
    assert.deepEqual(await names(`sort=${key}`), expected, key)
    assert.deepEqual(await names(`sort=-${key}`), expected.toReversed(), key)
  }
  const { records } = await ask('')
  for (const key of ['createdBy', 'updatedBy']) {
    const values = (await ask(`sort=${key}`)).records.map((persona: Record<string, string>) => persona[key])
    assert.deepEqual(values, records.map((persona: Record<string, string>) => persona[key]).toSorted(), key)
  }
  assert.deepEqual(await names(`filter=${encodeURIComponent('{"name":{"$ilike":"%A%"}}')}`), ['Alpha', 'zeta'])
  assert.deepEqual(await names('filter=displayName%20eq%20%22Shown%20zeta%22'), ['zeta'])
  assert.deepEqual(await names(`filter=${encodeURIComponent('{"enabled":false}')}`), [])
  assert.deepEqual(Object.keys((await ask('columns=name&limit=1')).records[0]), ['id', 'name'])
  assert.deepEqual(
    await ask('limit=1&offset=2&columns=name').then(({ totalRecord, filterRecord, count }) => [
      totalRecord,
      filterRecord,
      count,
    ]),
    [3, 3, 1],
  )
  for (const [query, error] of [
    ['sort=displayName', 'invalid_sort'],
    ['columns=policies', 'invalid_columns'],
    ['filter=%7B%22readme%22%3A1%7D', 'invalid_filter'],
    ['limit=101', 'limit_too_large'],
  ] as const) {
    assert.equal((await ask(query)).error, error, query)
  }
})

test('bodies that make no persona are 400, and unknown ones 404', async () => {
  await using t = await startTestApp()
  const { id } = (await t.post('/api/service/personas', { name: 'base' })).json
  const bad = [
    { name: ' ' },
    { name: 'a\u202eb' },
    { name: 'x'.repeat(1_001) },
    { name: 7 },
    { name: 'ok', description: 'a\u0007' },
    { name: 'ok', metadataPolicies: {} },
    { name: 'ok', dataPolicies: 'all' },
  ]
  for (const body of [...bad, undefined, {}, { name: '' }, { displayName: 'nameless' }]) {
    assert.equal((await t.post('/api/service/personas', body)).json.error, 'invalid_body', JSON.stringify(body))
  }
  for (const body of [...bad, undefined, { enabled: 'yes' }, { name: '' }]) {
    assert.equal((await t.post(`/api/service/personas/${id}`, body)).json.error, 'invalid_body', JSON.stringify(body))
  }
  for (const answer of [
    await t.get(`/api/service/personas/${unknownId}`),
    await t.post(`/api/service/personas/${unknownId}`, { name: 'x' }),
  ]) {
    assert.deepEqual([answer.status, answer.json.error], [404, 'persona_not_found'])
  }
  assert.equal((await t.get('/api/service/personas')).json.totalRecord, 1)
})
