import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { listGroupMappings } from './group-mappings.service.ts'
import { addGroup, attributeMapper, okta, pythonCreate } from './testdata/client-bodies.ts'

test('the group is the one of this internal name, or else the one whose id the name begins with', async () => {
  await using t = await startTestApp()
  const data = await addGroup(t, 'data_science', 'Data Science')
  const other = await addGroup(t, 'other')
  // Somebody else's internal name is this one's alias.
  const twin = await addGroup(t, 'twin', 'other')
  const unknown = '0190f2c4-0000-7000-8000-000000000000'
  const cases: readonly (readonly [string, string | undefined, string | undefined, string])[] = [
    ['by name', 'data_science', undefined, 'data_science'],
    ['by name in another case', 'Data_Science', undefined, 'data_science'],
    ['by name, with its id', 'data_science', data.id, 'data_science'],
    ['by name, with an id of nothing', 'data_science', unknown, 'data_science'],
    ['by alias, with its id', 'Data Science', data.id, 'data_science'],
    ['by id twice', data.id, data.id, 'data_science'],
    ['by id in the name alone', undefined, data.id, 'data_science'],
    ['by alias alone', 'Data Science', undefined, 'group_not_found'],
    ['by id as text alone', data.id, undefined, 'group_not_found'],
    ['by nothing there is', 'nobody', undefined, 'group_not_found'],
    ['by a text that is not its own', 'nobody', data.id, 'group_not_found'],
    ['by an id of nothing', undefined, unknown, 'group_not_found'],
    ['by nothing', undefined, undefined, 'group_not_found'],
    ['by the name of one and the id of another', 'other', data.id, 'invalid_body'],
    ['by an alias that is the name of another', 'other', twin.id, 'invalid_body'],
  ]
  for (const [index, [title, group, id, expected]] of cases.entries()) {
    const body = pythonCreate(other, `value-${index}`)
    const { group: _default, ...config } = body.config
    const { json } = await t.post(okta, {
      ...body,
      name: id === undefined ? 'mapper' : `${id}--1767323045000`,
      config: group === undefined ? config : { ...config, group },
    })
    assert.equal(json.error ?? json.config.group, expected, title)
  }
})

test('an update can move a mapper to another group, which its name does not tell', async () => {
  await using t = await startTestApp()
  const [one, two] = [await addGroup(t, 'one'), await addGroup(t, 'two', 'Second')]
  const created = (await t.post(okta, pythonCreate(one, 'x'))).json
  const move = (group: string) => t.post(`${okta}/${created.id}`, { ...created, config: { ...created.config, group } })
  const moved = await move('two')
  assert.deepEqual([moved.json.config.group, moved.json.name], ['two', created.name])
  assert.equal((await move('Second')).json.error, 'group_not_found', 'an alias is no name')
  assert.equal((await move('nobody')).json.error, 'group_not_found')
  assert.equal((await t.get(`${okta}/${created.id}`)).json.config.group, 'two')
  await t.post(`/api/service/groups/${one.id}/delete`)
  assert.equal((await t.get(okta)).json.length, 1)
  await t.post(`/api/service/groups/${two.id}/delete`)
  assert.deepEqual((await t.get(okta)).json, [])
})

test('a group takes its mappers of all connections with it, and no others', async () => {
  await using t = await startTestApp()
  const [gone, kept] = [await addGroup(t, 'gone'), await addGroup(t, 'kept')]
  const azure = '/api/service/idp/azure/mappers'
  for (const [path, body] of [
    [okta, pythonCreate(gone, 'a')],
    [okta, pythonCreate(gone, 'b')],
    [azure, pythonCreate(gone, 'a', 'azure')],
    [okta, pythonCreate(kept, 'a')],
    [okta, attributeMapper()],
  ] as const)
    assert.equal((await t.post(path, body)).status, 200)
  assert.equal((await t.post(`/api/service/groups/${gone.id}/delete`)).status, 200)
  assert.equal((await t.get(okta)).json.length, 2)
  assert.deepEqual((await t.get(azure)).json, [])
  assert.equal(await countedMappers(t), 2)
})

test('a mapper made while its group is deleted is refused or goes with it', async () => {
  await using t = await startTestApp()
  for (let round = 0; round < 8; round += 1) {
    const group = await addGroup(t, `round${round}`)
    const known = (await t.post(okta, pythonCreate(group, 'before'))).json
    const attempts = Array.from({ length: 4 }, (_, index) => t.post(okta, pythonCreate(group, `v${index}`)))
    const change = t.post(`${okta}/${known.id}`, { ...known, config: { ...known.config, 'attribute.value': 'z' } })
    const answers = await Promise.all([t.post(`/api/service/groups/${group.id}/delete`), change, ...attempts])
    assert.equal(answers[0]?.status, 200)
    for (const { status, text } of answers) assert.ok(status === 200 || status === 404, text)
  }
  assert.deepEqual((await t.get(okta)).json, [])
  assert.equal(await countedMappers(t), 0)
})

test('signing in reads the group mappings of its own connection and tenant, decoded', async () => {
  await using t = await startTestApp()
  const group = await addGroup(t, 'team')
  const { id } = (await t.post(okta, pythonCreate(group, 'ds-team'))).json
  await t.post(okta, attributeMapper())
  await t.post('/api/service/idp/azure/mappers', pythonCreate(group, 'elsewhere', 'azure'))
  assert.deepEqual(await listGroupMappings(t.operator(), 'okta'), [
    { id, group, attributeName: 'memberOf', attributeValue: 'ds-team' },
  ])
  assert.deepEqual(await listGroupMappings(t.operator(t.other), 'okta'), [])
  assert.deepEqual(await listGroupMappings(t.operator(), 'nobody'), [])
})

async function countedMappers(t: TestApp): Promise<number> {
  const row = await t.db
    .selectFrom('counters')
    .select('value')
    .where('tenant_id', '=', t.acme.id)
    .where('name', '=', 'sso_mappers')
    .executeTakeFirst()
  return row?.value ?? 0
}
