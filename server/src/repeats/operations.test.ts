import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import Type from 'typebox'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { inTransaction, onCommit } from '../access/in-transaction.ts'
import type { Ctx, TrxCtx } from '../access/ctx.ts'
import { rawRows } from '../db/db.ts'
import { ApiError } from '../errors/api-error.ts'
import { defaultLimits } from '../limits/limits.ts'
import { operation, type OperationInput } from '../http/operation.ts'
import { createServer } from '../http/server.ts'
import { Repeats } from './repeats.ts'

type Handler = (input: OperationInput<unknown>) => unknown

/** One operation that nobody has declared yet, on a server of its own; answers what sends to it under a key. */
function declare(t: TestApp, handle: Handler, repeats = new Repeats()) {
  const app = createServer({
    log: pino({ level: 'silent' }),
    trustedProxies: [],
    limits: defaultLimits,
    spaceErrors: [],
  })
  app.decorateRequest('ctx')
  app.decorate('repeats', repeats)
  app.addHook('onRequest', async (request) => void (request.ctx = t.operator()))
  operation(
    app,
    {
      method: 'POST',
      url: '/act',
      operationId: 'act',
      tag: 'Users',
      summary: 'Act',
      access: 'public',
      answer: { schema: Type.Unknown() },
    },
    handle,
  )
  return (key: string | null = 'k') =>
    app.inject({ method: 'POST', url: '/act', headers: key === null ? {} : { 'idempotency-key': key } })
}

function insert(ctx: TrxCtx, name: string) {
  return ctx.db.insertInto('counters').values({ tenant_id: ctx.tenantId, name, value: 1 }).execute()
}

async function names({ db }: Pick<Ctx, 'db'>): Promise<string[]> {
  const rows = await db.selectFrom('counters').select('name').where('name', 'like', 'test%').orderBy('name').execute()
  return rows.map((row) => row.name)
}

test('several changes of one request are kept together with its answer, and all of its reads see them', async () => {
  await using t = await startTestApp()
  const send = declare(t, async ({ ctx }) => {
    const before = await names(ctx)
    await inTransaction(ctx, (ctx) => insert(ctx, 'test-a'))
    const between = await names(ctx)
    await inTransaction(ctx, (ctx) => insert(ctx, 'test-b'))
    const raw = await rawRows<{ name: string }>(ctx.db, `select name from counters where name = ?`, ['test-b'])
    return { before, between, after: await names(ctx), raw, outside: await names(t), stamp: ctx.db.engine.stamp() }
  })
  const first = await send()
  assert.deepEqual(first.json(), {
    before: [],
    between: ['test-a'],
    after: ['test-a', 'test-b'],
    raw: [{ name: 'test-b' }],
    outside: [],
    stamp: null,
  })
  assert.equal((await send()).body, first.body)
  assert.deepEqual(await names(t), ['test-a', 'test-b'])
})

test('a change that fails and is caught is undone alone, be it the first or a later one', async () => {
  await using t = await startTestApp()
  const attempt = async (ctx: Ctx, name: string, fails: boolean) => {
    try {
      await inTransaction(ctx, async (ctx) => {
        await insert(ctx, name)
        // The database itself refuses the second one of a name.
        if (fails) await insert(ctx, name)
      })
      return 'done'
    } catch {
      return 'failed'
    }
  }
  const send = declare(t, async ({ ctx }) => [
    await attempt(ctx, 'test-a', true),
    await attempt(ctx, 'test-b', false),
    await attempt(ctx, 'test-c', true),
    await attempt(ctx, 'test-d', false),
  ])
  assert.deepEqual((await send()).json(), ['failed', 'done', 'failed', 'done'])
  assert.deepEqual(await names(t), ['test-b', 'test-d'])
})

