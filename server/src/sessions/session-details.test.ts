import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { ApiError } from '../errors/api-error.ts'
import type { NewSession } from './sessions.schema.ts'
import * as sessions from './sessions.service.ts'
import { listSessionsOf, revokeSession, revokeSessionsOf } from './user-sessions.service.ts'

const minuteMs = 60_000

function start(t: TestApp, userId: string, more: Partial<NewSession> = {}): Promise<sessions.StartedSession> {
  const input: NewSession = { userId, method: 'password', secondFactor: 'totp', ...more }
  return inTransaction(t.operator(), (ctx) => sessions.startSession(ctx, input))
}

async function signedIn(t: TestApp, cookie: string) {
  const { db, tenantId, now } = t.operator()
  return sessions.findSignedIn({ db, tenantId, now }, cookie)
}

function count(t: TestApp, table: 'sessions' | 'session_tokens'): Promise<number> {
  return t.db
    .selectFrom(table)
    .select((eb) => eb.fn.countAll<number>().as('rows'))
    .executeTakeFirstOrThrow()
    .then(({ rows }) => rows)
}

async function eventsOf(t: TestApp, userId: string) {
  const rows = await t.db
    .selectFrom('events')
    .select(['type', 'object_id', 'data'])
    .where('subject_id', '=', userId)
    .where('type', 'like', 'session.%')
    .orderBy('id')
    .execute()
  return rows.map(({ type, object_id: id, data }) => [type, id, JSON.parse(data)])
}

function refuses(code: string) {
  return (error: unknown) => error instanceof ApiError && error.code === code
}

test('what happens to a session is recorded, with how and why', async () => {
  await using t = await startTestApp()
  const { id } = await t.addUser('user01')
  const one = await start(t, id)
  const two = await start(t, id, { method: 'passkey', secondFactor: '' })
  t.clock.advance(1)
  const cookie = await sessions.confirmSession(t.operator(), one.session, one.cookie, 'password')
  assert.match(cookie ?? '', /^mses_/)
  assert.equal(await sessions.confirmSession(t.operator(), one.session, one.cookie, 'password'), undefined)
  const confirmed = await signedIn(t, cookie ?? '')
  assert.deepEqual(
    [confirmed?.session.confirmedAt, confirmed?.actor.confirmedAt],
    Array.from({ length: 2 }, () => t.clock.now().getTime()),
  )
  await inTransaction(t.operator(), async (ctx) => {
    await sessions.endSession(ctx, one.session, 'signed_out')
    await sessions.endSession(ctx, one.session, 'signed_out')
    assert.equal(await sessions.endSessionsOf(ctx, id, 'password_changed'), 1)
  })
  assert.deepEqual(await eventsOf(t, id), [
    ['session.started', one.session.id, { method: 'password', secondFactor: 'totp' }],
    ['session.started', two.session.id, { method: 'passkey', secondFactor: '' }],
    ['session.confirmed', one.session.id, { by: 'password' }],
    ['session.ended', one.session.id, { reason: 'signed_out' }],
    ['session.ended', two.session.id, { reason: 'password_changed' }],
  ])
})

test('a session is read as it was started, and lasts no longer than the login at an identity provider', async () => {
  await using t = await startTestApp()
  const { id } = await t.addUser('user01')
  const now = t.clock.now().getTime()
  const login = { connectionId: 'c', nameId: 'n', sessionIndex: 's' }
  const [long, brief, open] = [
    await start(t, id, { method: 'saml', saml: { ...login, notOnOrAfter: now + 9 * 24 * 60 * minuteMs } }),
    await start(t, id, { method: 'saml', saml: { ...login, notOnOrAfter: now + minuteMs } }),
    await start(t, id, { method: 'saml', saml: { ...login, notOnOrAfter: 0 } }),
  ]
  const day = now + 24 * 60 * minuteMs
  assert.deepEqual([long.session.endsAt, brief.session.endsAt, open.session.endsAt], [day, now + minuteMs, day])
  for (const { session, cookie } of [long, brief, open]) {
    const found = await signedIn(t, cookie)
    assert.deepEqual(found?.session, session)
    assert.deepEqual(
      [found?.actor.kind, found?.actor.userId, found?.actor.credentialId, found?.actor.name, found?.actor.expiresAt],
      ['user', id, session.id, 'user01', session.endsAt],
    )
  }
  assert.deepEqual(
    [long.session.connectionId, long.session.nameId, long.session.sessionIndex, long.session.isStale],
    ['c', 'n', 's', false],
  )
  t.clock.advance(minuteMs)
  assert.equal(await signedIn(t, brief.cookie), undefined)
})

test('a session that was used is noted once a minute, and renewed when the role changed, once', async () => {
  await using t = await startTestApp()
  const { id } = await t.addUser('user01')
  const { session, cookie } = await start(t, id)
  const keepAlive = async () => {
    const found = await signedIn(t, cookie)
    return sessions.keepAlive(t.operator(), found?.session ?? session, cookie)
  }
  const lastSeen = async () => (await signedIn(t, cookie))?.session.lastSeenAt
  t.clock.advance(minuteMs - 1)
  assert.deepEqual([await keepAlive(), await lastSeen()], [undefined, session.startedAt])
  t.clock.advance(1)
  assert.deepEqual([await keepAlive(), await lastSeen()], [undefined, t.clock.now().getTime()])
  await inTransaction(t.operator(), (ctx) => sessions.roleChanged(ctx, id))
  t.clock.advance(1)
  const stale = (await signedIn(t, cookie))?.session
  assert.equal(stale?.isStale, true)
  const renewed = await sessions.keepAlive(t.operator(), stale ?? session, cookie)
  assert.match(renewed ?? '', /^mses_/)
  assert.equal(await sessions.keepAlive(t.operator(), stale ?? session, cookie), undefined)
  const now = (await signedIn(t, renewed ?? ''))?.session
  assert.deepEqual([now?.isStale, now?.lastSeenAt, now?.id], [false, t.clock.now().getTime(), session.id])
})

