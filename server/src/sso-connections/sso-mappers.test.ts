import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashDatabase } from '../../test/database-hash.ts'
import { startTestApp } from '../../test/start-test-app.ts'
import { addGroup, attributeMapper, okta, pythonCreate, pythonUpdate } from './testdata/client-bodies.ts'

test('a mapper is answered as it was sent; read again it has neither the empty pattern nor a friendly name', async () => {
  await using t = await startTestApp()
  const body = pythonCreate(await addGroup(t, 'data_science', 'Data Science'), 'ds-team')
  const { status, json } = await t.post(okta, body)
  assert.equal(status, 200)
  assert.deepEqual(json, { id: json.id, ...body })
  const { 'are.attribute.values.regex': _empty, ...config } = body.config
  const read = { id: json.id, ...body, config }
  assert.deepEqual((await t.get(`${okta}/${json.id}`)).json, read)
  assert.deepEqual((await t.get(okta)).json, [read])
})

test('an alias is there as soon as something is kept under it, and holds its own mappers only', async () => {
  await using t = await startTestApp()
  const group = await addGroup(t, 'team')
  const azure = '/api/service/idp/my%20azure/mappers'
  for (const path of [okta, azure]) {
    const { status, text } = await t.get(path)
    assert.deepEqual([status, text], [200, '[]'])
  }
  const mine = (await t.post(okta, pythonCreate(group, 'x'))).json
  const theirs = (await t.post(azure, pythonCreate(group, 'x', 'my azure'))).json
  assert.equal(theirs.identityProviderAlias, 'my azure')
  for (const [path, own, strange] of [
    [okta, mine, theirs],
    [azure, theirs, mine],
  ]) {
    assert.deepEqual(
      (await t.get(path)).json.map(({ id }: { id: string }) => id),
      [own.id],
    )
    for (const answer of [
      await t.get(`${path}/${strange.id}`),
      await t.post(`${path}/${strange.id}`, { config: { 'attribute.value': 'y' } }),
      await t.post(`${path}/${strange.id}/delete`),
    ])
      assert.deepEqual([answer.status, answer.json.error], [404, 'mapping_not_found'])
  }
})

test('mappers of both kinds are listed, the oldest first', async () => {
  await using t = await startTestApp()
  const group = await addGroup(t, 'team')
  const sent = [
    attributeMapper(),
    pythonCreate(group, 'a'),
    attributeMapper('lastName', 'sn'),
    pythonCreate(group, 'b'),
  ]
  for (const body of sent) {
    assert.equal((await t.post(okta, body)).status, 200)
    t.clock.advance(1)
  }
  const list: { name: string; config: Record<string, string> }[] = (await t.get(okta)).json
  assert.deepEqual(
    list.map(({ name }) => name),
    sent.map(({ name }) => name),
  )
  assert.deepEqual(list[0]?.config, attributeMapper().config)
})

test('an update keeps what it does not say, and the name whatever it says', async () => {
  await using t = await startTestApp()
  const group = await addGroup(t, 'team')
  const created = (await t.post(okta, pythonCreate(group, 'a'))).json
  const path = `${okta}/${created.id}`
  const update = async (body: unknown) => {
    const { status, json, text } = await t.post(path, body)
    assert.equal(status, 200, text)
    assert.equal(json.name, created.name)
    assert.deepEqual((await t.get(path)).json, json)
    return json
  }
  const changed = await update(pythonUpdate(created, group, 'b'))
  assert.deepEqual(changed.config, { ...pythonUpdate(created, group, 'b').config })
  // Older clients send no name at all, and whoever sends another one does not rename anything.
  const { name: _name, ...nameless } = pythonUpdate(created, group, 'c')
  assert.equal((await update(nameless)).config['attribute.value'], 'c')
  const renamed = { ...nameless, name: 'another', config: { 'attribute.value': 'd' } }
  assert.equal((await update(renamed)).config['attribute.value'], 'd')
  const untouched = await update({})
  for (const nothing of [
    { name: null, identityProviderMapper: null, identityProviderAlias: null, config: null },
    { config: {} },
    { config: Object.fromEntries(Object.keys(created.config).map((key) => [key, null])) },
    untouched,
  ])
    assert.deepEqual(await update(nothing), untouched)
  assert.equal((await update({ config: { 'attribute.name': 'groups' } })).config['attribute.name'], 'groups')
})

