import assert from 'node:assert/strict'
import { test } from 'node:test'
import { captureSql } from '../../test/sql-capture.ts'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { invitePeople, usersAddress } from './testdata/people.ts'
import { userColumns } from './users.fields.ts'

const sdkColumns =
  'firstName,lastName,username,id,email,emailVerified,enabled,roles,defaultRoles,groupCount,attributes,personas,createdTimestamp,lastLoginTime,loginEvents,isLocked,workspaceRole'

async function firstRecord(t: TestApp, query: string): Promise<Record<string, unknown>> {
  const { status, json, text } = await t.get(`/api/service/users?${query}`)
  assert.equal(status, 200, text)
  return json.records[0]
}

test('every key of the record can be asked for alone, with the value it has in the whole record; the id always comes', async () => {
  await using t = await startTestApp()
  await t.addUser('user01')
  await t.addGroup('data', [String((await firstRecord(t, ''))['id'])])
  const whole = await firstRecord(t, '')
  assert.deepEqual(Object.keys(whole).toSorted(), [...userColumns].toSorted())
  for (const column of userColumns) {
    assert.deepEqual(await firstRecord(t, `columns=${column}`), { id: whole['id'], [column]: whole[column] }, column)
  }
})

test('columns may be repeated, comma-joined, or both, with empty ones among them', async () => {
  await using t = await startTestApp()
  await invitePeople(t, [{ username: 'user01' }])
  for (const query of [
    'columns=username&columns=email',
    'columns=username,email',
    'columns=username%2Cemail',
    'columns=email,&columns=,username',
    'columns=&columns=username&columns=username,email,email',
    'columns=username,%20email',
    'columns=id,username,email',
  ]) {
    assert.deepEqual(Object.keys(await firstRecord(t, query)), ['id', 'username', 'email'], query)
  }
})

test('the 17 columns of the SDKs bring exactly these keys: no ids in groups, no persona', async () => {
  await using t = await startTestApp()
  const [id = ''] = await invitePeople(t, [{ username: 'user01' }])
  await t.addGroup('data', [id])
  const joined = await firstRecord(t, `columns=${sdkColumns}`)
  const repeated = await firstRecord(
    t,
    sdkColumns
      .split(',')
      .map((column) => `columns=${column}`)
      .join('&'),
  )
  assert.deepEqual(Object.keys(joined).toSorted(), sdkColumns.split(',').toSorted())
  assert.deepEqual(repeated, joined)
  assert.equal(joined['groupCount'], 1)
})

test('whoever asks gets the same columns: no header changes the answer', async () => {
  await using t = await startTestApp()
  await invitePeople(t, [{ username: 'user01' }])
  const plain = await t.get('/api/service/users')
  const sdk = await t.get('/api/service/users', {
    headers: {
      'user-agent': 'Atlan-PythonSDK/9.1',
      'x-atlan-agent': 'sdk',
      'x-atlan-agent-id': 'python',
      'x-atlan-client-origin': 'product_sdk',
      accept: '*/*',
    },
  })
  assert.equal(sdk.text, plain.text)
})

test('an unknown column is refused, whatever stands beside it', async () => {
  await using t = await startTestApp()
  const wrong = [
    'name',
    'password',
    'seq',
    'tenant_id',
    'Username',
    'username,secret',
    'users.email',
    '*',
    'attributes.designation',
    '__proto__',
    'constructor',
    'username;email',
  ]
  for (const columns of wrong) {
    const { status, json } = await t.get(usersAddress({ columns }))
    assert.deepEqual([status, json.error], [400, 'invalid_columns'], columns)
    assert.match(json.message, /workspaceRole/)
  }
  assert.equal((await t.get('/api/service/users?columns=email&columns=nothing')).json.error, 'invalid_columns')
  const [thirty, more] = [30, 31].map((count) => Array.from({ length: count }, () => 'id').join(','))
  assert.equal((await t.get(`/api/service/users?columns=${thirty}`)).status, 200)
  assert.equal((await t.get(`/api/service/users?columns=${more}`)).json.error, 'invalid_columns')
})

test('what no column shows is not read: memberships, personas, purposes and events', async () => {
  await using t = await startTestApp()
  const { id } = await t.addUser('user01', '$admin')
  await t.addGroup('data', [id])
  const texts = async (query: string) => {
    const statements = await captureSql(() => firstRecord(t, query))
    return statements.map(({ text }) => text).join('\n')
  }
  const links = /group_members|persona_subjects|purpose_subjects/
  assert.doesNotMatch(await texts('columns=username,email,workspaceRole,status,attributes'), links)
  assert.doesNotMatch(await texts('columns=username,groups'), /events/)
  assert.deepEqual(await firstRecord(t, 'columns=groupCount'), { id, groupCount: 1 })
  // A record made without them is not kept as the whole one.
  await t.post(`/api/service/users/${id}`, { firstName: 'New' })
  await firstRecord(t, 'columns=username')
  assert.equal((await firstRecord(t, ''))['groupCount'], 1)
})
