import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settleTokenUse } from './token-use.service.ts'
import { startTestApp } from '../../test/start-test-app.ts'

test('the last use of a token is noted at most once a minute', async () => {
  await using t = await startTestApp()
  const { json } = await t.post('/api/service/apikeys', { displayName: 'bot' })
  const lastUsed = async () => {
    await settleTokenUse(t.serverDb)
    const row = await t.db
      .selectFrom('api_tokens')
      .select('last_used_at')
      .where('id', '=', json.id)
      .executeTakeFirstOrThrow()
    return row.last_used_at
  }
  const use = async () =>
    assert.equal((await t.get('/api/service/whoami', { token: json.attributes.accessToken })).status, 200)
  assert.equal(await lastUsed(), 0, 'never used')
  const first = t.clock.now().getTime()
  await use()
  assert.equal(await lastUsed(), first)
  for (const [ms, noted] of [
    [1, first],
    [59_998, first],
    [1, first + 60_000],
    [30_000, first + 60_000],
    [600_000, first + 690_000],
  ] as const) {
    t.clock.advance(ms)
    await use()
    assert.equal(await lastUsed(), noted, `after ${t.clock.now().getTime() - first} ms`)
  }
})

test('many requests at once are noted once, and a refused one never', async () => {
  await using t = await startTestApp()
  const { json } = await t.post('/api/service/apikeys', { displayName: 'bot', validitySeconds: 600 })
  const row = async () => {
    await settleTokenUse(t.serverDb)
    return t.db
      .selectFrom('api_tokens')
      .select(['last_used_at', 'version'])
      .where('id', '=', json.id)
      .executeTakeFirstOrThrow()
  }
  await Promise.all(
    Array.from({ length: 50 }, () => t.get('/api/service/whoami', { token: json.attributes.accessToken })),
  )
  const used = await row()
  assert.deepEqual(used, { last_used_at: t.clock.now().getTime(), version: 1 })
  t.clock.advance(600_000)
  assert.equal((await t.get('/api/service/whoami', { token: json.attributes.accessToken })).status, 401)
  assert.deepEqual(await row(), used)
  const events = await t.db.selectFrom('events').select('type').where('subject_id', '=', json.id).execute()
  assert.deepEqual(
    events.map(({ type }) => type),
    ['api_token.created'],
    'a use is no event',
  )
})
