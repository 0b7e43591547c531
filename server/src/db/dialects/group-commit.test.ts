import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, afterEach, test } from 'node:test'
import Connection from 'better-sqlite3'
import { sql } from 'kysely'
import { DatabaseUnavailable, type Db, type Trx } from '../db.ts'
import { migrateDatabase, openDatabase } from '../open.ts'

const folder = mkdtempSync(join(tmpdir(), 'muster-group-commit-'))
const file = join(folder, 'muster.db')
let db: Db
/** Sees only what is committed, as any other process does. */
let witness: Connection.Database

before(() => migrateDatabase({ kind: 'sqlite', file }))
after(() => rmSync(folder, { recursive: true }))

beforeEach(() => {
  db = openDatabase({ kind: 'sqlite', file })
  witness = new Connection(file)
  witness.exec('delete from counters; delete from tenants')
  witness.exec(
    `insert into tenants (id, slug, name, plan, state, settings, catalogue_version, created_at) values ('t', 't', 't', 'standard', 'active', '{}', 1, 0)`,
  )
})

afterEach(async () => {
  await db.engine.close()
  witness.close()
})

function insert(trx: Trx, name: string) {
  return trx.insertInto('counters').values({ tenant_id: 't', name, value: 1 }).execute()
}

function committed(): string[] {
  return witness.prepare<[], string>('select name from counters order by name').pluck().all()
}

test('a member that fails rolls back alone: the others of its batch are kept, and it gets its own error', async () => {
  const names = Array.from({ length: 20 }, (_, index) => `m${String(index).padStart(2, '0')}`)
  const results = await Promise.allSettled(
    names.map((name, index) =>
      db.engine.transact(async (trx) => {
        await insert(trx, name)
        if (index % 3 === 0) throw new Error(`${name} thought better of it`)
        // A statement the database refuses fails like anything else.
        if (index % 3 === 1) await insert(trx, name)
        return name
      }),
    ),
  )
  const kept = names.filter((_, index) => index % 3 === 2)
  assert.deepEqual(committed(), kept)
  for (const [index, result] of results.entries()) {
    if (index % 3 === 2) assert.deepEqual(result, { status: 'fulfilled', value: names[index] })
    else {
      assert.equal(result.status, 'rejected')
      assert.match(
        String(result.reason),
        index % 3 === 0 ? new RegExp(`${names[index]} thought better`) : /UNIQUE|PRIMARY/,
      )
    }
  }
})

test('no member is answered before what all of them wrote is committed', async () => {
  const names = Array.from({ length: 30 }, (_, index) => `m${String(index).padStart(2, '0')}`)
  const seen = await Promise.all(
    names.map(async (name) => (await db.engine.transact((trx) => insert(trx, name)), committed())),
  )
  for (const [index, rows] of seen.entries())
    assert.ok(rows.includes(names[index] ?? ''), `${names[index]} was answered before it was there`)
})

test('members of one batch see what earlier ones wrote, and nothing of those that failed', async () => {
  const count = async (trx: Trx) => (await trx.selectFrom('counters').select('name').execute()).map((row) => row.name)
  const [first, failed, third] = await Promise.allSettled([
    db.engine.transact((trx) => insert(trx, 'first')),
    db.engine.transact(async (trx) => (await insert(trx, 'failed'), Promise.reject(new Error('no')))),
    db.engine.transact(count),
  ])
  assert.deepEqual([first?.status, failed?.status], ['fulfilled', 'rejected'])
  assert.deepEqual(third, { status: 'fulfilled', value: ['first'] })
})

test('when the commit itself fails, every member of the batch hears that the database is not available, and none is kept', async () => {
  const [innocent, orphan, bystander] = await Promise.allSettled([
    db.engine.transact((trx) => insert(trx, 'innocent')),
    db.engine.transact(async (trx) => {
      // Checked at COMMIT only: nobody can be told before it.
      await sql`pragma defer_foreign_keys = on`.execute(trx)
      await trx.insertInto('counters').values({ tenant_id: 'nobody', name: 'orphan', value: 1 }).execute()
    }),
    db.engine.transact((trx) => insert(trx, 'bystander')),
  ])
  assert.equal(orphan?.status, 'rejected')
  const kept: string[] = []
  for (const [name, result] of [
    ['innocent', innocent],
    ['bystander', bystander],
    ['orphan', orphan],
  ] as const) {
    // On a busy machine the time of a batch may be over before the others are in the batch: then they are in another, and kept.
    if (result?.status === 'fulfilled') kept.push(name)
    else assert.ok(result?.reason instanceof DatabaseUnavailable, name)
  }
  assert.deepEqual(committed().toSorted(), kept.toSorted(), 'who heard "done" is kept, nobody else')
  await db.engine.transact((trx) => insert(trx, 'later'))
  assert.ok(committed().includes('later'), 'the next batch is none the worse for it')
})

test('a thousand transactions at once are all done, each once, in the order in which they came', async () => {
  const order: number[] = []
  await Promise.all(
    Array.from({ length: 1_000 }, (_, index) =>
      db.engine.transact(async (trx) => {
        order.push(index)
        await insert(trx, `m${index}`)
      }),
    ),
  )
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  )
  assert.equal(committed().length, 1_000)
})

test('a query on the outer handle inside a transaction throws at once instead of waiting for ever', async () => {
  const attempts: readonly ((trx: Trx) => Promise<unknown>)[] = [
    () => db.selectFrom('counters').selectAll().execute(),
    () => db.insertInto('counters').values({ tenant_id: 't', name: 'outer', value: 1 }).execute(),
    () => db.transaction().execute((trx) => insert(trx, 'outer')),
    () => db.connection().execute((other) => other.selectFrom('counters').selectAll().execute()),
    () => sql`select 1`.execute(db),
    () => db.engine.read('select 1 as one', []),
  ]
  for (const [index, attempt] of attempts.entries()) {
    await assert.rejects(db.engine.transact(attempt), /outer database handle inside a transaction/, `attempt ${index}`)
  }
  await assert.rejects(
    db.engine.transact(async () => {
      await new Promise(setImmediate)
      return db.selectFrom('counters').selectAll().execute()
    }),
    /outer database handle/,
  )
  assert.deepEqual(await db.selectFrom('counters').selectAll().execute(), [], 'outside it works as ever')
  assert.deepEqual(committed(), [])
})

test('reads outside see committed rows only, even while a transaction is open', async () => {
  const opened = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<void>()
  const writing = db.engine.transact(async (trx) => {
    await insert(trx, 'open')
    opened.resolve()
    await finish.promise
  })
  await opened.promise
  assert.deepEqual(await db.selectFrom('counters').selectAll().execute(), [])
  finish.resolve()
  await writing
  assert.equal((await db.selectFrom('counters').selectAll().execute()).length, 1)
})

test('the outer handle cannot write at all', async () => {
  await assert.rejects(
    db.insertInto('counters').values({ tenant_id: 't', name: 'outer', value: 1 }).execute(),
    /readonly|query_only/,
  )
  assert.deepEqual(committed(), [])
})
