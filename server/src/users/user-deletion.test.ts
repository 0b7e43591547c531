import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { changeSettings, makeScimManaged, stateOf, usersAddress } from './testdata/people.ts'

function remove(t: TestApp, id: string, body?: unknown, token: string = t.acme.token) {
  return t.post(`/api/service/users/${id}/delete`, body, { token })
}

/** Tables that hold something of a user, with the number of rows each has about this one. */
async function traces(t: TestApp, id: string): Promise<Record<string, number>> {
  const count = async (
    table:
      | 'users'
      | 'group_members'
      | 'persona_subjects'
      | 'purpose_subjects'
      | 'api_tokens'
      | 'invitations'
      | 'credentials',
    column: string,
  ) => {
    const rows = await t.db.selectFrom(table).selectAll().execute()
    return rows.filter((row) => Object.entries(row).some(([name, value]) => name === column && value === id)).length
  }
  return {
    users: await count('users', 'id'),
    group_members: await count('group_members', 'user_id'),
    persona_subjects: await count('persona_subjects', 'subject_id'),
    purpose_subjects: await count('purpose_subjects', 'subject_id'),
    api_tokens: await count('api_tokens', 'owner_id'),
    invitations: await count('invitations', 'user_id'),
    credentials: await count('credentials', 'user_id'),
  }
}

test('deleting answers 200 with nothing, and the user is gone from every place that showed them', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const group = await t.addGroup('data', [user.id])
  const { json: persona } = await t.post('/api/service/personas', { name: 'base' })
  await t.post(`/api/service/personas/${persona.id}/subjects`, { users: [user.id], groups: [] })
  const { json: purpose } = await t.post('/api/service/purposes', { name: 'billing' })
  await t.post(`/api/muster/purposes/${purpose.id}/subjects`, { users: [user.id], groups: [] })
  assert.deepEqual(Object.values(await traces(t, user.id)), [1, 1, 1, 1, 1, 1, 1])
  const answer = await remove(t, user.id)
  assert.deepEqual([answer.status, answer.text], [200, ''])
  assert.deepEqual(Object.values(await traces(t, user.id)), [0, 0, 0, 0, 0, 0, 0])
  assert.equal((await t.get(`/api/service/users/${user.id}`)).status, 404)
  assert.equal((await t.get('/api/service/users')).json.totalRecord, 0)
  assert.equal((await t.get(usersAddress({ filter: '{"username":{"$ilike":"%user01%"}}' }))).json.filterRecord, 0)
  assert.equal((await t.get(`/api/service/groups/${group}/members`)).json.totalRecord, 0)
  assert.equal((await t.get('/api/service/groups')).json.records[0].userCount, 0)
  assert.deepEqual((await t.get(`/api/service/personas/${persona.id}`)).json.users, [])
  assert.deepEqual((await t.get(`/api/service/purposes/${purpose.id}`)).json.users, [])
  assert.equal((await t.get('/api/service/users/current', { token: user.token })).status, 401)
  assert.equal((await remove(t, user.id)).json.error, 'user_not_found')
})

test('name and address are free at once, and whoever gets them is somebody new', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  await t.addGroup('data', [user.id])
  await remove(t, user.id)
  const again = await t.addUser('user01')
  assert.notEqual(again.id, user.id)
  const { groups, username, email } = (await t.get(`/api/service/users/${again.id}`)).json
  assert.deepEqual({ groups, username, email }, { groups: [], username: 'user01', email: 'user01@example.com' })
})

test('the deletion is one event that names whoever takes over; earlier events stay', async () => {
  await using t = await startTestApp()
  const [id, heir] = [await t.invite('user01@example.com'), await t.invite('heir@example.com')]
  const earlier = await t.db.selectFrom('events').select('id').where('subject_id', '=', id).execute()
  assert.equal((await remove(t, id, { transferToUserId: heir })).status, 200)
  const rows = await t.db
    .selectFrom('events')
    .select(['type', 'data', 'personal'])
    .where('subject_id', '=', id)
    .orderBy('id')
    .execute()
  assert.equal(rows.length, earlier.length + 1)
  const deleted = rows.find((row) => row.type === 'user.deleted')
  assert.deepEqual(JSON.parse(deleted?.data ?? ''), { transferredTo: heir })
  assert.deepEqual(JSON.parse(deleted?.personal ?? ''), { email: 'user01@example.com', username: 'user01' })
})

