import { defaultLimits } from '../../limits/limits.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openTestDatabase } from '../../../test/test-database.ts'
import { DatabaseUnavailable } from '../db.ts'
import { ScanThread } from './scan-thread.ts'

const numbers = (count: number) =>
  `with recursive n(i) as (values (1) union all select i + 1 from n where i < ${count}) select count(*) as count from n where i <> ?`

test('a long read does not hold up the event loop, and sees what was committed before it was asked for', async () => {
  await using database = await openTestDatabase()
  if (database.location.kind !== 'sqlite') {
    assert.deepEqual(await database.db.engine.scan('select $1::text as text', ['x']), [{ text: 'x' }])
    return
  }
  await database.db.engine.transact(async (trx) => {
    const tenant = {
      id: 'one',
      slug: 'one',
      name: 'one',
      plan: 'standard',
      state: 'active',
      settings: '{}',
      created_at: 0,
    }
    await trx
      .insertInto('tenants')
      .values({ ...tenant, catalogue_version: 1 })
      .execute()
  })
  assert.deepEqual(await database.db.engine.scan('select id from tenants where slug = ?', ['one']), [{ id: 'one' }])
  const state = { isDone: false }
  const scanned = database.db.engine.scan(numbers(1_000_000), [7]).finally(() => (state.isDone = true))
  let turns = 0
  for (; !state.isDone; turns += 1) await new Promise(setImmediate)
  assert.deepEqual(await scanned, [{ count: 999_999 }])
  assert.ok(turns > 10, `the event loop turned ${turns} times`)
})

test('a wrong statement spoils its own answer only; a closed thread starts again', async () => {
  await using database = await openTestDatabase()
  if (database.location.kind !== 'sqlite') return
  const thread = new ScanThread(database.location.file, defaultLimits)
  const [wrong, right] = await Promise.allSettled([
    thread.scan('select nothing', []),
    thread.scan('select 1 as one', []),
  ])
  assert.equal(wrong.status, 'rejected')
  assert.deepEqual(right, { status: 'fulfilled', value: [{ one: 1 }] })
  await assert.rejects(thread.scan(`delete from tenants`, []), /does not return data|readonly/)
  await thread.close()
  assert.deepEqual(await thread.scan('select 2 as two', []), [{ two: 2 }])
  await thread.close()
})

test('whoever waits when the thread breaks off, or finds too many waiting, hears that the database is not available', async () => {
  await using database = await openTestDatabase()
  if (database.location.kind !== 'sqlite') return
  const thread = new ScanThread(database.location.file, defaultLimits)
  const asked = Array.from({ length: 64 }, () => thread.scan(numbers(1_000), [1]))
  await assert.rejects(async () => thread.scan('select 1', []), DatabaseUnavailable)
  await Promise.all(asked)
  const late = thread.scan(numbers(5_000_000), [1])
  const failed = assert.rejects(late, DatabaseUnavailable)
  await thread.close()
  await failed
})
