import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashTenant } from '../../test/database-hash.ts'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { makeTwin } from '../../test/tenant-twin.ts'
import { hashSecret } from '../secrets/secrets.ts'
import type { Trx } from '../db/db.ts'
import * as identities from './external-identities.queries.ts'
import * as requests from './saml-requests.queries.ts'
import { findKey, insertKeyOnce } from './sp-keys.queries.ts'
import * as tests from './sso-tests.queries.ts'

const now = 1_000_000
const hour = 3_600_000

/** Two tenants with a connection, people and tests of the same ids; what they are asked for is written into one of them. */
async function world(t: TestApp) {
  const connectionId = await t.addConnection()
  const [one, two] = [await t.addUser('user01'), await t.addUser('user02')]
  const write = <T>(work: (trx: Trx) => Promise<T>) => t.db.engine.transact(work)
  const identity = (nameId: string, userId: string) =>
    write((trx) =>
      identities.insertIdentity(trx, t.acme.id, { connectionId, nameId, nameIdFormat: `of ${nameId}`, userId, now }),
    )
  const request = (id: string, purpose: string, expiresAt = now + hour) =>
    write((trx) =>
      requests.insertRequest(trx, {
        tenant_id: t.acme.id,
        id,
        connection_id: connectionId,
        browser_hash: 'browser',
        purpose,
        test_id: `test of ${id}`,
        created_at: now,
        expires_at: expiresAt,
      }),
    )
  const trial = (id: string) =>
    write((trx) =>
      tests.insertTest(trx, {
        tenant_id: t.acme.id,
        id,
        connection_id: connectionId,
        user_id: one.id,
        token_hash: hashSecret(id),
        state: 'open',
        created_at: now,
      }),
    )
  return { connectionId, one, two, write, identity, request, trial }
}

test('who somebody is at an identity provider is asked of one tenant (V-T1)', async () => {
  await using t = await startTestApp()
  const { connectionId, one, two, write, identity } = await world(t)
  await identity('of both', one.id)
  const twin = await makeTwin(t, [])
  await identity('here alone', two.id)
  const alone = { connectionId, nameId: 'here alone' }
  const asked = async (tenantId: string) => [
    await identities.findLinkedUserId(t.db, tenantId, alone),
    await identities.findNameIdFormat(t.db, tenantId, alone),
    await identities.isLinked(t.db, tenantId, { connectionId, userId: two.id }),
    await identities.hasAnyIdentity(t.db, tenantId, two.id),
  ]
  assert.deepEqual(await asked(t.acme.id), [two.id, 'of here alone', true, true])
  assert.deepEqual(await asked(twin.id), [undefined, '', false, false])
  const untouched = await hashTenant(t.db, twin.id)
  await write((trx) => identities.noteSignIn(trx, t.acme.id, { connectionId, nameId: 'of both', now: now + 1 }))
  assert.equal(await hashTenant(t.db, twin.id), untouched)
})

test('a request under way is that of one tenant, and what has run out goes there alone (V-T1)', async () => {
  await using t = await startTestApp()
  const { connectionId, write, request } = await world(t)
  await request('of both', 'sign_in')
  await request('run out', 'sign_in', now)
  const consumed = { tenant_id: t.acme.id, connection_id: connectionId, assertion_id: 'run out', expires_at: now }
  await write((trx) => requests.insertConsumed(trx, consumed))
  const twin = await makeTwin(t, [])
  await request('here alone', 'test')
  const key = (id: string) => ({ id, connectionId, browserHash: 'browser', now })
  const asked = async (tenantId: string) => [
    (await requests.findRequest(t.db, tenantId, key('here alone')))?.id,
    await requests.findPendingTest(t.db, tenantId, key('')),
  ]
  assert.deepEqual(await asked(t.acme.id), ['here alone', 'test of here alone'])
  assert.deepEqual(await asked(twin.id), [undefined, undefined])
  const untouched = await hashTenant(t.db, twin.id)
  assert.equal(await write((trx) => requests.takeRequest(trx, t.acme.id, key('of both'))), true)
  await write((trx) => requests.deleteExpired(trx, t.acme.id, now))
  assert.equal(await hashTenant(t.db, twin.id), untouched)
  const left = await t.db
    .selectFrom('saml_requests')
    .select(['tenant_id', 'id'])
    .where('tenant_id', '=', t.acme.id)
    .execute()
  assert.deepEqual(
    left.map(({ id }) => id),
    ['here alone'],
  )
  assert.equal((await requests.findRequest(t.db, twin.id, key('of both')))?.id, 'of both')
})

test('a trial sign-in is that of one tenant (V-T1)', async () => {
  await using t = await startTestApp()
  const { connectionId, write, trial } = await world(t)
  for (const id of ['started', 'renewed', 'deleted']) await trial(id)
  const twin = await makeTwin(t, [])
  await trial('here alone')
  assert.equal((await tests.findTest(t.db, t.acme.id, 'here alone'))?.id, 'here alone')
  assert.equal(await tests.findTest(t.db, twin.id, 'here alone'), undefined)
  assert.equal((await tests.selectTests(t.db, twin.id, connectionId, 10)).length, 3)
  const start = (tenantId: string) =>
    write((trx) =>
      tests.startTest(trx, tenantId, { tokenHash: hashSecret('started'), connectionId, bornAfter: now - 1 }),
    )
  assert.equal(await start(twin.id), undefined)
  await write((trx) => trx.updateTable('sso_tests').set({ state: 'started' }).where('id', '=', 'started').execute())
  const untouched = await hashTenant(t.db, twin.id)
  const result = { id: 'started', state: 'passed', reason: '', detail: '{}', finishedAt: now } as const
  await write((trx) => tests.finishTest(trx, t.acme.id, result))
  assert.equal(await write((trx) => tests.replaceTestToken(trx, t.acme.id, 'renewed', 'another')), true)
  await write((trx) => tests.deleteTests(trx, t.acme.id, ['deleted']))
  assert.equal(await hashTenant(t.db, twin.id), untouched)
  assert.equal((await tests.selectTests(t.db, t.acme.id, connectionId, 10)).length, 3)
  assert.equal((await tests.findTest(t.db, t.acme.id, 'started'))?.state, 'passed')
})

test('a tenant signs with its own key (V-T1)', async () => {
  await using t = await startTestApp()
  const give = (tenantId: string, text: string) =>
    t.db.engine.transact((trx) =>
      insertKeyOnce(trx, { tenant_id: tenantId, private_key: text, certificate: text, created_at: now }),
    )
  for (const [tenantId, text] of [
    [t.acme.id, 'one'],
    [t.other.id, 'two'],
  ] as const)
    await give(tenantId, text)
  assert.equal((await findKey(t.db, t.acme.id))?.certificate, 'one')
  assert.equal((await findKey(t.db, t.other.id))?.certificate, 'two')
})
