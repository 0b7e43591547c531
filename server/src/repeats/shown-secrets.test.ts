import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import type { RequestOptions } from '../../test/test-client.ts'

const apikeys = '/api/service/apikeys'
const headerOf: Readonly<Record<string, RequestOptions>> = {
  'Idempotency-Key': { headers: { 'idempotency-key': 'k' } },
  'X-Atlan-Request-Id': { headers: { 'x-atlan-request-id': 'request-1' } },
}

async function storedBodies(t: TestApp): Promise<string> {
  const rows = await t.db.selectFrom('idempotency_keys').selectAll().execute()
  assert.ok(rows.length > 0)
  return JSON.stringify(rows)
}

async function opens(t: TestApp, token: string): Promise<number> {
  return (await t.get('/api/service/whoami', { token })).status
}

for (const [name, options] of Object.entries(headerOf)) {
  test(`a token created again under one ${name} is the same token with a new secret, and the earlier secret opens nothing`, async () => {
    await using t = await startTestApp()
    const create = () => t.post(apikeys, { displayName: 'ci', validitySeconds: 600 }, options)
    const first = (await create()).json
    assert.ok(!(await storedBodies(t)).includes('mst_'), 'no secret is stored')
    for (let times = 0, earlier = first.attributes.accessToken; times < 3; times += 1) {
      const again = await create()
      const { accessToken, ...attributes } = again.json.attributes
      assert.deepEqual({ ...again.json, attributes: { ...attributes, accessToken: '' } }, withSecret(first, ''))
      assert.equal(again.headers['idempotent-replayed'], 'true')
      assert.notEqual(accessToken, earlier)
      assert.deepEqual([await opens(t, earlier), await opens(t, accessToken)], [401, 200])
      earlier = accessToken
    }
    assert.equal((await t.get(`${apikeys}?filter={"displayName":"ci"}`)).json.filterRecord, 1)
    const events = await t.db.selectFrom('events').select('type').where('subject_id', '=', first.id).execute()
    assert.deepEqual(events.map(({ type }) => type).toSorted(), [
      'api_token.created',
      ...Array.from({ length: 3 }, () => 'api_token.secret_redrawn'),
    ])
    // The end of its life is still the one it was made with.
    t.clock.advance(600_000)
    assert.equal(await opens(t, (await create()).json.attributes.accessToken), 401)
  })
}

function withSecret(record: { attributes: object }, accessToken: string): object {
  return { ...record, attributes: { ...record.attributes, accessToken } }
}

test('a token that was revoked meanwhile is not made again by a repeat, nor is its secret', async () => {
  await using t = await startTestApp()
  const options = { headers: { 'idempotency-key': 'k' } }
  const { id } = (await t.post(apikeys, { displayName: 'ci' }, options)).json
  await t.delete(`${apikeys}/${id}`)
  const again = await t.post(apikeys, { displayName: 'ci' }, options)
  assert.deepEqual([again.status, again.json.error], [404, 'api_token_not_found'])
  assert.equal((await t.get(`${apikeys}?filter={"displayName":"ci"}`)).json.filterRecord, 0)
})

test('a link copied again under one key is a new link; the earlier one ends, and neither is stored', async () => {
  await using t = await startTestApp()
  await t.invite('user01@example.com')
  const { id } = (await t.get('/api/muster/invitations')).json.records[0]
  const copy = () => t.post(`/api/muster/invitations/${id}/link`, undefined, { headers: { 'idempotency-key': 'k' } })
  const [first, second] = [await copy(), await copy()]
  assert.equal(second.headers['idempotent-replayed'], 'true')
  const [earlier, later] = [first, second].map(({ json }) => new URL(json.link).searchParams.get('token') ?? '')
  assert.notEqual(later, earlier)
  assert.ok(!(await storedBodies(t)).includes('minv_'))
  const accept = (token = '') =>
    t.post('/auth/accept-invite', { token, password: 'correct horse battery staple' }, { token: null })
  assert.equal((await accept(earlier)).json.error, 'invalid_invitation')
  assert.equal((await accept(later)).status, 200)
})

test('of a password nothing is stored by which it could be tried out', async () => {
  await using t = await startTestApp()
  const token = await t.invitationToken(await t.invite('user01@example.com'))
  const body = { token, username: 'user01', password: 'correct horse battery staple' }
  const accept = () => t.post('/auth/accept-invite', body, { token: null, headers: { 'idempotency-key': 'k' } })
  const first = await accept()
  const again = await accept()
  assert.deepEqual([again.status, again.text], [200, first.text])
  const rows = await t.db.selectFrom('idempotency_keys').select(['key_hash', 'fingerprint']).execute()
  const request = `/auth/accept-invite\n${JSON.stringify(body)}`
  for (const row of rows) {
    assert.notEqual(row.fingerprint, hash('sha256', request, 'base64url'))
    assert.ok(!JSON.stringify(row).includes('horse'))
  }
})

test('a repeat whose sender has hung up draws no secret: it would end the one that somebody read', async () => {
  await using t = await startTestApp()
  const create = (options: RequestOptions) => t.post(apikeys, { displayName: 'ci' }, options)
  const { accessToken } = (await create({ headers: { 'idempotency-key': 'k' } })).json.attributes
  const body = '{"displayName":"ci"}'
  const head = [
    `POST ${apikeys} HTTP/1.1`,
    'Host: acme.localhost',
    `Authorization: Bearer ${t.acme.token}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    'Idempotency-Key: k',
  ]
  const closed = new Promise((resolve) => t.http.server.once('connection', (server) => server.once('close', resolve)))
  // While the other process lives this one hears nothing: request and end of the connection wait for it together.
  const script = `require('node:net').connect(${t.port}, '127.0.0.1').end(${JSON.stringify(`${head.join('\r\n')}\r\n\r\n${body}`)}).destroySoon()`
  assert.equal(spawnSync(process.execPath, ['-e', script]).status, 0)
  await closed
  // By now whatever that request does is done.
  for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate)
  await create({ headers: { 'idempotency-key': 'another' } })
  assert.equal(await opens(t, accessToken), 200)
})

test('the secret of a client, and an access token, are not stored either: a repeat has new ones', async () => {
  await using t = await startTestApp()
  const clients = '/api/service/oauth-clients'
  const options = { headers: { 'idempotency-key': 'k' } }
  const create = async () => (await t.post(clients, { displayName: 'ci', role: '$guest' }, options)).json
  const first = await create()
  const second = await create()
  assert.equal(second.clientId, first.clientId)
  const buy = ({ clientId, clientSecret }: { clientId: string; clientSecret: string }) =>
    t.post(`${clients}/token`, { clientId, clientSecret }, { ...options, token: null })
  assert.equal((await buy(first)).status, 401, 'the secret before buys nothing')
  const tokens = [(await buy(second)).json.accessToken, (await buy(second)).json.accessToken]
  assert.notEqual(tokens[0], tokens[1])
  for (const token of tokens) assert.equal(await opens(t, token), 200)
  const stored = await storedBodies(t)
  for (const prefix of ['mocs_', 'moat_']) assert.ok(!stored.includes(prefix), prefix)
  await t.delete(`${clients}/${first.clientId}`)
  assert.equal((await t.post(clients, { displayName: 'ci', role: '$guest' }, options)).status, 404)
})
