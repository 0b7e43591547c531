import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { Dispatcher, type Consumer, type Outcome } from './dispatcher.ts'
import { addToOutbox, discardWaiting } from './outbox.ts'

const kind = 'test-work'

function workerOf(t: TestApp, consume: Consumer, onError: (error: unknown) => void = () => {}): Dispatcher {
  return new Dispatcher({ db: t.serverDb, clock: () => t.clock.now(), onError, consumers: { [kind]: consume } })
}

async function promise(t: TestApp, keys: readonly string[], tenant = t.acme): Promise<void> {
  await inTransaction(t.operator(tenant), (ctx) =>
    addToOutbox(
      ctx,
      keys.map((key) => ({ kind, subjectId: key, dedupeKey: key, payload: { key } })),
    ),
  )
}

function states(t: TestApp) {
  return t.db
    .selectFrom('outbox')
    .select(['subject_id', 'state', 'attempts', 'last_error', 'due_at', 'settled_at'])
    .where('kind', '=', kind)
    .orderBy('id')
    .execute()
}

function names(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `item${index}`)
}

test('work promised in a transaction that fails was never promised', async () => {
  await using t = await startTestApp()
  const attempt = inTransaction(t.operator(), async (ctx) => {
    await addToOutbox(ctx, [{ kind, subjectId: 'x', dedupeKey: 'x', payload: {} }])
    throw new Error('changed my mind')
  })
  await assert.rejects(attempt, /changed my mind/)
  assert.deepEqual(await states(t), [])
})

test('the same promise twice is one item', async () => {
  await using t = await startTestApp()
  await promise(t, ['a', 'b'])
  await promise(t, ['b', 'c'])
  await promise(t, ['a'], t.other)
  assert.deepEqual(
    (await states(t)).map((item) => item.subject_id),
    ['a', 'b', 'c', 'a'],
  )
})

test('several workers at once do every item exactly once', async () => {
  await using t = await startTestApp()
  await promise(t, names(120))
  await promise(t, names(30), t.other)
  const done = new Map<string, number>()
  const consume: Consumer = async (item) => {
    done.set(item.id, (done.get(item.id) ?? 0) + 1)
    await new Promise(setImmediate)
    return { kind: 'sent' }
  }
  const workers = Array.from({ length: 4 }, () => workerOf(t, consume))
  const delivered = await Promise.all(workers.map((worker) => worker.deliverDue()))
  assert.equal(done.size, 150)
  assert.ok([...done.values()].every((times) => times === 1))
  assert.equal(
    delivered.reduce((sum, count) => sum + count, 0),
    150,
  )
  assert.ok((await states(t)).every((item) => item.state === 'sent' && item.attempts === 1))
})

test('an item whose worker died is done by another after a minute, under the same id', async () => {
  await using t = await startTestApp()
  await promise(t, ['a'])
  const seen: string[] = []
  const never = new Promise<Outcome>(() => {})
  const dying = workerOf(t, (item) => (seen.push(item.id), never))
  void dying.deliverDue()
  while (seen.length === 0) await new Promise(setImmediate)
  const other = workerOf(t, async (item) => (seen.push(item.id), { kind: 'sent' }))
  t.clock.advance(59_999)
  assert.equal(await other.deliverDue(), 0)
  t.clock.advance(1)
  assert.equal(await other.deliverDue(), 1)
  assert.equal(seen[0], seen[1])
})

test('whoever lost the lease meanwhile does not overrule the outcome of the one who has it', async () => {
  await using t = await startTestApp()
  await promise(t, ['a'])
  const started = Promise.withResolvers<void>()
  const outcome = Promise.withResolvers<Outcome>()
  const slow = workerOf(t, () => (started.resolve(), outcome.promise)).deliverDue()
  await started.promise
  t.clock.advance(60_000)
  await workerOf(t, async () => ({ kind: 'sent' })).deliverDue()
  outcome.resolve({ kind: 'refused', reason: 'too late to matter' })
  await slow
  const [item] = await states(t)
  assert.deepEqual([item?.state, item?.last_error], ['sent', ''])
})

