import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashDatabase } from '../../test/database-hash.ts'
import { startTestApp } from '../../test/start-test-app.ts'
import { mappersMax } from './group-mappings.service.ts'
import { addGroup, attributeMapper, okta, pythonCreate } from './testdata/client-bodies.ts'

const regex = 'are.attribute.values.regex'

test('what a mapper cannot be is refused with the field and what it may be, when it is made and when it is changed', async () => {
  await using t = await startTestApp()
  const group = pythonCreate(await addGroup(t, 'team'), 'x')
  const attribute = attributeMapper()
  const ids = {
    group: (await t.post(okta, { ...group, config: { ...group.config, 'attribute.value': 'first' } })).json.id,
  }
  const attributeId = (await t.post(okta, attribute)).json.id
  const untouched = await hashDatabase(t.db)
  const mistakes: readonly (readonly [object, RegExp])[] = [
    [{ syncMode: 'IMPORT' }, /^config\.syncMode must be FORCE/],
    [{ attributes: '[{"key":"memberOf"}]' }, /^config\.attributes must be/],
    [{ [regex]: 'true' }, /^config\.are\.attribute\.values\.regex must be empty or false/],
    [{ 'attribute.value': '' }, /^config\.attribute\.value is missing or empty/],
    [{ 'attribute.value': '  ' }, /^config\.attribute\.value is missing or empty/],
    [{ 'attribute.value': 'a\u202eb' }, /^config\.attribute\.value contains/],
    [{ 'attribute.value': 'x'.repeat(1_001) }, /^config\.attribute\.value is longer/],
    [{ 'attribute.name': '' }, /^config\.attribute\.name is missing or empty/],
    [{ 'attribute.friendly.name': 'a\u0000b' }, /NUL/],
    [{ 'attribute.value': 7 }, /must be a string/],
    [{ group: ['team'] }, /must be a string/],
  ]
  for (const [config, message] of mistakes) {
    for (const answer of [
      await t.post(okta, { ...group, config: { ...group.config, ...config } }),
      await t.post(`${okta}/${ids.group}`, { config }),
    ]) {
      assert.deepEqual([answer.status, answer.json.error], [400, 'invalid_body'], JSON.stringify(config))
      assert.match(answer.json.message, message)
    }
  }
  for (const [config, message] of [
    [{ syncMode: 'FORCE' }, /^config\.syncMode must be IMPORT/],
    [{ 'user.attribute': '' }, /^config\.user\.attribute is missing/],
    [{ 'attribute.name': '' }, /^config\.attribute\.name is missing/],
  ] as const) {
    for (const answer of [
      await t.post(okta, { ...attribute, config: { ...attribute.config, ...config } }),
      await t.post(`${okta}/${attributeId}`, { config }),
    ]) {
      assert.deepEqual([answer.status, answer.json.error], [400, 'invalid_body'])
      assert.match(answer.json.message, message)
    }
  }
  const { 'attribute.value': _value, ...valueless } = group.config
  for (const body of [
    { ...group, config: valueless },
    { ...group, identityProviderMapper: 'hardcoded-role-idp-mapper' },
    { ...group, identityProviderMapper: 'group' },
    { ...group, name: 'a\u0007b' },
    { config: group.config },
    { identityProviderMapper: 'saml-group-idp-mapper' },
    { identityProviderMapper: 'saml-user-attribute-idp-mapper', config: {} },
  ])
    assert.equal((await t.post(okta, body)).json.error, 'invalid_body', JSON.stringify(body))
  assert.equal((await t.post('/api/service/idp/a%2Fb/mappers', attribute)).status, 400)
  assert.equal(await hashDatabase(t.db), untouched)
})

test('address and body name one connection, one mapper and one kind', async () => {
  await using t = await startTestApp()
  const group = await addGroup(t, 'team')
  const { id } = (await t.post(okta, pythonCreate(group, 'x'))).json
  const another = (await t.post(okta, pythonCreate(group, 'y'))).json.id
  const untouched = await hashDatabase(t.db)
  for (const [path, body] of [
    [okta, pythonCreate(group, 'z', 'azure')],
    [`${okta}/${id}`, { identityProviderAlias: 'azure' }],
    [`${okta}/${id}`, { id: another }],
    [`${okta}/${id}`, { identityProviderMapper: 'saml-user-attribute-idp-mapper' }],
  ] as const) {
    const { status, json } = await t.post(path, body)
    assert.deepEqual([status, json.error], [400, 'read_only_field'], path)
  }
  assert.equal(await hashDatabase(t.db), untouched)
})

test('a workspace has a bounded number of mappers, so that a list of them stays one answer', async () => {
  await using t = await startTestApp()
  const { id } = (await t.post(okta, attributeMapper())).json
  const setCounter = (value: number) =>
    t.db.engine.transact((trx) =>
      trx
        .updateTable('counters')
        .set({ value })
        .where('tenant_id', '=', t.acme.id)
        .where('name', '=', 'sso_mappers')
        .execute(),
    )
  await setCounter(mappersMax - 1)
  const answers = await Promise.all(Array.from({ length: 3 }, () => t.post(okta, attributeMapper())))
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 400, 400])
  const refused = await t.post('/api/service/idp/azure/mappers', {
    ...attributeMapper(),
    identityProviderAlias: 'azure',
  })
  assert.deepEqual([refused.status, refused.json.error], [400, 'invalid_request'])
  assert.match(refused.json.message, /1000 SSO mappers/)
  assert.equal((await t.get(okta)).json.length, 2)
  await t.post(`${okta}/${id}/delete`)
  assert.equal((await t.post(okta, attributeMapper())).status, 200)
})