test('what has ended goes with the next beginning: sessions, and tokens of the session', async () => {
  await using t = await startTestApp()
  const { id } = await t.addUser('user01')
  const { session } = await start(t, id)
  const first = await sessions.issueAccessToken(t.operator(), session)
  assert.deepEqual([first.expiresInSeconds, await count(t, 'session_tokens')], [300, 1])
  t.clock.advance(5 * minuteMs - 1)
  await sessions.issueAccessToken(t.operator(), session)
  assert.equal(await count(t, 'session_tokens'), 2)
  t.clock.advance(1)
  await sessions.issueAccessToken(t.operator(), session)
  assert.equal(await count(t, 'session_tokens'), 2)
  t.clock.advance(24 * 60 * minuteMs - 5 * minuteMs - 1_500)
  assert.equal((await sessions.issueAccessToken(t.operator(), session)).expiresInSeconds, 1)
  t.clock.advance(1_499)
  await start(t, id)
  assert.equal(await count(t, 'sessions'), 2)
  t.clock.advance(1)
  await start(t, id)
  assert.equal(await count(t, 'sessions'), 2)
})

test('roles for a time count in a session, for as long as they are given', async () => {
  await using t = await startTestApp()
  const { id } = await t.addUser('user01')
  const expiresAt = new Date(t.clock.now().getTime() + minuteMs).toISOString()
  const grant = { roleId: await t.roleId('$admin'), expiresAt }
  assert.equal((await t.post(`/api/muster/users/${id}/role-grants`, grant)).status, 200)
  const { session, cookie } = await start(t, id)
  const { token } = await sessions.issueAccessToken(t.operator(), session)
  const roles = async () => [
    (await signedIn(t, cookie))?.actor.role,
    (await t.get('/api/service/whoami', { token })).json.workspaceRole,
  ]
  assert.deepEqual(await roles(), ['$admin', '$admin'])
  t.clock.advance(minuteMs - 1)
  assert.deepEqual(await roles(), ['$admin', '$admin'])
  t.clock.advance(1)
  assert.deepEqual(await roles(), ['$member', '$member'])
  t.clock.advance(-minuteMs)
  assert.deepEqual(await roles(), ['$admin', '$admin'], 'a clock was set back')
})

test('a credential of a session is read once while nothing changes', async () => {
  await using t = await startTestApp()
  const keeps = t.db.engine.stamp() !== null
  const { id } = await t.addUser('user01')
  const token = await t.sessionToken(id)
  const { mock: read } = mock.method(t.serverDb.forTenant(t.acme.id).engine, 'read')
  const readsFor = async () => {
    const before = read.callCount()
    assert.equal((await t.get('/api/service/whoami', { token })).status, 200)
    const texts = read.calls.slice(before).map(({ arguments: [text] }) => text)
    return texts.filter((text) => text.includes('from session_tokens t')).length
  }
  await readsFor()
  assert.deepEqual([await readsFor(), await readsFor()], keeps ? [0, 0] : [1, 1])
  await t.addGroup('something-changes')
  assert.equal(await readsFor(), 1)
})

test('who may see and end whose sessions, down to the answer', async () => {
  await using t = await startTestApp()
  const [one, two] = [await t.addUser('user01'), await t.addUser('user02')]
  const admin = await t.addUser('admin01', '$admin')
  const guest = await t.addUser('guest01', '$guest')
  const ctxOf = async (userId: string) => {
    const { session, cookie } = await start(t, userId)
    const actor = (await signedIn(t, cookie))?.actor
    assert.ok(actor !== undefined)
    return { session, ctx: { ...t.operator(), actor } }
  }
  const [mine, other] = [await ctxOf(one.id), await ctxOf(two.id)]
  const [boss, visitor] = [await ctxOf(admin.id), await ctxOf(guest.id)]
  await assert.rejects(listSessionsOf(mine.ctx, two.id), refuses('insufficient_role'))
  await assert.rejects(listSessionsOf(visitor.ctx, two.id), refuses('user_not_found'))
  assert.deepEqual(await listSessionsOf(mine.ctx, one.id), { sessions: [mine.session], username: 'user01' })
  assert.deepEqual(await listSessionsOf(boss.ctx, two.id), { sessions: [other.session], username: 'user02' })
  await assert.rejects(revokeSession(mine.ctx, other.session.id), refuses('session_not_found'))
  await assert.rejects(revokeSession(mine.ctx, 'none'), refuses('session_not_found'))
  await assert.rejects(revokeSessionsOf(mine.ctx, two.id), refuses('insufficient_role'))
  await assert.rejects(revokeSessionsOf(boss.ctx, 'none'), refuses('user_not_found'))
  await revokeSession(mine.ctx, mine.session.id)
  await start(t, two.id)
  assert.equal(await revokeSessionsOf(boss.ctx, two.id), 2)
  assert.deepEqual((await eventsOf(t, one.id)).at(-1)?.slice(1), [mine.session.id, { reason: 'revoked' }])
})
