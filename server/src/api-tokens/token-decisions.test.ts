import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { issueServiceToken } from './api-tokens.service.ts'
import { serviceTokenMayInvite } from './token-state.service.ts'

const apikeys = '/api/service/apikeys'

async function statusOf(t: TestApp, token: string): Promise<number> {
  return (await t.get('/api/service/whoami', { token })).status
}

function eventsOf(t: TestApp, id: string) {
  return t.db.selectFrom('events').select(['type', 'data']).where('subject_id', '=', id).orderBy('id').execute()
}

test('a guest neither lists, makes, changes nor revokes tokens', async () => {
  await using t = await startTestApp()
  const { id } = (await t.post(apikeys, { displayName: 'bot' })).json
  const guest = { token: await t.serviceToken('$guest') }
  const body = { displayName: 'other' }
  for (const answer of [
    await t.get(apikeys, guest),
    await t.post(apikeys, body, guest),
    await t.post(`${apikeys}/${id}`, body, guest),
    await t.delete(`${apikeys}/${id}`, guest),
  ])
    assert.deepEqual([answer.status, answer.json.error], [403, 'insufficient_role'])
  assert.equal((await t.get(`${apikeys}?filter={"displayName":"bot"}`)).json.filterRecord, 1)
})

test('whoever has no person behind them owns no token, and so none of those without an owner', async () => {
  await using t = await startTestApp()
  const member = { token: await t.serviceToken('$member') }
  const { id, attributes } = (await t.post(apikeys, { displayName: 'of the admins' })).json
  assert.equal((await t.delete(`${apikeys}/${id}`, member)).status, 403)
  assert.equal((await t.post(`${apikeys}/${id}`, { displayName: 'mine' }, member)).status, 403)
  assert.equal(await statusOf(t, attributes.accessToken), 200)
})

test('a secret that is drawn again ends in other letters, and it is recorded of which token', async () => {
  await using t = await startTestApp()
  const options = { headers: { 'idempotency-key': 'k' } }
  const { id, clientId } = (await t.post(apikeys, { displayName: 'ci' }, options)).json
  const again = await t.post(apikeys, { displayName: 'ci' }, options)
  const { last_four } = await t.db
    .selectFrom('api_tokens')
    .select('last_four')
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  assert.equal(again.json.attributes.accessToken.slice(-4), last_four)
  assert.equal((await t.post(`${apikeys}/${id}`, { displayName: 'cd' })).status, 200)
  assert.equal((await t.delete(`${apikeys}/${id}`)).status, 200)
  assert.deepEqual(
    (await eventsOf(t, id)).map(({ type, data }) => [type, JSON.parse(data)]),
    [
      ['api_token.created', { clientId, name: 'ci' }],
      ['api_token.secret_redrawn', { clientId }],
      ['api_token.updated', { fields: ['displayName'] }],
      ['api_token.revoked', { clientId }],
    ],
  )
})

test('a service token lets in whom it invited for as long as it lives and may invite', async () => {
  await using t = await startTestApp()
  const issue = (role: '$admin' | '$member', lifetimeSeconds: number | null) =>
    issueServiceToken(t.operator(), { displayName: 'inviter', role, rights: [], lifetimeSeconds, secret: null })
  const mayInvite = (id: string) => inTransaction(t.operator(), (ctx) => serviceTokenMayInvite(ctx, id))
  const { token: admin } = await issue('$admin', null)
  const { token: member } = await issue('$member', null)
  const { token: brief } = await issue('$admin', 60)
  const all = async () => [await mayInvite(admin.id), await mayInvite(member.id), await mayInvite(brief.id)]
  assert.deepEqual(await all(), [true, false, true])
  t.clock.advance(59_999)
  assert.deepEqual(await all(), [true, false, true])
  t.clock.advance(1)
  assert.deepEqual(await all(), [true, false, false])
  await t.delete(`${apikeys}/${admin.id}`)
  assert.deepEqual(await all(), [false, false, false])
})

test('a credential is read once while nothing changes, and anew after every commit', async () => {
  await using t = await startTestApp()
  // PostgreSQL does not say whether something was committed: there each request reads.
  const keeps = t.db.engine.stamp() !== null
  const member = await t.addUser('member')
  await statusOf(t, member.token)
  await t.settleScim()
  const { mock: read } = mock.method(t.serverDb.forTenant(t.acme.id).engine, 'read')
  const readsOf = async (token: string) => {
    const before = read.callCount()
    assert.equal(await statusOf(t, token), 200)
    return read.calls.slice(before).filter(({ arguments: [text] }) => text.includes('from api_tokens t')).length
  }
  await readsOf(member.token)
  assert.deepEqual([await readsOf(member.token), await readsOf(member.token)], keeps ? [0, 0] : [1, 1])
  await t.addGroup('something-changes')
  assert.equal(await readsOf(member.token), 1)
})
