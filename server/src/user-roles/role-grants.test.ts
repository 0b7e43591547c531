import assert from 'node:assert/strict'
import { test } from 'node:test'
import { arrange, expectEverywhere, filter, grants, hour, places } from './testdata/grant-scene.ts'

for (const [own, granted] of [
  ['$member', '$admin'],
  ['$guest', '$member'],
  ['$member', '$guest'],
  ['$guest', '$admin'],
] as const) {
  test(`${own} granted ${granted}: it counts everywhere from the very millisecond until the last before the end`, async () => {
    const scene = await arrange(own, granted)
    await using t = scene.t
    await expectEverywhere(scene, own, 'when it is given')
    t.clock.advance(hour - 1)
    await expectEverywhere(scene, own, 'a millisecond before')
    t.clock.advance(1)
    await expectEverywhere(scene, granted, 'at validFrom')
    t.clock.advance(hour - 1)
    await expectEverywhere(scene, granted, 'in the last millisecond')
    t.clock.advance(1)
    await expectEverywhere(scene, own, 'at expiresAt')
  })
}

test('a clock that is set back shows the role of then, with nothing written in between', async () => {
  const scene = await arrange()
  await using t = scene.t
  const { token } = scene
  const role = async () => (await t.get('/api/service/whoami', { token })).json.workspaceRole
  assert.equal(await role(), '$member')
  for (const [by, expected] of [
    [hour, '$admin'],
    [hour, '$member'],
    [-1, '$admin'],
    [-hour, '$member'],
    [1, '$admin'],
    [-1, '$member'],
  ] as const) {
    t.clock.advance(by)
    assert.equal(await role(), expected, `by ${by}`)
    assert.equal(await places['what the token may do']?.(scene), expected, `by ${by}`)
  }
})

test('roles sort and filter by how many hold them at the instant', async () => {
  const { t } = await arrange('$guest', '$admin')
  await using _ = t
  await t.invite('member01@example.com')
  await t.invite('member02@example.com')
  for (const name of ['one', 'two', 'three']) await t.invite(`guest-${name}@example.com`, '$guest')
  const names = async (query: string) => {
    const level = { level: 'workspace' }
    const { json } = await t.get(`/api/service/roles?${query}`.replace('{}', encodeURIComponent(JSON.stringify(level))))
    return json.records.map(({ name }: { name: string }) => name)
  }
  // Four guests, two members, one admin; then one of the guests is an admin.
  assert.deepEqual(await names('sort=-memberCount&filter={}'), ['$guest', '$member', '$admin'])
  assert.deepEqual(await names(filter({ memberCount: 2 })), ['$member'])
  t.clock.advance(hour)
  assert.deepEqual(await names('sort=memberCount&filter={}').then((found) => found.at(-1)), '$guest')
  assert.deepEqual((await names(filter({ memberCount: 2 }))).toSorted(), ['$admin', '$member'])
  assert.deepEqual(await names(filter({ userCount: 3 })), ['$guest'])
  t.clock.advance(hour)
  assert.deepEqual(await names(filter({ userCount: 4 })), ['$guest'])
  assert.deepEqual(await names('sort=-memberCount&filter={}'), ['$guest', '$member', '$admin'])
})

test('a grant is listed with its bounds and its state, to admins and to oneself', async () => {
  const { t, userId, token, validFrom, expiresAt } = await arrange()
  await using _ = t
  const roleId = await t.roleId('$admin')
  const givenAt = t.clock.now().getTime()
  const { json } = await t.get(grants(userId))
  const [{ givenBy, ...record }] = json.records
  assert.deepEqual([json.totalRecord, json.filterRecord, json.count], [1, 1, 1])
  assert.match(givenBy, /^service-account-apikey-/)
  assert.deepEqual(record, {
    roleId,
    name: '$admin',
    description: 'Admin',
    validFrom,
    expiresAt,
    state: 'scheduled',
    givenAt,
  })
  for (const [by, state] of [
    [hour, 'active'],
    [hour, 'expired'],
  ] as const) {
    t.clock.advance(by)
    for (const as of [{}, { token }]) assert.equal((await t.get(grants(userId), as)).json.records[0].state, state)
    assert.equal((await t.get(`${grants(userId)}?${filter({ state })}`)).json.filterRecord, 1)
    assert.equal((await t.get(`${grants(userId)}?${filter({ state: 'scheduled' })}`)).json.filterRecord, 0)
  }
  const other = await t.invite('user02@example.com')
  assert.equal((await t.get(grants(other), { token })).json.error, 'insufficient_role')
})

test('the entity tag changes at each bound of a grant', async () => {
  const { t, userId } = await arrange()
  await using _ = t
  const tags: unknown[] = []
  for (const by of [0, hour - 1, 1, hour - 1, 1, hour]) {
    t.clock.advance(by)
    tags.push((await t.get(`/api/service/users/${userId}`)).headers.etag)
  }
  assert.deepEqual(
    tags.map((tag) => tags.indexOf(tag)),
    [0, 0, 2, 2, 4, 4],
  )
})
