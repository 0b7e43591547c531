import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { openDatabase } from '../db/open.ts'
import type { Budget } from './budget.ts'
import { LeasedBudget } from './leased-budget.ts'
import type { Policy } from './policies.ts'
import { SharedBuckets } from './shared-buckets.ts'

const whoami = '/api/service/whoami'

/** Two servers where the database takes two, as one would run them; the one server there can be where it does not. */
async function startNodes(env: Readonly<Record<string, string>>): Promise<TestApp[]> {
  const first = await startTestApp({ env })
  return first.location.kind === 'sqlite' ? [first] : [first, await startTestApp({ env, beside: first })]
}

async function stopNodes(nodes: readonly TestApp[]): Promise<void> {
  for (const node of nodes.toReversed()) await node[Symbol.asyncDispose]()
}

/** Ten clients at each node send as fast as they can until each was refused; answers how many went through. */
async function flood(nodes: readonly TestApp[], token: string | null): Promise<number> {
  let passed = 0
  const client = async (node: TestApp) => {
    for (let sent = 0; sent < 2_000; sent += 1) {
      const { status } = await node.get(whoami, { token })
      if (status === 429) return
      passed += 1
    }
  }
  await Promise.all(nodes.flatMap((node) => Array.from({ length: 10 }, () => client(node))))
  return passed
}

function assertWithin(passed: number, limit: number, what: string): void {
  assert.ok(passed <= limit * 1.05, `${what}: ${passed} of ${limit}, more than 5 % too many`)
  assert.ok(passed >= limit * 0.8, `${what}: ${passed} of ${limit}, far too few`)
}

test('F-19: all nodes together let through what the rate of a token, a tenant and an address allows, over minutes', async () => {
  for (const [env, token] of [
    [{ MUSTER_RATE_TOKEN_PER_MINUTE: '1800', MUSTER_RATE_TOKEN_BURST: '300' }, 'own'],
    [{ MUSTER_RATE_TENANT_PER_MINUTE: '300' }, 'own'],
    [{ MUSTER_RATE_ADDRESS_PER_MINUTE: '300' }, null],
  ] as const) {
    const nodes = await startNodes(env)
    try {
      const [first = assert.fail()] = nodes
      const presented = token === null ? null : first.acme.token
      assertWithin(await flood(nodes, presented), 300, `${Object.keys(env)[0]} at once`)
      const perSecond = 'MUSTER_RATE_TOKEN_PER_MINUTE' in env ? 30 : 5
      let passed = 0
      for (let second = 0; second < 6; second += 1) {
        first.clock.advance(1_000)
        passed += await flood(nodes, presented)
      }
      assertWithin(passed, 6 * perSecond, `${Object.keys(env)[0]} in 6 s`)
    } finally {
      await stopNodes(nodes)
    }
  }
})

const policy: Policy = { name: 'token', quota: 1_800, windowSeconds: 60, burst: 300, perMs: 0.03 }

/** Budgets of several nodes on one database, whichever it is. */
async function withNodes(
  count: number,
  work: (t: TestApp, budgets: readonly Budget[]) => Promise<void>,
  trust = 0,
): Promise<void> {
  await using t = await startTestApp()
  const handles = Array.from({ length: count }, () => openDatabase(t.location))
  const shared = handles.map((db) => new SharedBuckets(db))
  const budgets = shared.map(
    (buckets, index) => new LeasedBudget({ policy, shared: buckets, node: `node${index}`, trust }),
  )
  try {
    await work(t, budgets)
  } finally {
    for (const buckets of shared) await buckets.settle()
    for (const db of handles) await db.engine.close()
  }
}

/** How many of so many are let through, one after the other. */
async function takeFrom(budget: Budget, tenantId: string, key: string, now: number, count: number): Promise<number> {
  let allowed = 0
  for (let index = 0; index < count; index += 1) if ((await budget.take(tenantId, key, now)).isAllowed) allowed += 1
  return allowed
}

