import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp, type TestTenant } from '../../test/start-test-app.ts'

/** Repeatable draws, so that a failure can be met again. */
function draws(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

interface Listed {
  readonly id: string
  readonly userCount: number
  readonly memberCount: number
}

/** Every number the API shows about memberships against rows counted in the database. */
async function assertCountsAreReal(t: TestApp, tenant: TestTenant = t.acme): Promise<void> {
  const auth = { token: tenant.token, host: tenant.host }
  const rows = await t.db
    .selectFrom('group_members')
    .select(['group_id', 'user_id'])
    .where('tenant_id', '=', tenant.id)
    .execute()
  const groups = (await t.get('/api/service/groups?limit=100', auth)).json
  const users = (await t.get('/api/service/users?limit=100', auth)).json
  const known = await t.db.selectFrom('groups').select('id').where('tenant_id', '=', tenant.id).execute()
  assert.equal(groups.totalRecord, known.length)
  assert.equal(groups.records.length, known.length)
  for (const { id, userCount, memberCount } of groups.records as Listed[]) {
    const real = rows.filter((row) => row.group_id === id).length
    assert.deepEqual([userCount, memberCount], [real, real])
    const members = (await t.get(`/api/service/groups/${id}/members?limit=100`, auth)).json
    assert.deepEqual([members.totalRecord, members.filterRecord, members.records.length], [real, real, real])
  }
  for (const user of users.records) {
    const real = rows.filter((row) => row.user_id === user.id).map((row) => row.group_id)
    assert.deepEqual(user.groups.toSorted(), real.toSorted())
    assert.equal(user.groupCount, real.length)
    const own = (await t.get(`/api/service/users/${user.id}/groups`, auth)).json
    assert.deepEqual([own.totalRecord, own.records.length], [real.length, real.length])
  }
}

test('after any sequence of changes every count equals the rows', async () => {
  await using t = await startTestApp()
  const pick = draws(20_260_102)
  const users = await Promise.all(Array.from({ length: 8 }, (_, n) => t.invite(`user${n}@example.com`)))
  const groups = [await t.addGroup('g0'), await t.addGroup('g1')]
  const someOf = (list: readonly string[]) => list.filter(() => pick(2) === 0)
  const oneOf = (list: readonly string[]) => list[pick(list.length)] ?? ''
  for (let step = 0; step < 150; step += 1) {
    const changes: (() => Promise<unknown>)[] = [
      () => t.post(`/api/service/groups/${oneOf(groups)}/members`, { users: someOf(users) }),
      () => t.post(`/api/service/groups/${oneOf(groups)}/members/remove`, { users: someOf(users) }),
      () => t.post(`/api/service/users/${oneOf(users)}/groups`, { groups: someOf(groups) }),
      () => t.post(`/api/service/users/${oneOf(users)}`, { groups: someOf(groups) }),
      async () => groups.push(await t.addGroup(`g${step + 2}`, someOf(users))),
      () => t.post(`/api/service/groups/${oneOf(groups)}`, { attributes: { isDefault: [String(pick(2) === 0)] } }),
      async () => users.push(await t.invite(`late${step}@example.com`)),
      () =>
        groups.length < 3
          ? Promise.resolve()
          : t.post(`/api/service/groups/${groups.splice(pick(groups.length), 1)[0]}/delete`),
      () =>
        users.length < 5
          ? Promise.resolve()
          : t.post(`/api/service/users/${users.splice(pick(users.length), 1)[0]}/delete`),
    ]
    await changes[pick(changes.length)]?.()
  }
  assert.ok(groups.length > 2 && users.length > 4)
  await assertCountsAreReal(t)
})

test('50 additions and removals at once leave the counts right', async () => {
  await using t = await startTestApp()
  const pick = draws(7)
  const users = await Promise.all(Array.from({ length: 10 }, (_, n) => t.invite(`user${n}@example.com`)))
  const groups = [await t.addGroup('a', users.slice(0, 5)), await t.addGroup('b')]
  for (let round = 0; round < 3; round += 1) {
    const work = Array.from({ length: 50 }, (_, n) => {
      const some = users.filter(() => pick(3) === 0).toReversed()
      const group = groups[pick(2)] ?? ''
      const user = users[pick(users.length)] ?? ''
      if (n % 5 === 4)
        return t.post(`/api/service/users/${user}/groups`, { groups: pick(2) === 0 ? groups : groups.toReversed() })
      return t.post(`/api/service/groups/${group}/members${n % 2 === 0 ? '' : '/remove'}`, { users: some })
    })
    for (const { status, text } of await Promise.all(work)) assert.equal(status, 200, text)
    await assertCountsAreReal(t)
  }
})

test('50 additions of the same user at once make one membership and one event', async () => {
  await using t = await startTestApp()
  const user = await t.invite('user01@example.com')
  const group = await t.addGroup('data')
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => t.post(`/api/service/groups/${group}/members`, { users: [user] })),
  )
  for (const { status, json } of answers) assert.deepEqual([status, json], [200, { added: [user] }])
  await assertCountsAreReal(t)
  assert.equal((await t.get('/api/service/events/main?resourceTypes=GROUP_MEMBERSHIP')).json.length, 1)
  const removals = await Promise.all(
    Array.from({ length: 50 }, () => t.post(`/api/service/groups/${group}/members/remove`, { users: [user] })),
  )
  for (const { status } of removals) assert.equal(status, 200)
  await assertCountsAreReal(t)
  assert.equal((await t.get('/api/service/events/main?resourceTypes=GROUP_MEMBERSHIP')).json.length, 2)
})

