import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp } from '../../test/start-test-app.ts'
import { eventTypesAbout, invitePeople, stateOf } from './testdata/people.ts'

const minimalKeys = [
  'attributes',
  'createdTimestamp',
  'email',
  'emailVerified',
  'enabled',
  'firstName',
  'id',
  'lastName',
  'username',
]

test('an update answers the changed user, and the next read shows the change and nothing else changed', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const before = (await t.get(`/api/service/users/${user.id}`)).json
  const { status, json } = await t.post(`/api/service/users/${user.id}`, {
    firstName: 'Jane',
    attributes: { designation: ['Analyst'] },
  })
  assert.equal(status, 200)
  assert.deepEqual(Object.keys(json).toSorted(), minimalKeys)
  assert.deepEqual([json.firstName, json.lastName, json.username], ['Jane', 'Last', 'user01'])
  const expected = { ...before, firstName: 'Jane', attributes: { designation: ['Analyst'], ...before.attributes } }
  assert.deepEqual((await t.get(`/api/service/users/${user.id}`)).json, expected)
  assert.deepEqual(json.attributes, expected.attributes)
})

test('one update leaves one event that names the fields, with old and new values kept apart as personal', async () => {
  await using t = await startTestApp()
  const [id = ''] = await invitePeople(t, [{ username: 'user01', firstName: 'Old' }])
  await t.post(`/api/service/users/${id}`, { firstName: 'New', lastName: 'Name' })
  const rows = await t.db
    .selectFrom('events')
    .select(['data', 'personal'])
    .where('subject_id', '=', id)
    .where('type', '=', 'user.updated')
    .execute()
  assert.equal(rows.length, 1)
  assert.deepEqual(JSON.parse(rows[0]?.data ?? ''), { fields: ['firstName', 'lastName'] })
  assert.deepEqual(JSON.parse(rows[0]?.personal ?? ''), {
    before: { firstName: 'Old', lastName: '' },
    after: { firstName: 'New', lastName: 'Name' },
  })
})

test('null means unchanged for every key, and an empty body changes nothing', async () => {
  await using t = await startTestApp()
  const [id = ''] = await invitePeople(t, [{ username: 'user01', firstName: 'A', attributes: { designation: ['x'] } }])
  const before = await stateOf(t, id)
  const nulls = Object.fromEntries(
    [
      'id',
      'username',
      'email',
      'firstName',
      'lastName',
      'enabled',
      'attributes',
      'workspaceRole',
      'roles',
      'groups',
      'persona',
      'personas',
      'emailVerified',
      'createdTimestamp',
      'lastLoginTime',
      'loginEvents',
      'groupCount',
      'defaultRoles',
      'status',
      'isLocked',
    ].map((key) => [key, null]),
  )
  for (const body of [nulls, {}, { attributes: { designation: null } }, { attributes: {} }]) {
    const { status, json } = await t.post(`/api/service/users/${id}`, body)
    assert.deepEqual([status, json.firstName], [200, 'A'])
  }
  assert.deepEqual(await stateOf(t, id), before)
})

test('a whole record sent back changes nothing: no version, no event, no mail', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01', '$admin')
  const pending = await t.invite('Pending@Example.com', '$guest')
  const group = await t.addGroup('data', [user.id, pending])
  const { json: persona } = await t.post('/api/service/personas', { name: 'base' })
  await t.post(`/api/service/personas/${persona.id}/subjects`, { users: [user.id], groups: [group] })
  await t.post(`/api/service/users/${user.id}`, {
    attributes: { skills: ['sql', 'r'], '1': ['one'], b: ['x'], a: ['y'] },
  })
  await t.deliverOutbox()
  const mails = t.mails.length
  for (const id of [user.id, pending]) {
    const [before, first] = [await stateOf(t, id), await t.get(`/api/service/users/${id}`)]
    const listed = (await t.get(`/api/service/users?filter=${encodeURIComponent(JSON.stringify({ id }))}`)).json
      .records[0]
    for (const record of [first.json, listed])
      assert.equal((await t.post(`/api/service/users/${id}`, record)).status, 200)
    assert.deepEqual(await stateOf(t, id), before)
    assert.equal((await t.get(`/api/service/users/${id}`)).headers.etag, first.headers.etag)
  }
  await t.deliverOutbox()
  assert.equal(t.mails.length, mails)
})

test('one field changed in a whole record changes that field alone', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  await t.addGroup('data', [user.id])
  const record = (await t.get(`/api/service/users/${user.id}`)).json
  await t.post(`/api/service/users/${user.id}`, { ...record, lastName: 'Changed' })
  assert.deepEqual((await t.get(`/api/service/users/${user.id}`)).json, { ...record, lastName: 'Changed' })
  assert.equal((await eventTypesAbout(t, user.id)).at(-1), 'user.updated')
})

