import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp } from '../../test/start-test-app.ts'
import { arrange, bounded, expectEverywhere, hour, service, setMember, type Scene } from './testdata/bound-scene.ts'

test('the same user with other bounds gets these; with the same, nothing happens', async () => {
  const { t, group, userId, validFrom, expiresAt } = await arrange()
  await using _ = t
  const userTag = async () => (await t.get(`${service}/users/${userId}`)).headers.etag
  const before = await userTag()
  await setMember(t, group, userId, { validFrom, expiresAt })
  await setMember(t, group, userId, {
    validFrom: new Date(validFrom).toISOString(),
    expiresAt: new Date(expiresAt).toISOString(),
  })
  assert.equal(await userTag(), before)
  await setMember(t, group, userId, { expiresAt: expiresAt + 1 })
  assert.notEqual(await userTag(), before)
  assert.equal((await t.get(`${service}/users/${userId}`)).json.groupCount, 1)
  t.clock.advance(2 * hour)
  assert.equal((await t.get(`${service}/users/${userId}`)).json.groupCount, 1)
  t.clock.advance(1)
  assert.equal((await t.get(`${service}/users/${userId}`)).json.groupCount, 0)
  // Once over, it can be given again.
  await setMember(t, group, userId, { expiresAt: t.clock.now().getTime() + 1 })
  assert.equal((await t.get(`${service}/users/${userId}`)).json.groupCount, 1)
  assert.equal((await t.get(bounded(group))).json.totalRecord, 2)
})

/** Every way of adding somebody without bounds. */
const waysOfAdding: Readonly<Record<string, (scene: Scene) => Promise<unknown>>> = {
  'members of the group': ({ t, group, userId }) => t.post(`${service}/groups/${group}/members`, { users: [userId] }),
  'groups of the user': ({ t, group, userId }) => t.post(`${service}/users/${userId}/groups`, { groups: [group] }),
  'update of the user': ({ t, group, userId }) => t.post(`${service}/users/${userId}`, { groups: [group] }),
  'members without bounds': ({ t, group, userId }) => t.post(bounded(group), { members: [{ userId }] }),
}

for (const [way, add] of Object.entries(waysOfAdding)) {
  test(`adding somebody for good by ${way} makes a member of one who is yet to come, or was one`, async () => {
    for (const advance of [0, 2 * hour]) {
      const scene = await arrange()
      await using t = scene.t
      t.clock.advance(advance)
      await expectEverywhere(scene, false, 'before')
      await add(scene)
      await expectEverywhere(scene, true, 'after')
      t.clock.advance(100 * hour)
      await expectEverywhere(scene, true, 'for good')
    }
  })
}

/** Every way of removing somebody who is there. */
const waysOfRemoving: Readonly<Record<string, (scene: Scene) => Promise<unknown>>> = {
  'members/remove': ({ t, group, userId }) => t.post(`${service}/groups/${group}/members/remove`, { users: [userId] }),
  'update of the user': ({ t, userId }) => t.post(`${service}/users/${userId}`, { groups: [] }),
}

for (const [way, remove] of Object.entries(waysOfRemoving)) {
  test(`a time-bound member who is removed by ${way} is gone for good, and the counts are right`, async () => {
    const scene = await arrange()
    await using t = scene.t
    t.clock.advance(hour)
    await expectEverywhere(scene, true, 'before')
    await remove(scene)
    await expectEverywhere(scene, false, 'after')
    assert.equal((await t.get(bounded(scene.group))).json.totalRecord, 1)
  })
}

test('who is yet to come can be removed; an update of groups leaves them, since the record does not show them', async () => {
  const scene = await arrange()
  const { t, group, userId } = scene
  await using _ = t
  const other = await t.addGroup('other', [userId])
  await t.post(`${service}/users/${userId}`, { groups: [] })
  assert.equal((await t.get(`${service}/users/${userId}`)).json.groupCount, 0)
  assert.equal((await t.get(bounded(other))).json.totalRecord, 0)
  t.clock.advance(hour)
  await expectEverywhere(scene, true, 'as it was set')
  t.clock.advance(-1)
  await t.post(`${service}/groups/${group}/members/remove`, { users: [userId] })
  t.clock.advance(1)
  await expectEverywhere(scene, false, 'removed before')
})

test('a whole record sent back keeps the bounds of a membership', async () => {
  const scene = await arrange()
  const { t, userId } = scene
  await using _ = t
  t.clock.advance(hour)
  const { json, headers } = await t.get(`${service}/users/${userId}`)
  const answer = await t.post(`${service}/users/${userId}`, json, { headers: { 'if-match': String(headers.etag) } })
  assert.equal(answer.status, 200, answer.text)
  await expectEverywhere(scene, true, 'after')
  t.clock.advance(hour)
  await expectEverywhere(scene, false, 'at its end')
})

