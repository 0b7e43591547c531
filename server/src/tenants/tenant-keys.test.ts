import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { startTestApp } from '../../test/start-test-app.ts'
import { up } from '../db/migrations/0016_tenant_keys.ts'
import { migrateDatabase, withMigrationHandle } from '../db/open.ts'
import { getCursorKey } from './tenant-keys.service.ts'

test('each tenant has a key of its own from its creation, and those created before keys existed get one', async () => {
  await using t = await startTestApp()
  const keys = async () => {
    const rows = await t.db.selectFrom('tenant_keys').select(['tenant_id', 'key']).orderBy('tenant_id').execute()
    assert.deepEqual(
      rows.map((row) => row.tenant_id),
      [t.acme.id, t.other.id].toSorted(),
    )
    assert.equal(new Set(rows.map((row) => row.key)).size, 2)
    for (const { key } of rows) assert.match(key, /^[A-Za-z0-9_-]{43}$/)
    return rows
  }
  const created = await keys()
  await withMigrationHandle(t.location, async (db) => {
    await sql`drop table tenant_keys`.execute(db)
    await up(db)
  })
  await migrateDatabase(t.location)
  // What another connection commits is seen a turn later.
  await new Promise(setImmediate)
  assert.notDeepEqual(await keys(), created)
  assert.equal((await t.get('/api/muster/users')).status, 200)
})

test('what cursors are sealed with is kept for each tenant (V-T1)', async () => {
  await using t = await startTestApp()
  const [own, theirs] = [await getCursorKey(t.operator()), await getCursorKey(t.operator(t.other))]
  assert.notEqual(own, theirs)
  assert.equal(await getCursorKey(t.operator()), own)
})
