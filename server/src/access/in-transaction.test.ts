import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { openDatabase } from '../db/open.ts'
import type { TrxCtx } from './ctx.ts'
import { inTransaction, onCommit } from './in-transaction.ts'

function insert(ctx: TrxCtx, name: string) {
  return ctx.db.insertInto('counters').values({ tenant_id: ctx.tenantId, name, value: 1 }).execute()
}

async function names(t: TestApp): Promise<string[]> {
  const rows = await t.db.selectFrom('counters').select('name').where('name', 'like', 'test%').orderBy('name').execute()
  return rows.map((row) => row.name)
}

test('all of it is kept or nothing is, and the answer comes after the commit', async () => {
  await using t = await startTestApp()
  await assert.rejects(
    inTransaction(
      t.operator(),
      async (ctx) => (await insert(ctx, 'test-a'), await insert(ctx, 'test-b'), Promise.reject(new Error('no'))),
    ),
    /no/,
  )
  assert.deepEqual(await names(t), [])
  const seen = await Promise.all(
    Array.from({ length: 10 }, async (_, index) => {
      await inTransaction(t.operator(), (ctx) => insert(ctx, `test-${index}`))
      // Opened now: a handle that has read in this turn may still show what it saw then (docs/decisions/0006).
      const other = openDatabase(t.location)
      try {
        return await other
          .forTenant(t.acme.id)
          .selectFrom('counters')
          .select('name')
          .where('name', '=', `test-${index}`)
          .execute()
      } finally {
        await other.engine.close()
      }
    }),
  )
  assert.ok(
    seen.every((rows) => rows.length === 1),
    'another connection sees what was acknowledged',
  )
})

test('a query on the outer handle inside a transaction throws at once and undoes it', async () => {
  await using t = await startTestApp()
  const outer = t.operator()
  await assert.rejects(
    inTransaction(
      outer,
      async (ctx) => (await insert(ctx, 'test-a'), outer.db.selectFrom('counters').selectAll().execute()),
    ),
    /outer database handle/,
  )
  await assert.rejects(
    inTransaction(outer, async (ctx) => (await insert(ctx, 'test-b'), sql`select 1`.execute(outer.db))),
    /outer database handle/,
  )
  await assert.rejects(
    inTransaction(outer, async (ctx) => (await insert(ctx, 'test-e'), outer.db.transaction().execute(async () => {}))),
    /outer database handle/,
  )
  assert.deepEqual(await names(t), [])
  await inTransaction(outer, (ctx) => insert(ctx, 'test-f'))
  assert.deepEqual(await names(t), ['test-f'])
})

test('what shall happen after the commit happens once, after it, and never without it', async () => {
  await using t = await startTestApp()
  const called: string[] = []
  await inTransaction(t.operator(), async (ctx) => {
    onCommit(ctx, () => called.push('first'))
    onCommit(ctx, () => called.push('second'))
    await insert(ctx, 'test-a')
    assert.deepEqual(called, [])
  })
  assert.deepEqual(called, ['first', 'second'])
  const failing = inTransaction(t.operator(), async (ctx) => {
    onCommit(ctx, () => called.push('never'))
    throw new Error('no')
  })
  await assert.rejects(failing, /no/)
  assert.deepEqual(called, ['first', 'second'])
})

test('outside a transaction nothing can be asked to happen after it', async () => {
  await using t = await startTestApp()
  let kept: TrxCtx | undefined
  await inTransaction(t.operator(), async (ctx) => void (kept = ctx))
  assert.ok(kept)
  assert.throws(() => onCommit({ ...t.operator(), db: Object.create(kept?.db ?? null) }, () => {}), /outside/)
})

test('a hundred transactions at once that raise one counter raise it by a hundred', async () => {
  await using t = await startTestApp()
  await inTransaction(t.operator(), (ctx) => insert(ctx, 'test-counter'))
  await Promise.all(
    Array.from({ length: 100 }, () =>
      inTransaction(t.operator(), (ctx) =>
        ctx.db
          .updateTable('counters')
          .set({ value: sql<number>`value + 1` })
          .where('tenant_id', '=', ctx.tenantId)
          .where('name', '=', 'test-counter')
          .execute(),
      ),
    ),
  )
  const row = await t.db.selectFrom('counters').select('value').where('name', '=', 'test-counter').executeTakeFirst()
  assert.equal(row?.value, 101)
})