test('bounds between which nothing can hold are 400 and change nothing', async () => {
  const { t, group, userId } = await arrange()
  await using _ = t
  const now = t.clock.now().getTime()
  const stored = () => t.db.selectFrom('group_members').selectAll().orderBy('user_id').execute()
  const before = await stored()
  const bodies = [
    { members: [] },
    { members: [{ userId, expiresAt: now }] },
    { members: [{ userId, expiresAt: now - 1 }] },
    { members: [{ userId, validFrom: now + 2, expiresAt: now + 2 }] },
    { members: [{ userId, validFrom: now + 3, expiresAt: now + 2 }] },
    { members: [{ userId, expiresAt: 'tomorrow' }] },
    { members: [{ userId, expiresAt: '2026-02-30T00:00:00Z' }] },
    { members: [{ userId, expiresAt: -1 }] },
    { members: [{ userId, expiresAt: 1.5 }] },
    { members: [{ userId, expiresAt: Number.MAX_SAFE_INTEGER - 1 }] },
    { members: [{ userId, validFrom: Number.MAX_SAFE_INTEGER }] },
    { members: [{ userId, validFrom: '1969-12-31T23:59:59Z' }] },
    { members: [{ userId }, { userId, expiresAt: now + 1 }] },
    { members: [{ expiresAt: now + 1 }] },
    { members: [userId] },
    { users: [userId] },
    { members: Array.from({ length: 1_001 }, (_unused, index) => ({ userId: `u${index}` })) },
  ]
  for (const body of bodies) {
    const { status, json } = await t.post(bounded(group), body)
    assert.deepEqual([status, json.error], [400, 'invalid_body'], JSON.stringify(body).slice(0, 200))
  }
  const unknown = { members: [{ userId, expiresAt: now + 1 }, { userId: 'nobody' }] }
  assert.equal((await t.post(bounded(group), unknown)).json.error, 'user_not_found')
  assert.equal((await t.post(bounded('nothing'), { members: [{ userId }] })).json.error, 'group_not_found')
  assert.deepEqual(await stored(), before)
})

test('null bounds are open, and a beginning in the past begins at once', async () => {
  const { t, group, userId } = await arrange()
  await using _ = t
  await setMember(t, group, userId, { validFrom: null, expiresAt: null })
  const [, own] = (await t.get(bounded(group))).json.records
  assert.deepEqual([own.validFrom, own.expiresAt, own.state], [null, null, 'active'])
  await setMember(t, group, userId, { validFrom: '2020-01-01T00:00:00+01:00' })
  const [, later] = (await t.get(bounded(group))).json.records
  assert.deepEqual(
    [later.validFrom, later.expiresAt, later.state],
    [Date.parse('2019-12-31T23:00:00Z'), null, 'active'],
  )
  assert.equal((await t.get(`${service}/groups/${group}/members`)).json.totalRecord, 2)
})

test('deleting the user or the group leaves nothing of a time-bound membership', async () => {
  for (const what of ['user', 'group'] as const) {
    const { t, group, userId, validFrom } = await arrange()
    await using _ = t
    await t.post(`${service}/${what}s/${what === 'user' ? userId : group}/delete`)
    const rows = await t.db.selectFrom('group_members').select('user_id').where('user_id', '=', userId).execute()
    assert.deepEqual(rows, [], what)
    t.clock.advance(validFrom - t.clock.now().getTime())
    if (what === 'user') assert.equal((await t.get(`${service}/groups`)).json.records[0].userCount, 1)
    else assert.equal((await t.get(`${service}/users/${userId}`)).json.groupCount, 0)
  }
})

test('a group without time-bound members is never asked about the clock', async () => {
  await using t = await startTestApp()
  const userId = await t.invite('user01@example.com')
  const group = await t.addGroup('data', [userId])
  const counters = async () => {
    const row = await t.db.selectFrom('groups').select(['member_count', 'timed_members']).executeTakeFirstOrThrow()
    return [row.member_count, row.timed_members]
  }
  assert.deepEqual(await counters(), [1, 0])
  await setMember(t, group, userId, { expiresAt: t.clock.now().getTime() + hour })
  assert.deepEqual(await counters(), [0, 1])
  await t.post(`${service}/groups/${group}/members`, { users: [userId] })
  assert.deepEqual(await counters(), [1, 0])
})

test('50 changes of bounds, additions and removals at once leave the counts right', async () => {
  await using t = await startTestApp()
  const userIds = await Promise.all(
    Array.from({ length: 5 }, (_unused, index) => t.invite(`user0${index}@example.com`)),
  )
  const group = await t.addGroup('data')
  const expiresAt = t.clock.now().getTime() + hour
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_unused, index) => {
      const userId = userIds[index % 5] ?? ''
      if (index % 3 === 0) return t.post(`${service}/groups/${group}/members`, { users: [userId] })
      if (index % 7 === 0) return t.post(`${service}/groups/${group}/members/remove`, { users: [userId] })
      return t.post(bounded(group), { members: [{ userId, expiresAt: expiresAt + index }] })
    }),
  )
  for (const { status, text } of answers) assert.equal(status, 200, text)
  const rows = await t.db.selectFrom('group_members').select('is_timed').execute()
  const counted = await t.db.selectFrom('groups').select(['member_count', 'timed_members']).executeTakeFirstOrThrow()
  const timed = rows.filter((row) => row.is_timed === 1).length
  assert.deepEqual(counted, { member_count: rows.length - timed, timed_members: timed })
  const { json } = await t.get(`${service}/groups/${group}/members`)
  assert.deepEqual([json.totalRecord, json.count], [rows.length, rows.length])
})