test('attributes merge key by key; an empty list clears a key, null leaves it, null elements are dropped', async () => {
  await using t = await startTestApp()
  const [id = ''] = await invitePeople(t, [{ username: 'user01' }])
  const change = async (attributes: object) => {
    const {
      invitedAt: _at,
      invitedBy: _by,
      invitedByName: _name,
      ...rest
    } = (await t.post(`/api/service/users/${id}`, { attributes })).json.attributes
    return rest
  }
  assert.deepEqual(await change({ designation: ['A'], skills: ['sql', 'r'] }), {
    designation: ['A'],
    skills: ['sql', 'r'],
  })
  assert.deepEqual(await change({ slack: ['@x'] }), { designation: ['A'], skills: ['sql', 'r'], slack: ['@x'] })
  assert.deepEqual(await change({ designation: ['B', 'C'], slack: null }), {
    designation: ['B', 'C'],
    skills: ['sql', 'r'],
    slack: ['@x'],
  })
  assert.deepEqual(await change({ skills: [], nothing: [] }), { designation: ['B', 'C'], slack: ['@x'] })
  assert.deepEqual(await change({ designation: [null, 'D'], slack: [''] }), { designation: ['D'], slack: [''] })
  assert.deepEqual(await change({ slack: [null], text: ['two\nlines\tand a tab'] }), {
    designation: ['D'],
    text: ['two\nlines\tand a tab'],
  })
})

test('who invited whom and when cannot be rewritten', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const before = await stateOf(t, id)
  const { json } = await t.post(`/api/service/users/${id}`, {
    attributes: { invitedAt: ['1999-01-01T00:00:00Z'], invitedBy: ['me'], invitedByName: [] },
  })
  assert.notDeepEqual(json.attributes.invitedBy, ['me'])
  assert.deepEqual(await stateOf(t, id), before)
})

test('another id or username is refused, the own one accepted; nothing else of the body happens (V-R2)', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const before = await stateOf(t, user.id)
  for (const [body, code] of [
    [{ id: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f13', firstName: 'X' }, 'read_only_field'],
    [{ id: '', firstName: 'X' }, 'read_only_field'],
    [{ id: user.id.toUpperCase(), firstName: 'X' }, 'read_only_field'],
    [{ username: 'other', firstName: 'X' }, 'username_immutable'],
    [{ username: 'USER01', firstName: 'X' }, 'username_immutable'],
    [{ username: '', firstName: 'X' }, 'username_immutable'],
  ] as const) {
    const { status, json } = await t.post(`/api/service/users/${user.id}`, body)
    assert.deepEqual([status, json.error], [400, code], JSON.stringify(body))
  }
  assert.deepEqual(await stateOf(t, user.id), before)
  assert.equal((await t.post(`/api/service/users/${user.id}`, { id: user.id, username: 'user01' })).status, 200)
})

test('types are exact: nothing is read into a value of another type', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const before = await stateOf(t, id)
  const bodies = [
    { enabled: 'false' },
    { enabled: 0 },
    { enabled: [] },
    { firstName: 5 },
    { firstName: ['A'] },
    { firstName: true },
    { lastName: {} },
    { email: 1 },
    { email: ['a@example.com'] },
    { attributes: [] },
    { attributes: 'x' },
    { attributes: { designation: 'Analyst' } },
    { attributes: { designation: [5] } },
    { attributes: { designation: [['x']] } },
    { attributes: { designation: { a: 1 } } },
    { workspaceRole: ['$admin'] },
    { roles: '$admin' },
    { roles: [null] },
    { groups: 'x' },
    { groups: [5] },
    { groups: [null] },
    { groups: [{}] },
    { groups: [{ id: 5 }] },
    { persona: 'x' },
    { persona: [{ id: 'x' }] },
    { id: 5 },
    { username: ['user01'] },
  ]
  for (const body of bodies) {
    const { status, json } = await t.post(`/api/service/users/${id}`, body)
    assert.deepEqual([status, json.error], [400, 'invalid_body'], JSON.stringify(body))
    assert.match(json.message, new RegExp(Object.keys(body)[0] ?? ''), JSON.stringify(body))
  }
  for (const rawBody of [
    '',
    'null',
    '[]',
    '"x"',
    '{',
    '{"firstName":"a","firstName":"b"}',
    '{"__proto__":{}}',
    '{"attributes":{"constructor":["x"]}}',
    '{"firstName":"\\u0000"}',
    '{"firstName":"\\ud800"}',
  ]) {
    const { status, json } = await t.request('POST', `/api/service/users/${id}`, { rawBody })
    assert.deepEqual([status, json.error], [400, 'invalid_body'], rawBody)
  }
  assert.deepEqual(await stateOf(t, id), before)
})

test('unknown keys are read past', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const body = {
    firstName: 'Jane',
    totp: true,
    access: { manage: true },
    requiredActions: ['x'],
    disableableCredentialTypes: [],
    nickname: 'J',
    first_name: 'no',
  }
  assert.equal((await t.post(`/api/service/users/${id}`, body)).json.firstName, 'Jane')
})

test('an unknown id is 404, whatever the body says, and a bad body comes first', async () => {
  await using t = await startTestApp()
  const nobody = '/api/service/users/0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f13'
  assert.equal((await t.post(nobody, { firstName: 'X' })).json.error, 'user_not_found')
  assert.equal((await t.post(nobody, {})).json.error, 'user_not_found')
  assert.equal((await t.post(nobody, { firstName: 5 })).json.error, 'invalid_body')
})