test('a friendly name shows while there is one, and so does a pattern that says no', async () => {
  await using t = await startTestApp()
  const { id } = (await t.post(okta, attributeMapper())).json
  const configAfter = async (config: object) => {
    await t.post(`${okta}/${id}`, { config })
    return (await t.get(`${okta}/${id}`)).json.config
  }
  const plain = attributeMapper().config
  assert.deepEqual(await configAfter({}), plain)
  const friendly = { 'attribute.friendly.name': 'Given name' }
  assert.deepEqual(await configAfter(friendly), { ...plain, ...friendly })
  const never = { 'are.attribute.values.regex': 'false' }
  assert.deepEqual(await configAfter(never), { ...plain, ...friendly, ...never })
  const none = { 'attribute.friendly.name': '', 'are.attribute.values.regex': '' }
  assert.deepEqual(await configAfter(none), plain)
})

test('a pair of group and value is there once in a connection, even when it is sent ten times at once', async () => {
  await using t = await startTestApp()
  const [one, two] = [await addGroup(t, 'one'), await addGroup(t, 'two')]
  const answers = await Promise.all(Array.from({ length: 10 }, () => t.post(okta, pythonCreate(one, 'x'))))
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, ...Array.from({ length: 9 }, () => 409)])
  for (const { status, json } of answers) if (status === 409) assert.equal(json.error, 'mapping_exists')
  for (const [body, path] of [
    [pythonCreate(one, 'X'), okta],
    [pythonCreate(one, 'y'), okta],
    [pythonCreate(two, 'x'), okta],
    [pythonCreate(one, 'x', 'azure'), '/api/service/idp/azure/mappers'],
    [attributeMapper(), okta],
    [attributeMapper(), okta],
  ] as const)
    assert.equal((await t.post(path, body)).status, 200)
  const mapper = (await t.get(okta)).json.find(
    ({ config }: { config: Record<string, string> }) => config['attribute.value'] === 'y',
  )
  const untouched = await hashDatabase(t.db)
  const answer = await t.post(`${okta}/${mapper.id}`, { config: { 'attribute.value': 'x' } })
  assert.deepEqual([answer.status, answer.json.error], [409, 'mapping_exists'])
  assert.equal(await hashDatabase(t.db), untouched)
})

test('a change made against another version is refused', async () => {
  await using t = await startTestApp()
  const { id } = (await t.post(okta, attributeMapper())).json
  const etag = String((await t.get(`${okta}/${id}`)).headers.etag)
  const change = (name: string) =>
    t.post(`${okta}/${id}`, { config: { 'attribute.name': name } }, { headers: { 'if-match': etag } })
  assert.equal((await change('a')).status, 200)
  assert.equal((await change('b')).json.error, 'version_mismatch')
})

test('a deleted mapper answers with nothing, is gone, and leaves its pair free', async () => {
  await using t = await startTestApp()
  const body = pythonCreate(await addGroup(t, 'team'), 'x')
  const { id } = (await t.post(okta, body)).json
  const answer = await t.post(`${okta}/${id}/delete`)
  assert.deepEqual([answer.status, answer.text], [200, ''])
  assert.deepEqual((await t.get(okta)).json, [])
  assert.equal((await t.post(`${okta}/${id}/delete`)).json.error, 'mapping_not_found')
  assert.equal((await t.post(okta, body)).status, 200)
})

test('events about mappers are found by their connection', async () => {
  await using t = await startTestApp()
  const odd = encodeURIComponent("a$&b$'c")
  for (const alias of ['okta', odd]) {
    const path = `/api/service/idp/${alias}/mappers`
    const { id } = (await t.post(path, { ...attributeMapper(), identityProviderAlias: null })).json
    await t.post(`${path}/${id}`, { config: { 'attribute.name': 'x' } })
    await t.post(`${path}/${id}/delete`)
    const shown = `identity-provider/instances/${decodeURIComponent(alias)}/mappers/${id}`
    const query = `resourcePath=identity-provider/instances/${alias}/mappers/*&resourceTypes=IDENTITY_PROVIDER_MAPPER`
    const { json } = await t.get(`/api/service/events/main?${query}`)
    assert.deepEqual(
      json.map((event: Record<string, string>) => [event['operationType'], event['resourcePath']]),
      [
        ['DELETE', shown],
        ['UPDATE', shown],
        ['CREATE', shown],
      ],
    )
  }
})
