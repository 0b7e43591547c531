import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashDatabase } from '../../test/database-hash.ts'
import { captureSql } from '../../test/sql-capture.ts'
import { startTestApp, type TestApp, type TestClient } from '../../test/start-test-app.ts'
import type { RequestOptions } from '../../test/test-client.ts'
import { hashSecret, newSecret } from '../secrets/secrets.ts'

const path = '/api/service/oauth-clients/token'

function exchange(t: TestApp, { clientId, secret }: TestClient, options: RequestOptions = {}) {
  return t.post(path, { clientId, clientSecret: secret }, { token: null, ...options })
}

async function statusOf(t: TestApp, token: string): Promise<number> {
  return (await t.get('/api/service/whoami', { token })).status
}

test('a client’s secret buys an access token that works to its last millisecond and not in the next', async () => {
  await using t = await startTestApp()
  const client = await t.addOAuthClient('$member')
  const { status, json, headers } = await exchange(t, client)
  assert.equal(status, 200)
  assert.match(json.accessToken, /^moat_[A-Za-z0-9_-]{43}$/)
  assert.deepEqual(json, { accessToken: json.accessToken, tokenType: 'Bearer', expiresIn: 600 })
  assert.equal(headers['cache-control'], 'no-store')
  assert.equal(await statusOf(t, json.accessToken), 200)
  t.clock.advance(599_999)
  assert.equal(await statusOf(t, json.accessToken), 200)
  t.clock.advance(1)
  assert.equal(await statusOf(t, json.accessToken), 401)
  assert.equal(await statusOf(t, (await exchange(t, client)).json.accessToken), 200)
})

test('how long access tokens live is a setting, which clients are told', async () => {
  await using t = await startTestApp({ env: { MUSTER_ACCESS_TOKEN_SECONDS: '2' } })
  const client = await t.addOAuthClient('$member')
  assert.equal((await t.get(`/api/service/oauth-clients/${client.clientId}`)).json.tokenExpirySeconds, 2)
  const { json } = await exchange(t, client)
  assert.equal(json.expiresIn, 2)
  t.clock.advance(2_000)
  assert.equal(await statusOf(t, json.accessToken), 401)
})

test('a token is stored as its hash, and neither it nor the secret stands anywhere else', async () => {
  await using t = await startTestApp()
  const client = await t.addOAuthClient('$member')
  const { json } = await exchange(t, client)
  const rows = await t.db.selectFrom('access_tokens').selectAll().execute()
  assert.deepEqual(
    rows.map((row) => [row.token_hash, row.oauth_client_id]),
    [[hashSecret(json.accessToken), client.id]],
  )
  const events = JSON.stringify(await t.db.selectFrom('events').selectAll().execute())
  for (const secret of [json.accessToken, client.secret]) assert.ok(!events.includes(secret.slice(5)))
})

test('an unknown id and a wrong secret are refused in the same words after the same work, and leave nothing', async () => {
  await using t = await startTestApp()
  const [client, another] = [await t.addOAuthClient('$admin'), await t.addOAuthClient('$guest')]
  const foreign = await t.addOAuthClient('$admin', t.other)
  const deleted = await t.addOAuthClient('$admin')
  await t.delete(`/api/service/oauth-clients/${deleted.clientId}`)
  const unknown = 'oauth-client-0190f2c4-0000-4000-8000-000000000000'
  const wrong: readonly (readonly [string, string, string])[] = [
    ['unknown id', unknown, newSecret('mocs_')],
    ['unknown id, known secret', unknown, client.secret],
    ['wrong secret', client.clientId, newSecret('mocs_')],
    ['secret of another client', client.clientId, another.secret],
    ['of another tenant', foreign.clientId, foreign.secret],
    ['deleted', deleted.clientId, deleted.secret],
    ['id of the row', client.id, client.secret],
    ['id in capitals', client.clientId.toUpperCase(), client.secret],
    ['blank after the id', `${client.clientId} `, client.secret],
    ['blank after the secret', client.clientId, `${client.secret} `],
    ['secret without its prefix', client.clientId, client.secret.slice(5)],
    ['secret cut', client.clientId, client.secret.slice(0, -1)],
    ['no secret', client.clientId, ''],
    ['hash of the secret', client.clientId, hashSecret(client.secret)],
    ['API token', client.clientId, t.acme.token],
  ]
  const untouched = await hashDatabase(t.db)
  const events = await t.db.selectFrom('events').select('id').execute()
  const [answers, work] = [new Set<string>(), new Set<string>()]
  for (const [title, clientId, clientSecret] of wrong) {
    const statements = await captureSql(async () => {
      const answer = await t.post(
        path,
        { clientId, clientSecret },
        { token: null, headers: { 'x-atlan-request-id': 'same' } },
      )
      const { date: _date, ...headers } = answer.headers
      assert.deepEqual([answer.status, answer.json.error], [401, 'invalid_token'], title)
      assert.equal(headers['www-authenticate'], 'Bearer realm="muster", error="invalid_token"')
      answers.add(JSON.stringify([answer.text, headers]))
    })
    work.add(JSON.stringify(statements.map(({ text }) => text)))
  }
  assert.equal(answers.size, 1, [...answers].join('\n'))
  assert.equal(work.size, 1, [...work].join('\n'))
  assert.equal(await hashDatabase(t.db), untouched)
  assert.deepEqual(await t.db.selectFrom('events').select('id').execute(), events)
})

