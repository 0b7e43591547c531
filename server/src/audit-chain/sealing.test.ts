import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { openDatabase } from '../db/open.ts'
import { startTestApp, testSigner, type TestApp } from '../../test/start-test-app.ts'
import type { Checkpoint } from './checkpoint-rules.ts'
import { selectCheckpoints } from './checkpoints.queries.ts'
import { Sealer } from './sealer.ts'
import { renewCheckpoint, sealAll, sealBatch, type Sealing } from './sealing.service.ts'
import { verifyChain } from './verify.service.ts'

const trusted = { checkpoints: [], trustedKeys: [testSigner.publicKey] }

function sealing(t: TestApp, more: Partial<Sealing> = {}): Sealing {
  return { ...t.sealing(), ...more }
}

/** What a chain must be: every event in it once, without gap or fork. */
async function expectWhole(t: TestApp, tenantId = t.acme.id): Promise<number> {
  const report = await verifyChain(t.db, tenantId, trusted)
  assert.deepEqual(report.problems, [])
  const rows = await t.db.selectFrom('events').select(['seq']).where('tenant_id', '=', tenantId).execute()
  assert.deepEqual(
    rows.map(({ seq }) => seq).toSorted((a, b) => a - b),
    Array.from({ length: rows.length }, (_, index) => index + 1),
  )
  assert.equal(report.events, rows.length)
  return rows.length
}

/** Adds groups, at this many at once. */
async function addGroups(t: TestApp, count: number, name: string): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, index) => t.addGroup(`${name}-${index}`)))
}

test('events of each tenant are sealed into a chain of its own, without gaps', async () => {
  await using t = await startTestApp()
  await t.addUser('somebody')
  await t.invite('other@example.com', '$member', t.other)
  await t.sealEvents()
  const own = await expectWhole(t)
  assert.ok(own > 5)
  assert.ok((await expectWhole(t, t.other.id)) < own)
  await t.addGroup('later')
  assert.equal((await verifyChain(t.db, t.acme.id, trusted)).unsealed, 1)
  await t.sealEvents()
  assert.equal(await expectWhole(t), own + 1)
})

test('an event says on whose behalf and with which credential it came about', async () => {
  await using t = await startTestApp()
  const { id, token } = await t.addUser('somebody', '$admin')
  await t.post('/api/service/groups', { group: { name: 'by-somebody' }, users: [] }, { token })
  await t.addGroup('by-a-program')
  const rows = await t.db
    .selectFrom('events')
    .select(['actor_id', 'actor_user_id', 'credential_id'])
    .where('type', '=', 'group.created')
    .orderBy('id')
    .execute()
  assert.deepEqual(
    rows.map((row) => row.actor_user_id),
    [id, ''],
  )
  for (const row of rows) assert.equal(row.credential_id, row.actor_id)
})

test('fifty writers and two nodes that seal at once leave no gap and no fork', async () => {
  await using t = await startTestApp()
  const second = openDatabase(t.location)
  try {
    const nodes = [sealing(t), sealing(t, { db: second })]
    const writing = new AbortController()
    const sealed = nodes.map(async (node) => {
      let events = 0
      while (!writing.signal.aborted) {
        events += (await sealAll(node)).get(t.acme.id) ?? 0
        await new Promise(setImmediate)
      }
      return events
    })
    for (let round = 0; round < 6; round += 1) await addGroups(t, 50, `round-${round}`)
    writing.abort()
    const counts = await Promise.all(sealed)
    await t.sealEvents()
    const events = await expectWhole(t)
    assert.ok(events > 300)
    // Each event was sealed once: what the nodes did together is no more than there is.
    assert.ok(counts.reduce((sum, count) => sum + count, 0) <= events, `${counts.join(' and ')} of ${events}`)
  } finally {
    await second.engine.close()
  }
})

