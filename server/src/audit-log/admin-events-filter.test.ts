import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inTransaction } from '../access/in-transaction.ts'
import { recordEvent } from '../events/record-event.ts'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'

const dayMs = 86_400_000

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

test('operations and resources are filtered by, with the prefixes that clients put before them', async () => {
  await using t = await startTestApp()
  const group = await t.addGroup('data', [await t.invite('user01@example.com')])
  await t.post(`/api/service/groups/${group}`, { alias: 'Data' })
  await t.post(`/api/service/groups/${group}/delete`)
  const count = async (query: string) => (await ask(t, query)).length
  const all = await count('')
  assert.equal(await count('operationTypes=CREATE&resourceTypes=GROUP'), 1)
  for (const query of [
    'operationTypes=AdminOperationType.DELETE',
    'operationTypes=a.b.delete',
    'operationTypes=DELETE',
    'operationTypes=Delete,',
    'operationTypes=&operationTypes=DELETE',
  ]) {
    assert.deepEqual(await pathsFor(t, query), [`groups/${group}`], query)
  }
  for (const query of ['resourceTypes=AdminResourceType.GROUP_MEMBERSHIP', 'resourceTypes=group_membership'])
    assert.equal(await count(query), 1, query)
  assert.equal(await count('operationTypes=UPDATE&operationTypes=DELETE&resourceTypes=GROUP'), 2)
  assert.equal(await count('operationTypes=UPDATE,DELETE&resourceTypes=GROUP'), 2)
  assert.equal(
    await count('resourceTypes=AdminResourceType.GROUP&resourceTypes=AdminResourceType.USER'),
    all - 1 - untilReady,
  )
  assert.equal(await count('operationTypes=UPDATE&resourceTypes=GROUP_MEMBERSHIP'), 0)
  for (const query of ['operationTypes=NOTHING', 'resourceTypes=CLUSTER_NODE', "resourceTypes=' or 1=1 --"])
    assert.equal(await count(encodeURI(query)), 0, query)
  assert.equal(
    await count('operationTypes=&resourceTypes=&resourcePath=&authUser=&dateFrom=&first=&max='),
    all,
    'what is empty counts as absent',
  )
})

test('a resource path is exact, * stands for one part, and at the end for the rest', async () => {
  await using t = await startTestApp()
  const [a, b] = [await t.invite('a@example.com'), await t.invite('b@example.com')]
  const [g, h] = [await t.addGroup('g', [a, b]), await t.addGroup('h', [a])]
  await t.post(`/api/service/users/${a}/roles/update`, { roleId: await t.roleId('$guest') })
  const cases: readonly (readonly [path: string, found: readonly string[]])[] = [
    [`groups/${g}`, [`groups/${g}`]],
    ['groups/*', [`groups/${g}`, `groups/${h}`]],
    [`users/${a}/groups/${g}`, [`users/${a}/groups/${g}`]],
    [`users/${a}/groups/*`, [`users/${a}/groups/${g}`, `users/${a}/groups/${h}`]],
    [`users/*/groups/${g}`, [`users/${a}/groups/${g}`, `users/${b}/groups/${g}`]],
    [`users/${a}/role-mappings/realm`, [`users/${a}/role-mappings/realm`]],
    [`users/${a}/role-mappings/*`, [`users/${a}/role-mappings/realm`]],
    ['users/*/role-mappings/realm', [`users/${a}/role-mappings/realm`]],
    [`users/${b}/*`, [`users/${b}/execute-actions-email`, `users/${b}/groups/${g}`]],
    [`users/${g}/*`, []],
    ['groups', []],
    [`groups/${g}/`, []],
    [`groups/${g.toUpperCase()}`, []],
    [`groups/${g.slice(0, -1)}*`, []],
    [`/groups/${g}`, []],
    ['groups/%', []],
  ]
  for (const [path, found] of cases) {
    const paths = await pathsFor(t, `resourcePath=${encodeURIComponent(path)}`)
    assert.deepEqual([...new Set(paths)].toSorted(), found.toSorted(), path)
  }
  const all = await pathsFor(t, '')
  assert.deepEqual(await pathsFor(t, 'resourcePath=*'), all)
  assert.deepEqual(await pathsFor(t, `resourcePath=groups/*&resourceTypes=USER`), [])
  assert.deepEqual(
    await pathsFor(t, `resourcePath=users/*&resourceTypes=GROUP_MEMBERSHIP`).then((paths) => paths.length),
    3,
  )
})