test('no Authorization header is asked for, and one that comes along makes no difference', async () => {
  await using t = await startTestApp()
  const client = await t.addOAuthClient('$member')
  for (const token of [null, t.acme.token, 'mst_wrong', client.secret])
    assert.equal((await exchange(t, client, { token })).status, 200)
  const wrong = { ...client, secret: newSecret('mocs_') }
  assert.equal((await exchange(t, wrong, { token: t.acme.token })).status, 401)
})

test('a body without a credential is read up to 16 KiB, and must have its form', async () => {
  await using t = await startTestApp()
  const { clientId, secret } = await t.addOAuthClient('$member')
  const send = (rawBody: string) => t.request('POST', path, { token: null, rawBody })
  const body = JSON.stringify({ clientId, clientSecret: secret })
  assert.equal((await send(body.padEnd(16 * 1024, ' '))).status, 200)
  const tooLarge = await send(body.padEnd(16 * 1024 + 1, ' '))
  assert.deepEqual([tooLarge.status, tooLarge.json.error], [413, 'body_too_large'])
  for (const wrong of [
    {},
    { clientId },
    { clientSecret: secret },
    { clientId: [clientId], clientSecret: secret },
    { clientId, clientSecret: 7 },
    { client_id: clientId, client_secret: secret },
    { clientId, clientSecret: 'x'.repeat(201) },
  ])
    assert.equal((await send(JSON.stringify(wrong))).json.error, 'invalid_body', JSON.stringify(wrong))
  const form = `clientId=${clientId}&clientSecret=${secret}`
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  assert.equal((await t.request('POST', path, { token: null, rawBody: form, headers })).status, 415)
  assert.equal((await t.get(path)).json.error, 'oauth_client_not_found', 'to read, token is an id like any other')
})

test('deleting a client ends all its access tokens with the next request, and no other’s', async () => {
  await using t = await startTestApp()
  const [client, another] = [await t.addOAuthClient('$admin'), await t.addOAuthClient('$admin')]
  const tokens = await Promise.all(Array.from({ length: 5 }, () => t.accessToken(client)))
  const kept = await t.accessToken(another)
  for (const token of [...tokens, kept]) assert.equal(await statusOf(t, token), 200)
  await t.delete(`/api/service/oauth-clients/${client.clientId}`)
  for (const token of tokens) assert.equal(await statusOf(t, token), 401)
  assert.equal(await statusOf(t, kept), 200)
  assert.equal((await t.db.selectFrom('access_tokens').select('token_hash').execute()).length, 1)
})

test('a client may delete itself', async () => {
  await using t = await startTestApp()
  const client = await t.addOAuthClient('$admin')
  const token = await t.accessToken(client)
  assert.equal((await t.delete(`/api/service/oauth-clients/${client.clientId}`, { token })).status, 200)
  assert.equal(await statusOf(t, token), 401)
})

test('of tokens asked for while the client is deleted none works after the answer', async () => {
  await using t = await startTestApp()
  for (let round = 0; round < 5; round += 1) {
    const client = await t.addOAuthClient('$admin')
    const before = Array.from({ length: 8 }, () => exchange(t, client))
    const deletion = t.delete(`/api/service/oauth-clients/${client.clientId}`)
    const answers = await Promise.all([...before, ...Array.from({ length: 8 }, () => exchange(t, client))])
    assert.equal((await deletion).status, 200)
    for (const { status, json } of answers) {
      assert.ok(status === 200 || status === 401, String(status))
      if (status === 200) assert.equal(await statusOf(t, json.accessToken), 401)
    }
    assert.deepEqual(await t.db.selectFrom('access_tokens').select('token_hash').execute(), [])
  }
})

test('what expired goes when its client comes again; nothing depends on it', async () => {
  await using t = await startTestApp()
  const [client, another] = [await t.addOAuthClient('$member'), await t.addOAuthClient('$member')]
  const rows = async ({ id }: TestClient) =>
    (await t.db.selectFrom('access_tokens').select('token_hash').where('oauth_client_id', '=', id).execute()).length
  for (let round = 0; round < 3; round += 1) {
    await exchange(t, client)
    await exchange(t, another)
  }
  const alive = await t.accessToken(client)
  t.clock.advance(600_000)
  assert.deepEqual([await rows(client), await rows(another)], [4, 3])
  await exchange(t, client)
  assert.deepEqual([await rows(client), await rows(another)], [2, 3])
  assert.equal(await statusOf(t, alive), 200)
})

test('tokens asked for at once are all good', async () => {
  await using t = await startTestApp()
  const client = await t.addOAuthClient('$member')
  const answers = await Promise.all(Array.from({ length: 20 }, () => exchange(t, client)))
  const tokens = new Set(answers.map(({ json }) => json.accessToken))
  assert.equal(tokens.size, 20)
  for (const token of tokens) assert.equal(await statusOf(t, token), 200)
})