test('of two nodes that start from the same end of the chain one seals, and the other does nothing', async () => {
  await using t = await startTestApp()
  await t.sealEvents()
  const second = openDatabase(t.location)
  try {
    for (let round = 0; round < 10; round += 1) {
      await addGroups(t, 5, `round-${round}`)
      const outcomes = await Promise.all([
        sealBatch(sealing(t), t.acme.id),
        sealBatch(sealing(t, { db: second }), t.acme.id),
      ])
      assert.ok(outcomes.includes(5) || outcomes.includes(0), String(outcomes))
      await t.sealEvents()
      await expectWhole(t)
    }
  } finally {
    await second.engine.close()
  }
})

test('a sealer that fails in the middle leaves the events as they were, and the next one takes them', async () => {
  await using t = await startTestApp()
  await t.addGroup('first')
  const failing: typeof testSigner = {
    ...testSigner,
    sign: () => {
      throw new Error('no signature today')
    },
  }
  await assert.rejects(sealAll(sealing(t, { signer: failing })), /no signature today/)
  const { engine } = t.serverDb.forTenant(t.acme.id)
  const transact = engine.transact.bind(engine)
  const killed = mock.method(engine, 'transact', (work: Parameters<typeof transact>[0]) =>
    transact(async (trx) => {
      await work(trx)
      throw new Error('killed before the commit')
    }),
  )
  await assert.rejects(sealAll(sealing(t)), /killed before the commit/)
  killed.mock.restore()
  assert.equal((await verifyChain(t.db, t.acme.id, trusted)).events, 0)
  await t.sealEvents()
  await expectWhole(t)
})

test('a checkpoint is kept for every thousand events, and one of the newest event at most a minute old', async () => {
  await using t = await startTestApp()
  const shipped: Checkpoint[] = []
  const node = sealing(t, { onCheckpoint: (checkpoint) => shipped.push(checkpoint) })
  await sealAll(node)
  assert.equal(
    shipped.filter(({ tenantId }) => tenantId === t.acme.id).length,
    1,
    'the first events are signed at once',
  )
  const ids = Array.from({ length: 600 }, (_, index) => `user${index}@example.com`)
  for (let start = 0; start < ids.length; start += 100)
    await t.post('/api/service/users', { emails: ids.slice(start, start + 100), roleName: '$guest' })
  await sealAll(node)
  const kept = async () => (await selectCheckpoints(t.db, t.acme.id)).map(({ seq }) => seq)
  assert.deepEqual(await kept(), [1_000])
  assert.equal(await renewCheckpoint(node, t.acme.id), false, 'the last one is not a minute old')
  t.clock.advance(60_000)
  assert.equal(await renewCheckpoint(node, t.acme.id), true)
  const end = await expectWhole(t)
  assert.deepEqual(await kept(), [1_000, end])
  await t.addGroup('one-more')
  t.clock.advance(60_000)
  await sealAll(node)
  assert.deepEqual(await kept(), [1_000, end + 1], 'of those in between the newest is enough')
  assert.equal(shipped.at(-1)?.seq, end + 1)
  assert.equal((await verifyChain(t.db, t.acme.id, trusted)).checkpoints, 2)
})

test('the server seals behind the requests, and once more when it stops', async () => {
  await using t = await startTestApp()
  const errors: unknown[] = []
  const sealer = new Sealer({ ...sealing(t), onError: (error) => errors.push(error) })
  sealer.start()
  await t.addGroup('one')
  sealer.wake()
  await sealer.stop()
  await expectWhole(t)
  assert.deepEqual(errors, [])
})

test('what is not sealed yet is counted for those who watch the server', async () => {
  await using t = await startTestApp()
  await t.sealEvents()
  const gauges = async () => {
    const { text } = await t.get('/metrics')
    return /^muster_events_unsealed (\S+)[^]*^muster_events_oldest_unsealed_seconds (\S+)/m.exec(text)?.slice(1)
  }
  assert.deepEqual(await gauges(), ['0', '0'])
  await t.addGroup('waiting')
  t.clock.advance(3_000)
  assert.deepEqual(await gauges(), ['1', '3'])
})
