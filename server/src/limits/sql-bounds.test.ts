import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sql } from 'kysely'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { openDatabase } from '../db/open.ts'

const env = {
  MUSTER_SQL_LOCK_WAIT_MS: '150',
  MUSTER_SQL_STATEMENT_MS: '1500',
  MUSTER_SQL_IDLE_TRANSACTION_MS: '1200',
  MUSTER_SQL_CONNECTIONS_MAX: '3',
}

test('a lock is waited for no longer than it is set', async () => {
  await using t = await startTestApp({ env })
  const other = openDatabase(t.location)
  try {
    let release = (): void => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    const begun = Promise.withResolvers<void>()
    const holder = other.forTenant(t.acme.id).engine.transact(async (trx) => {
      await trx.updateTable('tenants').set({ name: 'held' }).where('id', '=', t.acme.id).execute()
      begun.resolve()
      await held
    })
    await begun.promise
    const since = performance.now()
    const rename = t.serverDb
      .forTenant(t.acme.id)
      .engine.transact((trx) => trx.updateTable('tenants').set({ name: 'other' }).where('id', '=', t.acme.id).execute())
    await assert.rejects(rename)
    const waitedMs = performance.now() - since
    assert.ok(waitedMs >= 140 && waitedMs < 1_400, `${waitedMs} ms`)
    release()
    await holder
  } finally {
    await other.engine.close()
  }
})

/** What PostgreSQL holds a session to; SQLite has one writer, whose statements are bounded by what they are asked. */
async function sessionSetting(t: TestApp, name: string): Promise<string> {
  const { rows } = await sql<{ value: string }>`select current_setting(${name}) as value`.execute(t.serverDb)
  return rows[0]?.value ?? ''
}

test('statements, idle transactions and connections are held to their settings where the database knows them', async () => {
  await using t = await startTestApp({ env })
  if (t.location.kind === 'sqlite') {
    const { rows } = await sql<{ timeout: number }>`pragma busy_timeout`.execute(t.serverDb)
    assert.equal(rows[0]?.timeout, 150)
    return
  }
  assert.equal(await sessionSetting(t, 'statement_timeout'), '1500ms')
  assert.equal(await sessionSetting(t, 'lock_timeout'), '150ms')
  assert.equal(await sessionSetting(t, 'idle_in_transaction_session_timeout'), '1200ms')
  const since = performance.now()
  await assert.rejects(sql`select pg_sleep(5)`.execute(t.serverDb), /statement timeout/)
  assert.ok(performance.now() - since < 4_000)
  const open = async () => {
    const mine = sql<{
      count: number
    }>`select count(*)::int as count from pg_stat_activity where datname = current_database() and application_name = ''`
    return (await mine.execute(t.serverDb)).rows[0]?.count ?? 0
  }
  await Promise.all(Array.from({ length: 20 }, () => t.get('/api/service/users')))
  assert.ok((await open()) <= 3, 'connections')
})