test('a request that fails after its change has changed nothing, and may come again', async () => {
  await using t = await startTestApp()
  let isBroken = true
  const handle: Handler = async ({ ctx }) => {
    await inTransaction(ctx, (ctx) => insert(ctx, 'test-a'))
    if (isBroken) throw new ApiError('group_not_found', { detail: 'No such group.' })
    return { ok: true }
  }
  // It is undone at once, not when its time is over.
  const send = declare(t, handle, new Repeats({ answerMaxMs: 3_600_000 }))
  assert.equal((await send()).statusCode, 404)
  assert.deepEqual(await names(t), [])
  isBroken = false
  assert.equal((await send()).statusCode, 200)
  assert.deepEqual(await names(t), ['test-a'])
})

test('an operation without any change is answered from what is stored as well', async () => {
  await using t = await startTestApp()
  let calls = 0
  const send = declare(t, () => ({ calls: (calls += 1) }))
  assert.deepEqual(
    [(await send()).json(), (await send()).json(), (await send('other')).json()],
    [{ calls: 1 }, { calls: 1 }, { calls: 2 }],
  )
})

test('headers the operation sets come with the repeat; an answer with a cookie is not stored', async () => {
  await using t = await startTestApp()
  let calls = 0
  const send = declare(t, ({ reply }) => {
    calls += 1
    reply.header('etag', `"${calls}"`)
    if (calls > 2) reply.header('set-cookie', 'session=secret')
    return {}
  })
  assert.equal((await send()).headers.etag, '"1"')
  const again = await send()
  assert.deepEqual([again.headers.etag, again.headers['idempotent-replayed']], ['"1"', 'true'])
  await send('second')
  for (const expected of ['"3"', '"4"']) assert.equal((await send('third')).headers.etag, expected)
  const rows = await t.db.selectFrom('idempotency_keys').selectAll().execute()
  assert.ok(rows.length === 2 && !JSON.stringify(rows).includes('secret'))
})

test('an answer of more than 64 KiB is not stored: the repeat is judged as a new request', async () => {
  await using t = await startTestApp()
  let size = 64 * 1024
  const send = declare(t, () => JSON.stringify('x'.repeat(size - 2)))
  await send('fits')
  assert.equal((await send('fits')).headers['idempotent-replayed'], 'true')
  size += 1
  await send('too large')
  const again = await send('too large')
  assert.deepEqual([again.statusCode, again.headers['idempotent-replayed'], again.body.length], [200, undefined, size])
})

test('work promised for after the commit waits until the answer is stored', async () => {
  await using t = await startTestApp()
  const seen: string[][] = []
  const pending: Promise<void>[] = []
  const send = declare(t, async ({ ctx }) => {
    await inTransaction(ctx, async (ctx) => {
      await insert(ctx, 'test-a')
      onCommit(ctx, () => void pending.push(names(t).then((found) => void seen.push(found))))
    })
    assert.equal(pending.length, 0)
    return {}
  })
  await send()
  await Promise.all(pending)
  assert.deepEqual(seen, [['test-a']])
})

test('a handler that waits for something after its change does not keep others waiting for ever: it is undone', async () => {
  await using t = await startTestApp()
  const changed = Promise.withResolvers<void>()
  const handle: Handler = async ({ ctx }) => {
    await inTransaction(ctx, (ctx) => insert(ctx, 'test-a'))
    changed.resolve()
    await late.promise
    return {}
  }
  const send = declare(t, handle, new Repeats({ answerMaxMs: 20 }))
  const late = Promise.withResolvers<void>()
  const sending = send()
  await changed.promise
  // Others who want the same go on, though the handler still waits.
  await inTransaction(t.operator(), (ctx) => insert(ctx, 'test-a'))
  late.resolve()
  const answer = await sending
  assert.deepEqual([answer.statusCode, answer.json().error], [503, 'unavailable'])
  assert.deepEqual(await names(t), ['test-a'])
})

test('without a key a request runs as ever: its change is durable before the handler goes on', async () => {
  await using t = await startTestApp()
  const send = declare(t, async ({ ctx }) => {
    await inTransaction(ctx, (ctx) => insert(ctx, 'test-a'))
    return { outside: await names(t), isHeld: ctx.held !== undefined }
  })
  assert.deepEqual((await send(null)).json(), { outside: ['test-a'], isHeld: false })
  assert.deepEqual(await t.db.selectFrom('idempotency_keys').select('key_hash').execute(), [])
})
