import assert from 'node:assert/strict'
import { test } from 'node:test'
import { password, startTestApp, type TestApp } from '../../test/start-test-app.ts'

async function statuses(t: TestApp, tokens: readonly string[]): Promise<number[]> {
  const answers = await Promise.all(tokens.map((token) => t.get('/api/service/whoami', { token })))
  return answers.map(({ status }) => status)
}

function all(status: number, count: number): number[] {
  return Array.from({ length: count }, () => status)
}

async function tokensOf(t: TestApp, userId: string, count: number): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, () => t.personalToken(userId)))
}

test("a personal token has its owner's role of this moment, up and down (V-K5)", async () => {
  await using t = await startTestApp()
  await t.addUser('boss01', '$admin')
  const user = await t.addUser('user01', '$admin')
  const child = (await t.post('/api/service/apikeys', { displayName: 'child' }, { token: user.token })).json.attributes
    .accessToken
  const cases = [
    ['$admin', 200, 200],
    ['$member', 403, 200],
    ['$guest', 403, 403],
    ['$member', 403, 200],
    ['$admin', 200, 200],
  ] as const
  for (const [round, [role, write, read]] of cases.entries()) {
    assert.equal(
      (await t.post(`/api/service/users/${user.id}/roles/update`, { roleId: await t.roleId(role) })).status,
      200,
    )
    for (const [number, token] of [user.token, child].entries()) {
      const { json } = await t.get('/api/service/whoami', { token })
      assert.equal(json.workspaceRole, role)
      const created = await t.post('/api/service/groups', { group: { name: `g-${round}-${number}` } }, { token })
      assert.equal(created.status, write, role)
      assert.equal((await t.get('/api/service/groups', { token })).status, read, role)
    }
  }
})

test('disabling the owner ends all tokens with the next request, enabling revives them (V-K3)', async () => {
  await using t = await startTestApp()
  await t.addUser('boss01', '$admin')
  const user = await t.addUser('user01', '$admin')
  const tokens = await tokensOf(t, user.id, 10)
  assert.deepEqual(await statuses(t, tokens), all(200, 10))
  for (let round = 0; round < 3; round += 1) {
    await t.post(`/api/service/users/${user.id}`, { enabled: false })
    assert.deepEqual(await statuses(t, tokens), all(401, 10))
    assert.equal((await t.get('/api/service/apikeys')).json.totalRecord, 13, 'they are suspended, not gone')
    await t.post(`/api/service/users/${user.id}`, { enabled: true })
    assert.deepEqual(await statuses(t, tokens), all(200, 10))
  }
})

test('a revoked token stays dead when its owner is enabled again', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const { id, attributes } = (await t.post('/api/service/apikeys', { displayName: 'bot' }, { token: user.token })).json
  await t.post(`/api/service/users/${user.id}`, { enabled: false })
  await t.delete(`/api/service/apikeys/${id}`)
  await t.post(`/api/service/users/${user.id}`, { enabled: true })
  assert.deepEqual(await statuses(t, [user.token, attributes.accessToken]), [200, 401])
})

test('deleting the owner deletes the tokens (V-K3)', async () => {
  await using t = await startTestApp()
  await t.addUser('boss01', '$admin')
  const user = await t.addUser('user01', '$admin')
  const tokens = await tokensOf(t, user.id, 10)
  await t.post(`/api/service/users/${user.id}/delete`)
  assert.deepEqual(await statuses(t, [...tokens, user.token]), all(401, 11))
  const list = (await t.get('/api/service/apikeys')).json
  assert.deepEqual([list.totalRecord, list.records.length], [2, 2])
  assert.equal(
    (await t.db.selectFrom('api_tokens').select('id').where('tenant_id', '=', t.acme.id).execute()).length,
    2,
  )
  await t.addUser('user01', '$admin')
  assert.deepEqual(await statuses(t, tokens), all(401, 10), 'a new user of the same name does not revive them')
})

test('a token of somebody who was invited works from the moment of acceptance', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com', '$admin')
  const token = await t.personalToken(id)
  assert.deepEqual(await statuses(t, [token]), [401])
  const body = {
    token: await t.invitationToken(id),
    username: 'user01',
    firstName: 'First',
    lastName: 'Last',
    password,
  }
  assert.equal((await t.post('/auth/accept-invite', body, { token: null })).status, 200)
  assert.deepEqual(await statuses(t, [token]), [200])
})

test('a service token has no owner whose state could matter', async () => {
  await using t = await startTestApp()
  const admin = await t.addUser('admin01', '$admin')
  const service = await t.serviceToken('$member')
  await t.post(`/api/service/users/${admin.id}`, { enabled: false })
  assert.deepEqual(await statuses(t, [service, t.acme.token]), [200, 200])
})

test('of requests that come while the owner is disabled, none begun after the answer succeeds (V-K3)', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const [token = ''] = await tokensOf(t, user.id, 1)
  const during = Array.from({ length: 40 }, () => t.get('/api/service/whoami', { token }))
  await t.post(`/api/service/users/${user.id}`, { enabled: false })
  assert.deepEqual(
    await statuses(
      t,
      all(0, 40).map(() => token),
    ),
    all(401, 40),
  )
  for (const { status } of await Promise.all(during)) assert.ok(status === 200 || status === 401)
})
