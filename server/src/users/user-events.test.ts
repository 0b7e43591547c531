import assert from 'node:assert/strict'
import { test } from 'node:test'
import { v7 as uuid } from 'uuid'
import { recordEvent } from '../events/record-event.ts'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { usersAddress, writeDirectly } from './testdata/people.ts'

/** What people do, written by hand. */
async function act(t: TestApp, userId: string, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    t.clock.advance(1_000)
    await writeDirectly(t, (ctx) =>
      recordEvent(
        {
          ...ctx,
          actor: { ...ctx.actor, kind: 'user', id: userId, name: 'somebody' },
          origin: { ...ctx.origin, address: '192.0.2.7' },
        },
        { type: 'group.created', subjectId: uuid(), data: { name: `group${index}` }, personal: {} },
      ),
    )
  }
}

async function signIn(t: TestApp, userId: string, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    t.clock.advance(1_000)
    await t.startSession(userId)
  }
}

async function eventsIn(t: TestApp, query: Record<string, string | number>, userId: string) {
  const record = (await t.get(usersAddress(query))).json.records.find((row: { id: string }) => row.id === userId)
  return { login: record.loginEvents, admin: record.adminEvents }
}

test('nobody has events before something happened, and the keys are lists all the same', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  for (const max of [0, 1, 100])
    assert.deepEqual(await eventsIn(t, { maxLoginEvents: max }, id), { login: [], admin: [] })
})

test('a record carries the newest events of that person alone, one of each kind unless more are asked for', async () => {
  await using t = await startTestApp()
  const [first, second] = [await t.invite('user01@example.com'), await t.invite('user02@example.com')]
  await act(t, first, 3)
  await act(t, second, 1)
  await signIn(t, first, 2)
  const times = (events: { time: number }[]) => events.map((event) => event.time)
  const now = t.clock.now().getTime()
  const all = await eventsIn(t, { maxLoginEvents: 100 }, first)
  assert.deepEqual(times(all.admin), [now - 3_000, now - 4_000, now - 5_000])
  assert.deepEqual(times(all.login), [now, now - 1_000])
  for (const max of ['', '1', '2'] as const) {
    const some = await eventsIn(t, { maxLoginEvents: max }, first)
    assert.deepEqual(some.admin, all.admin.slice(0, Number(max || 1)), max)
    assert.deepEqual(some.login, all.login.slice(0, Number(max || 1)), max)
  }
  assert.deepEqual(await eventsIn(t, { maxLoginEvents: 0 }, first), { login: [], admin: [] })
  assert.deepEqual((await eventsIn(t, { maxLoginEvents: 100 }, second)).login, [])
  assert.equal((await eventsIn(t, { maxLoginEvents: 100 }, second)).admin.length, 1)
  const single = (await t.get(`/api/service/users/${first}`)).json
  assert.deepEqual([single.adminEvents, single.loginEvents], [all.admin.slice(0, 1), all.login.slice(0, 1)])
})

test('events have the keys and the names that clients know', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  await act(t, id, 1)
  await signIn(t, id, 1)
  const { login, admin } = await eventsIn(t, {}, id)
  const now = t.clock.now().getTime()
  const { resourcePath, ...rest } = admin[0]
  assert.match(resourcePath, /^groups\/[0-9a-f-]{36}$/)
  assert.deepEqual(rest, {
    operationType: 'CREATE',
    realmId: 'default',
    representation: '{"name":"group0"}',
    resourceType: 'GROUP',
    time: now - 1_000,
    authDetails: { clientId: 'atlan-frontend', ipAddress: '192.0.2.7', realmId: 'default', userId: id },
  })
  const { ipAddress, sessionId, ...sign } = login[0]
  assert.deepEqual([typeof ipAddress, typeof sessionId], ['string', 'string'])
  assert.deepEqual(sign, {
    clientId: 'atlan-frontend',
    details: { method: 'password', secondFactor: '' },
    realmId: 'default',
    time: now,
    type: 'LOGIN',
    userId: id,
  })
})

test('a new event shows in the very next read, though nothing about the user changed', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  for (let count = 1; count <= 3; count += 1) {
    await act(t, id, 1)
    assert.equal((await eventsIn(t, { maxLoginEvents: 100 }, id)).admin.length, count)
    assert.equal(
      (await eventsIn(t, { maxLoginEvents: 100, columns: 'adminEvents,loginEvents' }, id)).admin.length,
      count,
    )
  }
})

test('events of another tenant never show, even for an actor of the same id', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  await writeDirectly(
    t,
    (ctx) =>
      recordEvent(
        { ...ctx, actor: { ...ctx.actor, kind: 'user', id } },
        { type: 'group.created', subjectId: uuid(), data: { name: 'x' }, personal: {} },
      ),
    t.other,
  )
  assert.deepEqual(await eventsIn(t, { maxLoginEvents: 100 }, id), { login: [], admin: [] })
})

test('members and guests see no events, not even in their own record (V-R4)', async () => {
  await using t = await startTestApp()
  const [member, guest] = [await t.addUser('user01', '$member'), await t.addUser('user02', '$guest')]
  for (const user of [member, guest]) {
    await act(t, user.id, 1)
    const own = (await t.get(`/api/service/users/${user.id}`, { token: user.token })).json
    assert.deepEqual([own.loginEvents, own.adminEvents], [[], []])
  }
  const list = (await t.get('/api/service/users?maxLoginEvents=100', { token: member.token })).json.records
  for (const record of list) assert.deepEqual([record.loginEvents, record.adminEvents], [undefined, undefined])
})
