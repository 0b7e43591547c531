import assert from 'node:assert/strict'
import { test } from 'node:test'
import { issueServiceToken } from './api-tokens.service.ts'
import { startTestApp, type TestApp, type TestUser } from '../../test/start-test-app.ts'

const unknownId = '0190f2c4-0000-7000-8000-000000000000'

async function createAs(t: TestApp, user: TestUser, displayName: string) {
  return (await t.post('/api/service/apikeys', { displayName }, { token: user.token })).json
}

async function namesFor(t: TestApp, token: string): Promise<string[]> {
  const { json } = await t.get('/api/service/apikeys?sort=displayName', { token })
  return json.records.map((record: { displayName: string }) => record.displayName)
}

test('members manage their own tokens and see no others; admins manage all', async () => {
  await using t = await startTestApp()
  const [one, two] = [await t.addUser('one'), await t.addUser('two')]
  const admin = await t.addUser('admin01', '$admin')
  const own = await createAs(t, one, 'of one')
  const others = await createAs(t, two, 'of two')
  assert.deepEqual(await namesFor(t, one.token), ['of one', 'test'])
  assert.deepEqual(await namesFor(t, two.token), ['of two', 'test'])
  assert.deepEqual(await namesFor(t, admin.token), ['of one', 'of two', 'test', 'test', 'test', 'test admin'])
  const hidden = await t.get(`/api/service/apikeys?filter=${encodeURIComponent(JSON.stringify({ id: others.id }))}`, {
    token: one.token,
  })
  assert.deepEqual([hidden.status, hidden.json.records, hidden.json.filterRecord], [200, [], 0])
  for (const answer of [
    await t.post(`/api/service/apikeys/${others.id}`, { displayName: 'taken' }, { token: one.token }),
    await t.delete(`/api/service/apikeys/${others.id}`, { token: one.token }),
  ]) {
    assert.deepEqual([answer.status, answer.json.error], [403, 'insufficient_role'])
    assert.match(String(answer.headers['www-authenticate']), /error="insufficient_scope"/)
  }
  assert.equal((await t.get('/api/service/whoami', { token: others.attributes.accessToken })).status, 200)
  assert.equal(
    (await t.post(`/api/service/apikeys/${own.id}`, { displayName: 'renamed' }, { token: one.token })).json.displayName,
    'renamed',
  )
  assert.equal((await t.delete(`/api/service/apikeys/${own.id}`, { token: one.token })).status, 200)
  assert.equal(
    (await t.post(`/api/service/apikeys/${others.id}`, { displayName: 'by admin' }, { token: admin.token })).status,
    200,
  )
  assert.equal((await t.delete(`/api/service/apikeys/${others.id}`, { token: admin.token })).status, 200)
  assert.deepEqual(await namesFor(t, two.token), ['test'])
})

test('guests have nothing to do with tokens, not even with their own', async () => {
  await using t = await startTestApp()
  const guest = await t.addUser('guest01', '$guest')
  const own = await t.db
    .selectFrom('api_tokens')
    .select('id')
    .where('owner_id', '=', guest.id)
    .executeTakeFirstOrThrow()
  const { token } = guest
  for (const answer of [
    await t.get('/api/service/apikeys', { token }),
    await t.post('/api/service/apikeys', { displayName: 'x' }, { token }),
    await t.post(`/api/service/apikeys/${own.id}`, { displayName: 'x' }, { token }),
    await t.delete(`/api/service/apikeys/${own.id}`, { token }),
    await t.delete(`/api/service/apikeys/${unknownId}`, { token }),
    await t.request('POST', '/api/service/apikeys', { token, rawBody: '{' }),
  ]) {
    assert.deepEqual([answer.status, answer.json.error], [403, 'insufficient_role'])
  }
  assert.equal((await t.get('/api/service/whoami', { token })).status, 200)
})

test('a token acts as its owner: its tokens are the owner’s, and it counts as the owner where people count as themselves', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const first = await createAs(t, user, 'first')
  const second = (
    await t.post('/api/service/apikeys', { displayName: 'second' }, { token: first.attributes.accessToken })
  ).json
  assert.equal(second.attributes.createdBy, `service-account-${first.clientId}`)
  assert.deepEqual(await namesFor(t, user.token), ['first', 'second', 'test'])
  assert.deepEqual(await namesFor(t, second.attributes.accessToken), ['first', 'second', 'test'])
  assert.equal(
    (await t.post(`/api/service/users/${user.id}`, { firstName: 'Own' }, { token: second.attributes.accessToken }))
      .status,
    200,
  )
})

test('a service token gives its children its role and nothing more', async () => {
  await using t = await startTestApp()
  const parent = await t.serviceToken('$member')
  const { json } = await t.post('/api/service/apikeys', { displayName: 'child' }, { token: parent })
  const child = json.attributes.accessToken
  assert.equal((await t.get('/api/service/whoami', { token: child })).json.workspaceRole, '$member')
  assert.equal((await t.get('/api/service/groups', { token: child })).status, 200)
  assert.equal((await t.post('/api/service/groups', { group: { name: 'x' } }, { token: child })).status, 403)
  const row = await t.db.selectFrom('api_tokens').selectAll().where('id', '=', json.id).executeTakeFirstOrThrow()
  assert.deepEqual([row.owner_id, row.rights], [null, '[]'])
})

test('rights of the host operator are not handed on', async () => {
  await using t = await startTestApp()
  const input = {
    displayName: 'operator',
    role: '$admin',
    rights: ['sign-in-settings'],
    lifetimeSeconds: null,
    secret: null,
  } as const
  const { token, secret } = await issueServiceToken(t.operator(), input)
  const body = { displayName: 'child', rights: ['sign-in-settings'], ownerId: unknownId, token_hash: 'x' }
  const { json } = await t.post('/api/service/apikeys', body, { token: secret })
  const rows = await t.db
    .selectFrom('api_tokens')
    .select(['id', 'rights'])
    .where('id', 'in', [token.id, json.id])
    .orderBy('created_at')
    .orderBy('id')
    .execute()
  assert.deepEqual(rows, [
    { id: token.id, rights: '["sign-in-settings"]' },
    { id: json.id, rights: '[]' },
  ])
})

test("another tenant's tokens answer like ids that never were, and stay as they are", async () => {
  await using t = await startTestApp()
  const foreign = (
    await t.post('/api/service/apikeys', { displayName: 'theirs' }, { token: t.other.token, host: t.other.host })
  ).json
  const headers = { 'x-atlan-request-id': 'same' }
  const ask = async (id: string, clientId: string) => {
    const answers = [
      await t.post(`/api/service/apikeys/${id}`, { displayName: 'mine' }, { headers }),
      await t.delete(`/api/service/apikeys/${id}`, { headers }),
      await t.get(`/api/service/apikeys?filter=${encodeURIComponent(JSON.stringify({ id }))}`, { headers }),
      await t.get(`/api/service/apikeys?filter=${encodeURIComponent(JSON.stringify({ clientId }))}`, { headers }),
    ]
    return answers.map(({ status, text }) => [status, text])
  }
  assert.deepEqual(await ask(foreign.id, foreign.clientId), await ask(unknownId, `apikey-${unknownId}`))
  const list = (await t.get('/api/service/apikeys', { token: t.other.token, host: t.other.host })).json.records
  assert.deepEqual(list.map((token: { displayName: string }) => token.displayName).toSorted(), ['test admin', 'theirs'])
  assert.equal(
    (await t.get('/api/service/whoami', { token: foreign.attributes.accessToken, host: t.other.host })).status,
    200,
  )
})
