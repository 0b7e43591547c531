import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp } from '../../test/start-test-app.ts'
import { arrange, bounded, expectEverywhere, filter, hour, service, setMember } from './testdata/bound-scene.ts'

test('a member counts from the very millisecond of validFrom until the last before expiresAt, at every place', async () => {
  const scene = await arrange()
  await using t = scene.t
  await expectEverywhere(scene, false, 'when it is set')
  t.clock.advance(hour - 1)
  await expectEverywhere(scene, false, 'a millisecond before')
  t.clock.advance(1)
  await expectEverywhere(scene, true, 'at validFrom')
  t.clock.advance(hour - 1)
  await expectEverywhere(scene, true, 'in the last millisecond')
  t.clock.advance(1)
  await expectEverywhere(scene, false, 'at expiresAt')
})

test('a clock that is set back shows what holds then', async () => {
  const scene = await arrange()
  await using t = scene.t
  for (const [by, isMember] of [
    [hour, true],
    [hour, false],
    [-1, true],
    [-hour, false],
    [1, true],
  ] as const) {
    t.clock.advance(by)
    await expectEverywhere(scene, isMember, `by ${by}`)
  }
})

test('the list of memberships shows bounds and state, and can be asked for one state', async () => {
  const scene = await arrange()
  const { t, group, userId, validFrom, expiresAt } = scene
  await using _ = t
  const states = async (query = '') =>
    (await t.get(`${bounded(group)}${query}`)).json.records.map(({ username, state }: Record<string, string>) => [
      username,
      state,
    ])
  const addedAt = t.clock.now().getTime()
  const { json } = await t.get(bounded(group))
  assert.deepEqual([json.totalRecord, json.filterRecord, json.count], [2, 2, 2])
  assert.deepEqual(json.records[1], { userId, username: 'user01', validFrom, expiresAt, state: 'scheduled', addedAt })
  assert.deepEqual(
    [json.records[0].validFrom, json.records[0].expiresAt, json.records[0].state],
    [null, null, 'active'],
  )
  for (const [by, state] of [
    [hour - 1, 'scheduled'],
    [1, 'active'],
    [hour - 1, 'active'],
    [1, 'expired'],
  ] as const) {
    t.clock.advance(by)
    assert.deepEqual(await states(), [
      ['always', 'active'],
      ['user01', state],
    ])
    for (const asked of ['scheduled', 'active', 'expired']) {
      const found = await states(`?${filter({ state: asked })}`)
      assert.equal(found.length, Number(asked === state) + Number(asked === 'active'), `${asked} while ${state}`)
    }
  }
  assert.deepEqual(await states(`?${filter({ timeBound: true })}`), [['user01', 'expired']])
  assert.deepEqual(await states(`?${filter({ expiresAt: { $lte: expiresAt } })}`), [['user01', 'expired']])
  assert.deepEqual(await states(`?${filter({ validFrom: { $eq: 0 } })}`), [])
  assert.deepEqual(await states('?sort=-username&limit=1'), [['user01', 'expired']])
  assert.deepEqual(Object.keys((await t.get(`${bounded(group)}?columns=state`)).json.records[0]), ['userId', 'state'])
})

test('the entity tag of a user changes at each bound and at no other time, and an older one is refused', async () => {
  const { t, userId } = await arrange()
  await using _ = t
  const tag = async () => String((await t.get(`${service}/users/${userId}`)).headers.etag)
  const send = async (etag: string) =>
    (await t.post(`${service}/users/${userId}`, {}, { headers: { 'if-match': etag } })).status
  const tags = [await tag()]
  for (const [by, changes] of [
    [hour - 1, false],
    [1, true],
    [hour - 1, false],
    [1, true],
    [hour, false],
  ] as const) {
    t.clock.advance(by)
    const [now, last = ''] = [await tag(), tags.at(-1)]
    assert.equal(now !== last, changes, `by ${by}`)
    assert.equal(await send(last), changes ? 412 : 200)
    assert.equal(await send(now), 200)
    tags.push(now)
  }
  assert.equal(new Set(tags).size, 3)
})

test('the entity tag of a group changes at each bound too', async () => {
  const { t, group } = await arrange()
  await using _ = t
  const update = (etag?: string) =>
    t.post(`${service}/groups/${group}`, {}, etag === undefined ? {} : { headers: { 'if-match': etag } })
  const tags = new Set<string>()
  for (const by of [0, hour - 1, 1, hour - 1, 1, hour]) {
    t.clock.advance(by)
    const etag = String((await update()).headers.etag)
    for (const older of tags) assert.equal((await update(older)).status, older === etag ? 200 : 412)
    tags.add(etag)
  }
  assert.equal(tags.size, 3)
})

test('groups sort by how many members they have at the instant, both ways and page by page', async () => {
  await using t = await startTestApp()
  const [one = '', two = '', three = ''] = await Promise.all(
    ['u1', 'u2', 'u3'].map((name) => t.invite(`${name}@example.com`)),
  )
  const [a, b, c] = [await t.addGroup('a', [one]), await t.addGroup('b', [one, two]), await t.addGroup('c')]
  const validFrom = t.clock.now().getTime() + hour
  for (const userId of [one, two, three]) await setMember(t, c, userId, { validFrom, expiresAt: validFrom + hour })
  const order = async (sort: string) => {
    const names: string[] = []
    for (let offset = 0; offset < 3; offset += 1) {
      const { json } = await t.get(`${service}/groups?sort=${sort}&limit=1&offset=${offset}`)
      assert.deepEqual([json.totalRecord, json.filterRecord], [3, 3])
      names.push(json.records[0].name)
    }
    return names.join('')
  }
  for (const [by, up] of [
    [0, 'cab'],
    [hour - 1, 'cab'],
    [1, 'abc'],
    [hour - 1, 'abc'],
    [1, 'cab'],
  ] as const) {
    t.clock.advance(by)
    assert.equal(await order('userCount'), up)
    assert.equal(await order('-userCount'), up.split('').toReversed().join(''))
    const filtered = await t.get(`${service}/groups?sort=-userCount&${filter({ id: { $in: [a, b, c] } })}`)
    assert.equal(
      filtered.json.records.map(({ name }: { name: string }) => name).join(''),
      up.split('').toReversed().join(''),
    )
  }
})
