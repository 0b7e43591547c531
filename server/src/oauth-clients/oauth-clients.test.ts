import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashDatabase } from '../../test/database-hash.ts'
import { startTestApp } from '../../test/start-test-app.ts'
import { hashSecret } from '../secrets/secrets.ts'

const list = '/api/service/oauth-clients'
const unknown = 'oauth-client-0190f2c4-0000-4000-8000-000000000000'

test('a new client has an id, a secret shown this once, and everything the contract names', async () => {
  await using t = await startTestApp()
  const body = {
    displayName: 'sync',
    description: ' nightly ',
    role: '$member',
    personaQNs: ['default/a', null, 'default/a'],
  }
  const { status, json } = await t.post(list, body)
  assert.equal(status, 200)
  assert.match(json.clientId, /^oauth-client-[0-9a-f-]{36}$/)
  assert.match(json.clientSecret, /^mocs_[A-Za-z0-9_-]{43}$/)
  const { clientSecret, ...shown } = json
  assert.deepEqual(shown, {
    id: json.id,
    clientId: json.clientId,
    displayName: 'sync',
    description: 'nightly',
    role: '$member',
    personaQNs: ['default/a'],
    tokenExpirySeconds: 600,
    createdAt: String(t.clock.now().getTime()),
    createdBy: (await t.get('/api/service/whoami')).json.username,
  })
  assert.deepEqual((await t.get(`${list}/${json.clientId}`)).json, shown)
  assert.deepEqual((await t.get(list)).json.records, [shown])
  assert.equal((await t.get(`${list}/${json.id}`)).status, 404, 'the id of the row is not what addresses take')
  const row = await t.db.selectFrom('oauth_clients').selectAll().executeTakeFirstOrThrow()
  assert.equal(row.secret_hash, hashSecret(clientSecret))
  assert.ok(!JSON.stringify(row).includes(clientSecret))
  const events = JSON.stringify(await t.db.selectFrom('events').selectAll().execute())
  assert.ok(events.includes(json.clientId) && !events.includes(clientSecret))
})

test('a role is given by its name; every other text is refused with the names there are, and makes nothing', async () => {
  await using t = await startTestApp()
  const { clientId } = await t.addOAuthClient('$guest')
  const untouched = await hashDatabase(t.db)
  for (const role of ['Admin', '$owner', '', '$Admin', await t.roleId('$admin'), '$api-token-default-access']) {
    for (const answer of [
      await t.post(list, { displayName: 'x', role }),
      await t.put(`${list}/${clientId}`, { displayName: 'y', role }),
      await t.post(`${list}/${clientId}`, { displayName: 'y', role }),
    ]) {
      assert.deepEqual([answer.status, answer.json.error], [400, 'role_not_found'], role)
      assert.match(answer.json.message, /\$admin, \$member or \$guest/)
    }
  }
  assert.equal(await hashDatabase(t.db), untouched)
})

test('in both verbs of an update what is absent or null stays, personas above all', async () => {
  await using t = await startTestApp()
  for (const method of ['PUT', 'POST']) {
    const body = { displayName: 'sync', description: 'nightly', role: '$member', personaQNs: ['default/a'] }
    const { clientSecret: _shownOnce, ...created } = (await t.post(list, body)).json
    const path = `${list}/${created.clientId}`
    const update = async (change: unknown) => (await t.request(method, path, { body: change })).json
    for (const nothing of [{}, { displayName: null, description: null, role: null, personaQNs: null }, created])
      assert.deepEqual(await update(nothing), created)
    t.clock.advance(1_000)
    const stamp = { updatedAt: String(t.clock.now().getTime()), updatedBy: created.createdBy }
    assert.deepEqual(await update({ description: 'weekly' }), { ...created, description: 'weekly', ...stamp })
    assert.deepEqual((await update({ description: '' })).description, '')
    assert.deepEqual((await update({ role: '$guest' })).personaQNs, ['default/a'])
    assert.deepEqual((await update({ personaQNs: [] })).personaQNs, [])
    assert.deepEqual((await t.get(path)).json, {
      ...created,
      description: '',
      role: '$guest',
      personaQNs: [],
      ...stamp,
    })
  }
})

