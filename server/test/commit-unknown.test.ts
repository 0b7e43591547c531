import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { mock, test } from 'node:test'
import { makeHome, startServer } from '../src/commands/testdata/processes.ts'
import { inTransaction, onCommit } from '../src/access/in-transaction.ts'
import { CommitUnknown, type Engine, type Trx } from '../src/db/db.ts'
import { recordEvent } from '../src/events/record-event.ts'
import { startTestApp } from './start-test-app.ts'
import { sendRequest, type RequestOptions } from './test-client.ts'
import { usesPostgres } from './test-database.ts'
import { startDatabaseProxy, type Cut } from './testdata/database-proxy.ts'

/** From now on the next transaction ends as if the connection had broken at its COMMIT. */
function loseNextCommit(engine: Engine, cut: Cut): void {
  const transact = engine.transact.bind(engine)
  const lost = new CommitUnknown('lost')
  const lose = async <T>(work: (trx: Trx) => Promise<T>): Promise<T> => {
    method.mock.restore()
    await transact(async (trx) => {
      await work(trx)
      if (cut === 'before') throw lost
    })
    throw lost
  }
  const method = mock.method(engine, 'transact', lose)
}

test('whether a change was kept, although no answer to COMMIT came, is read back from the event of it', async () => {
  await using t = await startTestApp()
  const callbacks: string[] = []
  const disable = (name: string, isRecorded = true) =>
    inTransaction(t.operator(), async (ctx) => {
      onCommit(ctx, () => callbacks.push(name))
      await ctx.db.insertInto('counters').values({ tenant_id: ctx.tenantId, name, value: 1 }).execute()
      if (isRecorded) await recordEvent(ctx, { type: 'tenant.disabled', subjectId: name, data: {}, personal: {} })
      return name
    })
  loseNextCommit(t.serverDb.forTenant(t.acme.id).engine, 'after')
  assert.equal(await disable('kept'), 'kept')
  loseNextCommit(t.serverDb.forTenant(t.acme.id).engine, 'before')
  await assert.rejects(disable('lost'), CommitUnknown)
  loseNextCommit(t.serverDb.forTenant(t.acme.id).engine, 'after')
  await assert.rejects(disable('unrecorded', false), CommitUnknown)
  assert.deepEqual(callbacks, ['kept'])
  const events = await t.db.selectFrom('events').select('subject_id').where('type', '=', 'tenant.disabled').execute()
  assert.deepEqual(
    events.map((event) => event.subject_id),
    ['kept'],
    'asking leaves nothing behind',
  )
})

const token = `mst_${'k'.repeat(43)}`

// SQLite has no connection that could break: a COMMIT there succeeds or fails (group-commit.test.ts).
if (usesPostgres) {
  test('a request whose connection to PostgreSQL breaks during COMMIT is answered as what became of it, and done once', async () => {
    await using home = await makeHome()
    await using proxy = await startDatabaseProxy(home.env['DATABASE_URL'] ?? '')
    const env = { DATABASE_URL: proxy.url, MUSTER_BOOTSTRAP_TOKEN: token, LOG_LEVEL: 'silent' }
    await using server = await startServer(home, env)
    const agent = new Agent()
    const create = (name: string, options: RequestOptions = {}) =>
      sendRequest(server.port, agent, 'POST', '/api/service/groups', { ...options, token, body: { group: { name } } })
    const keyed = { headers: { 'idempotency-key': 'k' } }
    // The use of the token is noted before, so that the COMMIT is that of the request.
    assert.equal((await create('first')).status, 200)

    for (const [name, options] of [
      ['plain', {}],
      ['keyed', keyed],
    ] as const) {
      const [answer] = await Promise.all([create(`${name}-kept`, options), proxy.cutNext('after')])
      assert.equal(answer.status, 200, answer.text)
    }
    for (const [name, options] of [
      ['plain', {}],
      ['keyed', { headers: { 'idempotency-key': 'l' } }],
    ] as const) {
      const [answer] = await Promise.all([create(`${name}-lost`, options), proxy.cutNext('before')])
      assert.equal(answer.json.error, 'unavailable', answer.text)
      const again = await create(`${name}-lost`, options)
      assert.deepEqual([again.status, again.headers['idempotent-replayed']], [200, undefined], again.text)
    }
    const again = await create('keyed-kept', keyed)
    assert.deepEqual([again.status, again.headers['idempotent-replayed']], [200, 'true'])
    const { json } = await sendRequest(server.port, agent, 'GET', '/api/service/groups', { token })
    assert.deepEqual(json.records.map((group: { name: string }) => group.name).toSorted(), [
      'first',
      'keyed-kept',
      'keyed-lost',
      'plain-kept',
      'plain-lost',
    ])
  })
}
