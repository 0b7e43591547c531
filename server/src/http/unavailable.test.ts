import assert from 'node:assert/strict'
import Connection from 'better-sqlite3'
import pg from 'pg'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'

/** Somebody else holds what every write needs; until it is disposed no write gets through. */
async function holdWrites({ location }: TestApp): Promise<AsyncDisposable> {
  if (location.kind === 'sqlite') {
    const other = new Connection(location.file)
    other.exec('begin immediate')
    return { [Symbol.asyncDispose]: async () => void other.close() }
  }
  const other = new pg.Client({ connectionString: location.url })
  await other.connect()
  await other.query('begin')
  await other.query('lock table users, invitations, outbox in exclusive mode')
  return { [Symbol.asyncDispose]: () => other.end() }
}

test('while the database takes no change, writes are 503 with Retry-After within seconds, nothing of them is kept, and reads go on', async () => {
  await using t = await startTestApp()
  const pending = await t.invite('before@example.com')
  {
    await using held = await holdWrites(t)
    assert.ok(held)
    const refused = await t.post('/api/service/users', { emails: ['a@example.com'] })
    assert.deepEqual([refused.status, refused.json.error, refused.json.code], [503, 'unavailable', 503])
    assert.match(String(refused.headers['retry-after']), /^[1-9]\d*$/)
    const { json } = await t.get('/api/service/users')
    assert.deepEqual(
      json.records.map((user: { id: string }) => user.id),
      [pending],
    )
    assert.equal((await t.get('/readyz')).status, 200)
  }
  assert.equal((await t.post('/api/service/users', { emails: ['a@example.com'] })).status, 200)
  assert.equal((await t.get('/api/service/users')).json.totalRecord, 2)
  await t.deliverOutbox()
  assert.equal(t.mails.length, 2, 'no mail of what was refused')
})