test('fields that belong to the server cannot be written', async () => {
  await using t = await startTestApp()
  const own = {
    id: 'x',
    clientId: unknown,
    clientSecret: 'mocs_chosen',
    secret_hash: 'x',
    createdAt: '1',
    createdBy: 'somebody',
    tokenExpirySeconds: 99_999,
    version: 9,
    tenantId: t.other.id,
    rights: ['sign-in-settings'],
  }
  const { json } = await t.post(list, { ...own, displayName: 'sync', role: '$guest' })
  const { clientSecret, ...created } = json
  for (const key of ['id', 'clientId', 'createdAt', 'createdBy', 'tokenExpirySeconds'] as const)
    assert.notEqual(created[key], own[key], key)
  assert.notEqual(clientSecret, own.clientSecret)
  assert.deepEqual((await t.put(`${list}/${created.clientId}`, own)).json, created)
})

test('names are clean and bodies have their form', async () => {
  await using t = await startTestApp()
  const { clientId } = await t.addOAuthClient('$guest')
  for (const wrong of [
    { displayName: '' },
    { displayName: 'a\u202eb' },
    { displayName: 'x'.repeat(1_001) },
    { description: 'a\u0007b' },
    { description: 7 },
    { role: 7 },
    { personaQNs: 'default/a' },
    { personaQNs: [7] },
  ]) {
    for (const answer of [
      await t.post(list, { displayName: 'x', role: '$guest', ...wrong }),
      await t.put(`${list}/${clientId}`, wrong),
    ])
      assert.deepEqual([answer.status, answer.json.error], [400, 'invalid_body'], JSON.stringify(wrong))
  }
  for (const missing of [{ displayName: 'x' }, { role: '$guest' }, {}])
    assert.equal((await t.post(list, missing)).json.error, 'invalid_body')
})

test('a change made against another version is refused', async () => {
  await using t = await startTestApp()
  const { clientId } = await t.addOAuthClient('$guest')
  const etag = String((await t.get(`${list}/${clientId}`)).headers.etag)
  const change = (description: string) =>
    t.put(`${list}/${clientId}`, { description }, { headers: { 'if-match': etag } })
  const first = await change('one')
  assert.equal(first.status, 200)
  assert.notEqual(first.headers.etag, etag)
  assert.equal((await change('two')).json.error, 'version_mismatch')
  assert.equal((await t.get(`${list}/${clientId}`)).json.description, 'one')
})

test('a deleted client is gone, its total too, and cannot be deleted again', async () => {
  await using t = await startTestApp()
  const { clientId } = await t.addOAuthClient('$guest')
  await t.addOAuthClient('$guest')
  const answer = await t.delete(`${list}/${clientId}`)
  assert.deepEqual([answer.status, answer.text], [200, ''])
  for (const again of [
    await t.delete(`${list}/${clientId}`),
    await t.get(`${list}/${clientId}`),
    await t.put(`${list}/${clientId}`, { description: 'x' }),
    await t.delete(`${list}/${unknown}`),
  ])
    assert.deepEqual([again.status, again.json.error], [404, 'oauth_client_not_found'])
  const { totalRecord, count } = (await t.get(list)).json
  assert.deepEqual([totalRecord, count], [1, 1])
})

test('of deletions at once one happens', async () => {
  await using t = await startTestApp()
  const { clientId } = await t.addOAuthClient('$guest')
  const answers = await Promise.all(Array.from({ length: 10 }, () => t.delete(`${list}/${clientId}`)))
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, ...Array.from({ length: 9 }, () => 404)])
  assert.equal((await t.get(list)).json.totalRecord, 0)
})
