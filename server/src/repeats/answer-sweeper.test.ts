import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explainAll } from '../../test/query-plan.ts'
import { captureSql } from '../../test/sql-capture.ts'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { AnswerSweeper } from './answer-sweeper.ts'

function sweeperOf(t: TestApp): AnswerSweeper {
  return new AnswerSweeper({ db: t.serverDb, clock: () => t.clock.now(), onError: assert.ifError })
}

async function addAnswers(t: TestApp, count: number, livesMs: number, tenant = t.acme): Promise<void> {
  const rows = Array.from({ length: count }, () => ({
    tenant_id: tenant.id,
    key_hash: crypto.randomUUID(),
    fingerprint: '',
    status: 200,
    headers: '{}',
    body: '{"email":"user01@example.com"}',
    expires_at: t.clock.now().getTime() + livesMs,
  }))
  await t.db.engine.transact((trx) => trx.insertInto('idempotency_keys').values(rows).execute())
}

async function left(t: TestApp): Promise<number> {
  return (await t.db.selectFrom('idempotency_keys').select('key_hash').execute()).length
}

test('stored answers are deleted when their time is over, of every tenant, in batches, and not before', async () => {
  await using t = await startTestApp()
  await addAnswers(t, 450, 1000)
  await addAnswers(t, 30, 1001)
  await addAnswers(t, 7, 1000, t.other)
  t.clock.advance(999)
  assert.equal(await sweeperOf(t).sweep(), 0)
  t.clock.advance(1)
  const sweeper = sweeperOf(t)
  let deletions = 0
  const statements = await captureSql(async () => void (deletions = await sweeper.sweep()))
  assert.deepEqual([deletions, await left(t)], [457, 30])
  assert.equal(statements.filter(({ text }) => text.includes('delete from')).length, 4)
  for (const plan of await explainAll(t.location, statements)) {
    const place = `${plan.statement.text}\n${plan.steps.join('\n')}`
    assert.deepEqual(
      plan.scans.filter((step) => !/^SCAN (tenants|expired)/.test(step)),
      [],
      place,
    )
  }
})

test('two nodes that sweep at once delete everything once, and a sweeper that was stopped leaves the rest', async () => {
  await using t = await startTestApp()
  await addAnswers(t, 900, 0)
  const deleted = await Promise.all([sweeperOf(t).sweep(), sweeperOf(t).sweep()])
  assert.equal(deleted[0] + deleted[1] + (await left(t)), 900)
  await sweeperOf(t).sweep()
  assert.equal(await left(t), 0)
  await addAnswers(t, 5, 0)
  const stopped = sweeperOf(t)
  await stopped.stop()
  assert.equal(await stopped.sweep(), 0)
})

test('nothing depends on the sweeper: an answer whose time is over is neither given nor in the way', async () => {
  await using t = await startTestApp()
  const send = (name: string) =>
    t.post('/api/service/groups', { group: { name } }, { headers: { 'idempotency-key': 'k' } })
  assert.equal((await send('team01')).status, 200)
  t.clock.advance(24 * 60 * 60 * 1000)
  assert.equal((await send('team02')).headers['idempotent-replayed'], undefined)
  assert.equal((await send('team02')).headers['idempotent-replayed'], 'true')
  assert.equal(await left(t), 1)
})