test('users deleted while others add them leave no membership and no wrong count', async () => {
  await using t = await startTestApp()
  const groups = [await t.addGroup('a'), await t.addGroup('b')]
  for (let round = 0; round < 3; round += 1) {
    const users = await Promise.all(Array.from({ length: 4 }, (_, n) => t.invite(`r${round}u${n}@example.com`)))
    const work = users.flatMap((user) => [
      t.post(`/api/service/groups/${groups[0]}/members`, { users: [user] }),
      t.post(`/api/service/users/${user}/groups`, { groups }),
      t.post(`/api/service/users/${user}/delete`),
      t.post(`/api/service/groups/${groups[1]}/members`, { users: [user] }),
    ])
    for (const { status, text } of await Promise.all(work)) assert.ok(status === 200 || status === 404, text)
  }
  await assertCountsAreReal(t)
  assert.equal((await t.db.selectFrom('group_members').select('user_id').execute()).length, 0)
})

test('two tenants with the same names, changed in turns, stay as far apart as two servers', async () => {
  await using t = await startTestApp()
  const pick = draws(99)
  const worlds = [t.acme, t.other].map((tenant) => ({
    tenant,
    users: new Map<string, string>(),
    groups: new Map<string, { id: string; members: Set<string> }>(),
  }))
  for (const { tenant, users } of worlds) {
    for (let n = 0; n < 6; n += 1) users.set(`user${n}`, await t.invite(`user${n}@example.com`, '$member', tenant))
  }
  for (let step = 0; step < 200; step += 1) {
    const world = worlds[pick(2)] ?? worlds[0]
    if (world === undefined) throw new Error('no world')
    const auth = { token: world.tenant.token, host: world.tenant.host }
    const name = `team${pick(5)}`
    const username = `user${pick(6)}`
    const user = world.users.get(username) ?? ''
    const group = world.groups.get(name)
    if (group === undefined) {
      const { json } = await t.post('/api/service/groups', { group: { name } }, auth)
      world.groups.set(name, { id: json.group, members: new Set() })
    } else if (pick(10) === 0) {
      await t.post(`/api/service/groups/${group.id}/delete`, undefined, auth)
      world.groups.delete(name)
    } else if (pick(3) > 0) {
      assert.equal((await t.post(`/api/service/groups/${group.id}/members`, { users: [user] }, auth)).status, 200)
      group.members.add(username)
    } else {
      await t.post(`/api/service/groups/${group.id}/members/remove`, { users: [user] }, auth)
      group.members.delete(username)
    }
  }
  for (const { tenant, groups } of worlds) {
    await assertCountsAreReal(t, tenant)
    const auth = { token: tenant.token, host: tenant.host }
    const listed = (await t.get('/api/service/groups', auth)).json.records
    const expected = [...groups]
      .map(([name, { id, members }]) => [name, id, members.size])
      .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1))
    assert.deepEqual(
      listed.map((group: { name: string; id: string; userCount: number }) => [group.name, group.id, group.userCount]),
      expected,
    )
  }
})
