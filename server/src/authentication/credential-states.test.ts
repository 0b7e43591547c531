import assert from 'node:assert/strict'
import { test } from 'node:test'
import { issueServiceToken } from '../api-tokens/api-tokens.service.ts'
import { hashSecret, newSecret } from '../secrets/secrets.ts'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import type { Answer, RequestOptions } from '../../test/test-client.ts'

const noError = 'Bearer realm="muster"'
const badToken = 'Bearer realm="muster", error="invalid_token"'

/** Every address answers a bad credential alike, those that do not exist included. */
const addresses: readonly (readonly ['GET' | 'POST' | 'DELETE', string])[] = [
  ['GET', '/api/service/whoami'],
  ['POST', '/api/service/groups'],
  ['DELETE', '/api/service/users/0190f2c4-0000-7000-8000-000000000000'],
  ['GET', '/api/muster/invitations'],
  ['GET', '/api/service/nothing-here'],
]

interface State {
  readonly name: string
  readonly challenge: string
  readonly options: RequestOptions
  readonly query?: string
}

function bearer(token: string): RequestOptions {
  return { token }
}

function header(authorization: string): RequestOptions {
  return { headers: { authorization } }
}

/** contract/security-and-reliability.md, 5.1. */
async function credentialStates(t: TestApp): Promise<State[]> {
  const valid = t.acme.token
  const mint = async (validitySeconds?: number) =>
    (await t.post('/api/service/apikeys', { displayName: 'bot', validitySeconds })).json
  const expired = await mint(1)
  const revoked = await mint()
  await t.delete(`/api/service/apikeys/${revoked.id}`)
  await t.addUser('boss01', '$admin')
  const [disabled, deleted] = [await t.addUser('disabled01', '$admin'), await t.addUser('deleted01', '$admin')]
  await t.post(`/api/service/users/${disabled.id}`, { enabled: false })
  await t.post(`/api/service/users/${deleted.id}/delete`)
  const pending = await t.invite('pending01@example.com', '$admin')
  // Kinds of other doors, their secrets known to this table on purpose: only the prefix tells.
  const stored = async (secret: string) =>
    (
      await issueServiceToken(t.operator(), {
        displayName: 'x',
        role: '$admin',
        rights: [],
        lifetimeSeconds: null,
        secret,
      })
    ).secret
  const client = await t.addOAuthClient('$admin')
  const access = await t.accessToken(client)
  const expiredAccess = await t.accessToken(client, t.acme, 1)
  const deletedClient = await t.addOAuthClient('$admin')
  const orphan = await t.accessToken(deletedClient)
  for (const token of [access, expiredAccess, orphan])
    assert.equal((await t.get('/api/service/whoami', { token })).status, 200)
  await t.delete(`/api/service/oauth-clients/${deletedClient.clientId}`)
  const foreignAccess = await t.accessToken(await t.addOAuthClient('$admin', t.other), t.other)
  // An API token's secret where access tokens are kept: it must not be found there either.
  const misplaced = newSecret('mst_')
  await t.db.engine.transact((trx) =>
    trx
      .insertInto('access_tokens')
      .values({
        tenant_id: t.acme.id,
        token_hash: hashSecret(misplaced),
        oauth_client_id: client.id,
        issued_at: 0,
        expires_at: Number.MAX_SAFE_INTEGER,
      })
      .execute(),
  )
  t.clock.advance(1_000)
  const form = { headers: { 'content-type': 'application/x-www-form-urlencoded' }, rawBody: `access_token=${valid}` }
  const none = { challenge: noError, options: { token: null } }
  return [
    { name: 'none', ...none },
    {
      name: 'token in the query',
      ...none,
      query: `?access_token=${valid}&token=${valid}&authorization=Bearer%20${valid}`,
    },
    { name: 'token in a form', challenge: noError, options: { token: null, ...form } },
    {
      name: 'token in a JSON body',
      challenge: noError,
      options: { token: null, body: { access_token: valid, accessToken: valid } },
    },
    {
      name: 'token in a cookie',
      challenge: noError,
      options: { token: null, headers: { cookie: `__Host-muster=${valid}; access_token=${valid}` } },
    },
    {
      name: 'token in another header',
      challenge: noError,
      options: { token: null, headers: { 'x-api-key': valid, 'proxy-authorization': `Bearer ${valid}` } },
    },
    ...[
      ['Basic', `Basic ${Buffer.from(`admin:${valid}`).toString('base64')}`],
      ['no scheme', valid],
      ['another scheme', `Token ${valid}`],
      ['empty', ''],
      ['Bearer alone', 'Bearer'],
      ['two tokens', `Bearer ${valid} ${valid}`],
      ['comma', `Bearer ${valid},Bearer ${valid}`],
      ['quoted', `Bearer "${valid}"`],
      ['tab', `Bearer\t${valid}`],
      ['parameter', `Bearer ${valid};x=1`],
      ['no blank', `Bearer${valid}`],
      ['not ASCII', `Bearer ${valid}ÿ`],
    ].map(([name = '', value = '']) => ({ name: `malformed: ${name}`, challenge: badToken, options: header(value) })),
    ...Object.entries({
      unknown: newSecret('mst_'),
      'one letter off': valid.slice(0, -1) + (valid.endsWith('A') ? 'B' : 'A'),
      'one letter less': valid.slice(0, -1),
      'padding added': `${valid}=`,
      'other case of the prefix': valid.replace('mst_', 'MST_'),
      'the secret without its prefix': valid.slice(4),
      expired: expired.attributes.accessToken,
      revoked: revoked.attributes.accessToken,
      'of another tenant': t.other.token,
      'owner disabled': disabled.token,
      'owner deleted': deleted.token,
      'owner not yet accepted': await t.personalToken(pending),
      'unknown access token': newSecret('moat_'),
      'access token, one letter less': access.slice(0, -1),
      'access token, expired': expiredAccess,
      'access token of a deleted client': orphan,
      'access token of another tenant': foreignAccess,
      'access token, where API tokens are kept': await stored(newSecret('moat_')),
      'API token, where access tokens are kept': misplaced,
      'secret of an OAuth client': client.secret,
      'SCIM token': await stored(newSecret('mscim_')),
      'session access token of nobody': await stored(newSecret('msess_')),
      'invitation token': await t.invitationToken(pending),
      'webhook secret': await stored('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'),
    }).map(([name, token]) => ({ name, challenge: badToken, options: bearer(token) })),
  ]
}

