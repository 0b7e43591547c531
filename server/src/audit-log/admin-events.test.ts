import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inTransaction } from '../access/in-transaction.ts'
import { recordEvent } from '../events/record-event.ts'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'

interface Shown {
  readonly operationType: string
  readonly resourceType: string
  readonly resourcePath: string
  readonly representation: string
  readonly time: number
  readonly authDetails: {
    readonly clientId: string
    readonly ipAddress: string
    readonly realmId: string
    readonly userId: string
  }
}

async function ask(t: TestApp, query = ''): Promise<Shown[]> {
  const { status, json, text } = await t.get(`/api/service/events/main?${query}`)
  assert.equal(status, 200, text)
  assert.ok(Array.isArray(json))
  return json
}

/** What makes the tenant and its first token is recorded too: by the host operator, before the first request. */
const untilReady = 2

async function pathsFor(t: TestApp, query: string): Promise<string[]> {
  return (await ask(t, query)).map((event) => event.resourcePath)
}

test('a change is an event as soon as it was answered, with who, what and where', async () => {
  await using t = await startTestApp()
  const caller = (await t.get('/api/service/whoami')).json
  const group = await t.addGroup('data')
  const [event, ...older] = await ask(t)
  assert.deepEqual(
    older.map(({ authDetails }) => authDetails.clientId),
    Array.from({ length: untilReady }, () => 'system'),
  )
  assert.deepEqual(event, {
    operationType: 'CREATE',
    realmId: 'default',
    representation: '{"name":"data"}',
    resourcePath: `groups/${group}`,
    resourceType: 'GROUP',
    time: t.clock.now().getTime(),
    authDetails: { clientId: caller.username, ipAddress: '127.0.0.1', realmId: 'default', userId: caller.userId },
  })
})

test('every change has its operation, resource and path, the newest first', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const skipped = (await ask(t)).length
  const group = await t.addGroup('data', [user.id])
  await t.post(`/api/service/groups/${group}`, { alias: 'Data' })
  await t.post(`/api/service/groups/${group}/members/remove`, { users: [user.id] })
  const persona = (await t.post('/api/service/personas', { name: 'base' })).json.id
  await t.post(`/api/service/personas/${persona}/subjects`, { users: [user.id], groups: [] })
  await t.post(`/api/service/personas/${persona}`, { description: 'x' })
  const purpose = (await t.post('/api/service/purposes', { name: 'fraud' })).json.id
  await t.post(`/api/muster/purposes/${purpose}/subjects`, { users: [], groups: [group] })
  const token = (await t.post('/api/service/apikeys', { displayName: 'bot' })).json.id
  await t.post(`/api/service/apikeys/${token}`, { displayName: 'renamed' })
  await t.delete(`/api/service/apikeys/${token}`)
  await t.post(`/api/service/users/${user.id}/roles/update`, { roleId: await t.roleId('$guest') })
  await t.post(`/api/service/users/${user.id}`, { enabled: false })
  await t.post(`/api/service/groups/${group}/delete`)
  await t.post(`/api/service/users/${user.id}/delete`)
  const events = (await ask(t)).map((event) => `${event.operationType} ${event.resourceType} ${event.resourcePath}`)
  assert.deepEqual(events.slice(0, -skipped).toReversed(), [
    `CREATE GROUP groups/${group}`,
    `CREATE GROUP_MEMBERSHIP users/${user.id}/groups/${group}`,
    `UPDATE GROUP groups/${group}`,
    `DELETE GROUP_MEMBERSHIP users/${user.id}/groups/${group}`,
    `CREATE CUSTOM personas/${persona}`,
    `CREATE CUSTOM personas/${persona}/subjects/${user.id}`,
    `UPDATE CUSTOM personas/${persona}`,
    `CREATE CUSTOM purposes/${purpose}`,
    `CREATE CUSTOM purposes/${purpose}/subjects/${group}`,
    `CREATE CLIENT clients/${token}`,
    `UPDATE CLIENT clients/${token}`,
    `DELETE CLIENT clients/${token}`,
    `UPDATE REALM_ROLE_MAPPING users/${user.id}/role-mappings/realm`,
    `UPDATE USER users/${user.id}`,
    `DELETE CUSTOM purposes/${purpose}/subjects/${group}`,
    `DELETE GROUP groups/${group}`,
    `DELETE CUSTOM personas/${persona}/subjects/${user.id}`,
    `DELETE USER users/${user.id}`,
  ])
})