test('days are those of UTC, and both count whole', async () => {
  await using t = await startTestApp()
  const start = Date.parse('2026-03-01T00:00:00.000Z')
  t.clock.advance(start - 1 - t.clock.now().getTime())
  const groups: string[] = []
  for (const ms of [0, 1, dayMs - 1, 1]) {
    t.clock.advance(ms)
    groups.push(await t.addGroup(`g${groups.length}`))
  }
  const found = async (query: string) =>
    (await pathsFor(t, `resourceTypes=GROUP&${query}`))
      .toReversed()
      .map((path) => groups.indexOf(path.slice('groups/'.length)))
  assert.deepEqual(await found('dateFrom=2026-03-01&dateTo=2026-03-01'), [1, 2])
  assert.deepEqual(await found('dateFrom=2026-03-01'), [1, 2, 3])
  assert.deepEqual(await found('dateTo=2026-03-01'), [0, 1, 2])
  assert.deepEqual(await found('dateFrom=2026-02-28&dateTo=2026-03-02'), [0, 1, 2, 3])
  assert.deepEqual(await found('dateFrom=2026-03-02&dateTo=2026-03-01'), [])
  assert.deepEqual(await found('dateFrom=2024-02-29&dateTo=9999-12-31'), [0, 1, 2, 3])
  for (const day of [
    '2026-02-29',
    '2026-02-31',
    '2026-13-01',
    '2026-00-10',
    '2026-1-1',
    '20260301',
    '2026-03-01T00:00:00Z',
    'yesterday',
    '1767323045000',
    '+02026-03-01',
  ]) {
    for (const name of ['dateFrom', 'dateTo']) {
      const { status, json } = await t.get(`/api/service/events/main?${name}=${encodeURIComponent(day)}`)
      assert.deepEqual([status, json.error], [400, 'invalid_request'], `${name} ${day}`)
      assert.match(json.message, new RegExp(name))
    }
  }
})

test('events are found by who acted, from where and through which client', async () => {
  await using t = await startTestApp()
  const admin = await t.addUser('admin01', '$admin')
  await t.addGroup('by service')
  const group = (await t.post('/api/service/groups', { group: { name: 'by_admin' } }, { token: admin.token })).json
    .group
  const byAdmin = (await ask(t, `resourcePath=groups/${group}`))[0]?.authDetails
  assert.ok(byAdmin !== undefined)
  const ctx = t.operator()
  await inTransaction(
    {
      ...ctx,
      actor: { ...ctx.actor, kind: 'user', id: admin.id, name: 'admin01' },
      origin: { ...ctx.origin, address: '192.0.2.7' },
    },
    (ctx) => recordEvent(ctx, { type: 'group.created', subjectId: 'by-console', data: { name: 'x' }, personal: {} }),
  )
  const all = await pathsFor(t, '')
  assert.deepEqual(await pathsFor(t, `authUser=${byAdmin.userId}`), [`groups/${group}`])
  assert.deepEqual(await pathsFor(t, `authClient=${byAdmin.clientId}`), [`groups/${group}`])
  assert.deepEqual(await pathsFor(t, 'authClient=atlan-frontend'), ['groups/by-console'])
  assert.deepEqual(await pathsFor(t, `authUser=${admin.id}`), ['groups/by-console'])
  assert.deepEqual(await pathsFor(t, 'authIpAddress=192.0.2.7'), ['groups/by-console'])
  assert.deepEqual(
    await pathsFor(t, 'authIpAddress=127.0.0.1').then((paths) => paths.length),
    all.length - 1 - (await pathsFor(t, 'authClient=system')).length,
  )
  assert.deepEqual(await pathsFor(t, 'authRealm=default'), all)
  for (const query of [
    'authRealm=master',
    'authClient=admin01',
    'authClient=nobody',
    'authUser=nobody',
    'authIpAddress=127.0.0',
  ])
    assert.deepEqual(await pathsFor(t, query), [], query)
  assert.deepEqual((await ask(t, 'authUser=' + admin.id))[0]?.authDetails, {
    clientId: 'atlan-frontend',
    ipAddress: '192.0.2.7',
    realmId: 'default',
    userId: admin.id,
  })
})