test('F-19: several nodes on one database hand out one bucket, whoever begins', async () => {
  await withNodes(3, async (t, budgets) => {
    let now = t.clock.now().getTime()
    let sum = 0
    for (let round = 0; round < 20; round += 1) {
      for (const budget of budgets) sum += await takeFrom(budget, t.acme.id, 'key', now, 40)
    }
    assert.equal(sum, 300)
    now += 5_000
    const later = await Promise.all(budgets.map((budget) => takeFrom(budget, t.acme.id, 'key', now, 400)))
    assertWithin(
      later.reduce((total, count) => total + count, 0),
      150,
      'five seconds later',
    )
  })
})

test('a request costs no statement: the database is asked once for many of them, and hardly at all about what is empty', async () => {
  await withNodes(1, async (t, [budget = assert.fail()]) => {
    const now = t.clock.now().getTime()
    let promises = 0
    for (let index = 0; index < 1_000; index += 1) {
      const verdict = budget.take(t.acme.id, 'key', now)
      if (verdict instanceof Promise) promises += 1
      await verdict
    }
    assert.ok(promises < 70, `${promises} of 1,000 requests waited for the database`)
  })
})

test('a thousand requests at once wait for one slice together', async () => {
  await withNodes(2, async (t, budgets) => {
    const now = t.clock.now().getTime()
    const verdicts = await Promise.all(
      Array.from({ length: 1_000 }, async (_, index) => budgets[index % 2]?.take(t.acme.id, 'key', now)),
    )
    assert.equal(verdicts.filter((verdict) => verdict?.isAllowed).length, 300)
  })
})

test('the few requests of an address seen for the first time leave nothing in the database, and count when it sends more', async () => {
  await withNodes(
    1,
    async (t, [budget = assert.fail()]) => {
      const now = t.clock.now().getTime()
      const rows = () => t.db.selectFrom('rate_buckets').select('bucket_key').execute()
      for (let address = 0; address < 50; address += 1)
        assert.equal(await takeFrom(budget, t.acme.id, `192.0.2.${address}`, now, 3), 3)
      assert.deepEqual(await rows(), [])
      assert.equal(await takeFrom(budget, t.acme.id, '192.0.2.1', now, 400), 297)
      const [row] = await rows()
      assert.ok(row !== undefined && !row.bucket_key.includes('192.0.2'), 'only a hash of it is kept')
    },
    3,
  )
})

test('equal keys of two tenants are two buckets, and full buckets are forgotten', async () => {
  await withNodes(2, async (t, [budget = assert.fail(), second = assert.fail()]) => {
    const tenants = [t.acme.id, t.other.id]
    let now = t.clock.now().getTime()
    assert.equal(await takeFrom(budget, t.acme.id, 'key', now, 400), 300)
    // Asked for at once, and so in one look at the database.
    const verdicts = await Promise.all(tenants.map(async (id) => second.take(id, 'key', now)))
    assert.deepEqual(
      verdicts.map(({ isAllowed }) => isAllowed),
      [false, true],
    )
    now += 5_000
    assert.equal(await takeFrom(budget, t.other.id, 'key', now, 400), 300)
    now += 120_000
    await Promise.all(tenants.map(async (id) => second.take(id, 'another', now)))
    const rows = await t.db.selectFrom('rate_buckets').select('tenant_id').execute()
    assert.deepEqual(rows.map((row) => row.tenant_id).toSorted(), tenants.toSorted())
  })
})

test('a database that does not answer is an error, never a free pass', async () => {
  await using t = await startTestApp()
  const db = openDatabase(t.location)
  const budget = new LeasedBudget({ policy, shared: new SharedBuckets(db), node: 'node', trust: 0 })
  await db.engine.close()
  await assert.rejects(async () => budget.take(t.acme.id, 'key', t.clock.now().getTime()))
})