test('paging meets every event once, newest first, and ends with an empty list', async () => {
  await using t = await startTestApp()
  for (let n = 0; n < 23; n += 1) {
    if (n % 3 === 0) t.clock.advance(1_000)
    await t.addGroup(`g${n}`)
  }
  const all = await ask(t)
  assert.deepEqual(
    all.slice(0, -untilReady).map((event) => JSON.parse(event.representation).name),
    Array.from({ length: 23 }, (_, n) => `g${22 - n}`),
  )
  const met: Shown[] = []
  for (let first = 0; ; first += 5) {
    const page = await ask(t, `first=${first}&max=5`)
    if (page.length === 0) break
    met.push(...page)
  }
  assert.deepEqual(met, all)
  assert.deepEqual(await ask(t, 'max=0'), [])
  assert.deepEqual(await ask(t, 'first=2147483647'), [])
})

test('a page has 100 events unless asked otherwise, and at most 1,000', async () => {
  await using t = await startTestApp()
  const ctx = t.operator()
  await inTransaction(ctx, async (ctx) => {
    for (let n = 0; n < 1_001; n += 1)
      await recordEvent(ctx, { type: 'group.created', subjectId: `g${n}`, data: { name: `g${n}` }, personal: {} })
  })
  assert.equal((await ask(t)).length, 100)
  assert.equal((await ask(t, 'max=')).length, 100)
  assert.equal((await ask(t, 'max=1000')).length, 1_000)
  assert.equal((await ask(t, 'first=1000&max=1000')).length, 1 + untilReady)
  for (const [query, error] of [
    ['max=1001', 'limit_too_large'],
    ['max=-1', 'invalid_request'],
    ['max=1e2', 'invalid_request'],
    ['max=ten', 'invalid_request'],
    ['first=-1', 'invalid_request'],
    ['first=1.5', 'invalid_request'],
    ['first=2147483648', 'invalid_request'],
    ['max=1&max=2', 'invalid_request'],
    ['authUser=a&authUser=b', 'invalid_request'],
  ] as const) {
    const { status, json } = await t.get(`/api/service/events/main?${query}`)
    assert.deepEqual([status, json.error], [400, error], query)
  }
})

test('only admins read events, and only those of their own tenant', async () => {
  await using t = await startTestApp()
  const [member, guest] = [await t.addUser('member01'), await t.addUser('guest01', '$guest')]
  const mine = await t.addGroup('mine')
  const theirs = await t.addGroup('theirs', [], t.other)
  for (const path of ['/api/service/events/main', '/api/service/events/login']) {
    for (const { token } of [member, guest]) {
      const { status, json } = await t.get(path, { token })
      assert.deepEqual([status, json.error], [403, 'insufficient_role'])
    }
    assert.equal((await t.get(path, { token: null })).status, 401)
    assert.equal((await t.get(path, { token: t.other.token, host: t.other.host })).status, 200)
  }
  assert.deepEqual(await pathsFor(t, 'resourceTypes=GROUP'), [`groups/${mine}`])
  assert.deepEqual(await pathsFor(t, `resourcePath=groups/${theirs}`), [])
  const other = (await t.get('/api/service/events/main', { token: t.other.token, host: t.other.host })).json
  assert.deepEqual(other.map((event: Shown) => event.resourcePath).slice(0, -untilReady), [`groups/${theirs}`])
})

test('disabling and enabling, one operation on one path, are told apart by what they set', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  for (const enabled of [false, true]) await t.post(`/api/service/users/${user.id}`, { enabled })
  const events = await ask(t, 'operationTypes=UPDATE&resourceTypes=USER')
  assert.deepEqual(
    events.map((event) => event.representation),
    ['{"enabled":true}', '{"enabled":false}'],
  )
})
