import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { freshBucket, lend, type SharedBucket } from './lease.ts'
import type { Policy } from './policies.ts'

const policy: Policy = { name: 'token', quota: 1_800, windowSeconds: 60, burst: 300, perMs: 0.03 }

/** A node as LeasedBudget is one: it holds tokens until its lease is over. */
interface Node {
  readonly name: string
  tokens: number
  until: number
}

const step = fc.record({
  node: fc.nat({ max: 3 }),
  /** How many it wants to hand out. */
  wants: fc.nat({ max: 400 }),
  pauseMs: fc.oneof(fc.constant(0), fc.nat({ max: 200 }), fc.nat({ max: 20_000 })),
  /** Whether the process is gone afterwards, with all it held. */
  dies: fc.boolean(),
})

test('F-19: however nodes ask, pause and die, all together never hand out more than one bucket would', () => {
  const bound = (ms: number) => policy.burst + ms * policy.perMs
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let bucket: SharedBucket = freshBucket
      let now = 1_000_000
      const nodes: Node[] = ['a', 'b', 'c', 'd'].map((name) => ({ name, tokens: 0, until: 0 }))
      const handedOut: { readonly at: number; readonly count: number }[] = []
      let lives = 0
      for (const { node: index, wants, pauseMs, dies } of steps) {
        now += pauseMs
        const node = nodes[index] ?? assert.fail()
        let count = 0
        for (; count < wants; count += 1) {
          if (!(now < node.until && node.tokens >= 1)) bucket = renew(node, bucket, now)
          if (node.tokens < 1) break
          node.tokens -= 1
        }
        handedOut.push({ at: now, count })
        if (dies) nodes[index] = { name: `${node.name}${(lives += 1)}`, tokens: 0, until: 0 }
      }
      for (const [from, first] of handedOut.entries()) {
        let sum = 0
        for (const { at, count } of handedOut.slice(from)) {
          sum += count
          // Nothing is left over for rounding: half a token at most.
          assert.ok(sum <= bound(at - first.at) + 0.5, `${sum} in ${at - first.at} ms`)
        }
      }
    }),
    { numRuns: 500 },
  )
})

function renew(node: Node, bucket: SharedBucket, now: number): SharedBucket {
  const isLive = now < node.until
  const ask = {
    node: node.name,
    kept: isLive ? node.tokens : 0,
    returned: isLive ? 0 : node.tokens,
    owed: 0,
  }
  const grant = lend(bucket, policy, ask, now)
  node.tokens = ask.kept + grant.tokens
  node.until = grant.until
  return grant.bucket
}

test('a bucket is lent to the last token, in slices that shrink with what is left', () => {
  let bucket = freshBucket
  const slices: number[] = []
  for (;;) {
    const grant = lend(bucket, policy, { node: 'a', kept: 0, returned: 0, owed: 0 }, 1_000)
    bucket = grant.bucket
    if (grant.tokens === 0) break
    slices.push(grant.tokens)
  }
  assert.equal(
    slices.reduce((sum, slice) => sum + slice, 0),
    policy.burst,
  )
  assert.equal(slices[0], 37)
  assert.ok(slices.length < 70, `${slices.length} slices`)
})

test('a clock that was set back by an hour leaves nobody waiting for an hour', () => {
  const ask = { node: 'a', kept: 0, returned: 0, owed: 0 }
  const empty: SharedBucket = { fullAt: 3_600_000 + 10_000, leases: {} }
  const first = lend(empty, policy, ask, 0)
  assert.equal(first.tokens, 0)
  assert.ok(lend(first.bucket, policy, ask, 1_000).tokens > 0, 'within the time an empty bucket takes for some')
})