test('the body is optional, in every way of sending none', async () => {
  await using t = await startTestApp()
  const bodies = [undefined, {}, { transferToUserId: null }, { kubeSecretName: 'x' }]
  for (const [index, body] of bodies.entries())
    assert.equal((await remove(t, await t.invite(`user0${index}@example.com`), body)).status, 200)
  const id = await t.invite('user09@example.com')
  const empty = await t.request('POST', `/api/service/users/${id}/delete`, {
    headers: { 'content-type': 'application/json', 'content-length': '0' },
  })
  assert.equal(empty.status, 200)
})

test('a transfer to somebody unknown, foreign, disabled, or to the user themselves is refused, and nobody is deleted', async () => {
  await using t = await startTestApp()
  const [id, disabled] = [await t.invite('user01@example.com'), await t.invite('user02@example.com')]
  await t.post(`/api/service/users/${disabled}`, { enabled: false })
  const before = await stateOf(t, id)
  const foreign = await t.invite('user03@example.com', '$member', t.other)
  const unknown = await remove(t, id, { transferToUserId: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f13' }, t.acme.token)
  assert.deepEqual([unknown.status, unknown.json.error], [404, 'user_not_found'])
  assert.deepEqual(
    [
      (await remove(t, id, { transferToUserId: foreign })).json.error,
      (await remove(t, id, { transferToUserId: '' })).json.error,
    ],
    ['user_not_found', 'user_not_found'],
  )
  for (const target of [disabled, id]) {
    const { status, json } = await remove(t, id, { transferToUserId: target })
    assert.deepEqual([status, json.error], [400, 'transfer_target_disabled'])
  }
  for (const body of [{ transferToUserId: [disabled] }, { transferToUserId: 5 }, []])
    assert.equal((await remove(t, id, body)).json.error, 'invalid_body')
  assert.deepEqual(await stateOf(t, id), before)
})

test('nobody deletes themselves, and only admins delete', async () => {
  await using t = await startTestApp()
  const [admin, member, guest] = [
    await t.addUser('admin01', '$admin'),
    await t.addUser('user01'),
    await t.addUser('user02', '$guest'),
  ]
  await t.addUser('admin02', '$admin')
  const own = await remove(t, admin.id, undefined, admin.token)
  assert.deepEqual([own.status, own.json.error], [409, 'cannot_disable_self'])
  for (const user of [member, guest]) {
    for (const id of [member.id, guest.id, admin.id, 'nobody']) {
      const { status, json } = await remove(t, id, undefined, user.token)
      assert.deepEqual([status, json.error], [403, 'insufficient_role'])
    }
  }
  assert.equal((await t.get('/api/service/users')).json.totalRecord, 4)
})

test('a user whom the IdP manages is deleted here only once disabled', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  await makeScimManaged(t, user.id)
  const refused = await remove(t, user.id)
  assert.deepEqual([refused.status, refused.json.error], [409, 'managed_by_scim'])
  await t.post(`/api/service/users/${user.id}`, { enabled: false })
  assert.equal((await remove(t, user.id)).status, 200)
  const other = await t.addUser('user02')
  await makeScimManaged(t, other.id)
  await changeSettings(t, { scimIsOn: false })
  assert.equal((await remove(t, other.id)).status, 200)
})

test('a pending user goes with the invitation: the link ends, and a mail that still waits is never sent', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const other = await t.invite('user02@example.com')
  const token = await t.invitationToken(other)
  await remove(t, id)
  await remove(t, other)
  await t.deliverOutbox()
  assert.deepEqual(t.mails, [])
  const body = { token, username: 'user02', firstName: '', lastName: '', password: 'correct horse battery staple' }
  assert.equal((await t.post('/auth/accept-invite', body, { token: null })).json.error, 'invalid_invitation')
  assert.equal((await t.get('/api/muster/invitations')).json.totalRecord, 0)
})

test('tokens of a deleted user are no longer listed, and those of others stay', async () => {
  await using t = await startTestApp()
  const [user, other] = [await t.addUser('user01'), await t.addUser('user02')]
  await t.personalToken(user.id)
  const listed = async () => (await t.get('/api/service/apikeys')).json.totalRecord
  const before = await listed()
  await remove(t, user.id)
  assert.equal(await listed(), before - 2)
  assert.equal((await t.get('/api/service/apikeys')).json.records.length, before - 2)
  assert.equal((await t.get('/api/service/whoami', { token: other.token })).status, 200)
})

test('deleting one user twice at once is one deletion', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  await t.invite('user02@example.com')
  const answers = await Promise.all([remove(t, id), remove(t, id), remove(t, id)])
  assert.deepEqual(answers.map((answer) => answer.status).toSorted(), [200, 404, 404])
  assert.equal((await t.get('/api/service/users')).json.totalRecord, 1)
})