test('every bad credential gets one and the same 401, on every address', async () => {
  await using t = await startTestApp()
  const states = await credentialStates(t)
  const before = await t.db.selectFrom('events').select('id').execute()
  const bodies = new Set<string>()
  for (const { name, challenge, options, query = '' } of states) {
    for (const [method, path] of addresses) {
      const headers = { ...options.headers, 'x-atlan-request-id': 'same' }
      const answer: Answer = await t.request(method, path + query, { ...options, headers })
      assert.equal(answer.status, 401, `${name}: ${method} ${path} ${answer.text}`)
      assert.equal(answer.headers['www-authenticate'], challenge, `${name}: ${method} ${path}`)
      assert.equal(answer.headers['cache-control'], 'no-store')
      bodies.add(answer.text)
    }
  }
  assert.equal(bodies.size, 1, [...bodies].join('\n'))
  const [body = ''] = bodies
  const { code, error, message } = JSON.parse(body)
  assert.deepEqual([code, error], [401, 'invalid_token'])
  assert.ok(message.length > 0)
  assert.deepEqual(await t.db.selectFrom('events').select('id').execute(), before)
})

test('the scheme and the name of the header may be written in any case', async () => {
  await using t = await startTestApp()
  for (const headers of [
    { Authorization: `Bearer ${t.acme.token}` },
    { AUTHORIZATION: `BEARER ${t.acme.token}` },
    { authorization: `bearer  ${t.acme.token}` },
  ]) {
    assert.equal((await t.get('/api/service/whoami', { token: null, headers })).status, 200, Object.keys(headers)[0])
  }
})

test('two Authorization headers are a framing fault, whatever they say', async () => {
  await using t = await startTestApp()
  const valid = `Bearer ${t.acme.token}`
  for (const authorization of [
    [valid, valid],
    [valid, 'Bearer x'],
    ['Basic x', valid],
    ['', valid],
  ]) {
    const answer = await t.get('/api/service/whoami', { headers: { authorization } })
    assert.deepEqual([answer.status, answer.json.error], [400, 'invalid_request'])
    assert.equal(answer.headers['www-authenticate'], 'Bearer realm="muster", error="invalid_request"')
  }
})

test("a tenant's token on another tenant's host is like a token nobody ever had", async () => {
  await using t = await startTestApp()
  const stranger = newSecret('mst_')
  const admin = await t.addUser('admin01', '$admin', t.other)
  const ask = async (token: string, host: string) => {
    const { status, text, headers } = await t.get('/api/service/users', {
      token,
      host,
      headers: { 'x-atlan-request-id': 'same' },
    })
    return { status, text, challenge: headers['www-authenticate'] }
  }
  const unknown = await ask(stranger, t.acme.host)
  assert.equal(unknown.status, 401)
  assert.deepEqual(await ask(t.other.token, t.acme.host), unknown)
  assert.deepEqual(await ask(admin.token, t.acme.host), unknown)
  assert.deepEqual(await ask(t.acme.token, t.other.host), unknown)
  assert.equal((await ask(t.acme.token, t.acme.host)).status, 200)
  assert.equal((await ask(t.other.token, t.other.host)).status, 200)
})

test('an unknown host is 421 before any credential is looked at', async () => {
  await using t = await startTestApp()
  for (const token of [t.acme.token, 'mst_x', null]) {
    const answer = await t.get('/api/service/whoami', { token, host: 'acme.example.org' })
    assert.deepEqual(
      [answer.status, answer.json.error, answer.headers['www-authenticate']],
      [421, 'unknown_host', undefined],
    )
  }
})

test('a credential opens an address however it is spelled, and nothing beside it', async () => {
  await using t = await startTestApp()
  const statusOf = async (path: string, token = t.acme.token) => (await t.get(path, { token })).status
  assert.equal(await statusOf('/api/%73ervice/%77hoami'), 200)
  assert.equal(await statusOf('/api/%73ervice/%77hoami', newSecret('mst_')), 401)
  assert.equal(await statusOf('/api/services'), 404)
  assert.equal(await statusOf('/api/services', newSecret('mst_')), 401)
})