test('every outcome is noted as what it is', async () => {
  await using t = await startTestApp()
  const outcomes: Readonly<Record<string, Outcome>> = {
    sent: { kind: 'sent' },
    failed: { kind: 'refused', reason: 'no' },
    discarded: { kind: 'discarded', reason: 'gone' },
    held: { kind: 'held', reason: 'not set up' },
    waiting: { kind: 'again', reason: 'later' },
  }
  await promise(t, Object.keys(outcomes))
  await workerOf(t, async (item) => outcomes[item.subjectId] ?? { kind: 'sent' }).deliverDue()
  const now = t.clock.now().getTime()
  for (const item of await states(t)) {
    assert.equal(item.state, item.subject_id)
    assert.equal(item.attempts, item.state === 'held' ? 0 : 1)
    const outcome = outcomes[item.subject_id]
    assert.equal(item.last_error, outcome !== undefined && 'reason' in outcome ? outcome.reason : '')
    assert.equal(item.settled_at, item.state === 'held' || item.state === 'waiting' ? 0 : now)
  }
})

test('a consumer that throws is tried again like one that asks for it, and the others are done all the same', async () => {
  await using t = await startTestApp()
  await promise(t, ['good1', 'bad', 'good2'])
  const errors: unknown[] = []
  const worker = workerOf(
    t,
    async (item) => {
      if (item.subjectId === 'bad') throw new Error('a fault of ours')
      return { kind: 'sent' }
    },
    (error) => errors.push(error),
  )
  assert.equal(await worker.deliverDue(), 3)
  const byName = new Map((await states(t)).map((item) => [item.subject_id, item]))
  assert.deepEqual(
    [byName.get('good1')?.state, byName.get('good2')?.state, byName.get('bad')?.state],
    ['sent', 'sent', 'waiting'],
  )
  assert.equal(byName.get('bad')?.last_error, 'a fault of ours')
  assert.equal(errors.length, 1, 'and it is logged')
})

test('pauses are spread by up to 20 % both ways, so that a herd does not come back at once', async () => {
  await using t = await startTestApp()
  await promise(t, names(60))
  await workerOf(t, async () => ({ kind: 'again', reason: 'later' })).deliverDue()
  const waits = (await states(t)).map((item) => item.due_at - t.clock.now().getTime())
  assert.ok(waits.every((wait) => wait >= 24_000 && wait <= 36_000))
  assert.ok(new Set(waits).size > 10 && Math.min(...waits) < 29_000 && Math.max(...waits) > 31_000)
})

test('tenants take turns: a large backlog of one does not delay the other beyond one batch', async () => {
  await using t = await startTestApp()
  await promise(t, names(100))
  await promise(t, ['theirs'], t.other)
  const order: string[] = []
  await workerOf(t, async (item) => (order.push(item.tenantId), { kind: 'sent' })).deliverDue()
  assert.ok(order.indexOf(t.other.id) <= 20, `at place ${order.indexOf(t.other.id)}`)
})

test('a worker leaves alone what is not its kind, not due, taken back, or promised after it was stopped', async () => {
  await using t = await startTestApp()
  await t.invite('user01@example.com')
  await promise(t, ['a', 'b'])
  await inTransaction(t.operator(), (ctx) => discardWaiting(ctx, kind, ['a']))
  const done: string[] = []
  const worker = workerOf(t, async (item) => (done.push(item.subjectId), { kind: 'sent' }))
  assert.equal(await worker.deliverDue(), 1)
  assert.deepEqual(done, ['b'])
  assert.equal(
    (await t.get('/api/muster/outbox')).json.records.some((item: { state: string }) => item.state === 'waiting'),
    true,
  )
  await worker.stop()
  await promise(t, ['c'])
  worker.wake()
  assert.equal(await worker.deliverDue(), 0)
})
