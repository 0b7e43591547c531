import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'

const unknownId = '0190f2c4-0000-7000-8000-000000000000'

/** Personas and purposes hold people in the same way, at addresses of their own. */
const kinds = [
  {
    collection: '/api/service/personas',
    subjects: '/api/service/personas',
    missing: 'persona_not_found',
    key: 'personas',
  },
  {
    collection: '/api/service/purposes',
    subjects: '/api/muster/purposes',
    missing: 'purpose_not_found',
    key: 'purposes',
  },
] as const

type Kind = (typeof kinds)[number]

async function make(t: TestApp, kind: Kind, name: string) {
  const { json } = await t.post(kind.collection, { name, displayName: `Shown ${name}` })
  return { ...json, path: `${kind.subjects}/${json.id}/subjects`, readPath: `${kind.collection}/${json.id}` }
}

async function read(t: TestApp, owner: { readPath: string }) {
  const { users, groups } = (await t.get(owner.readPath)).json
  return { users: new Set(users), groups: new Set(groups) }
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return JSON.stringify(some.toSorted()) === JSON.stringify(others.toSorted())
}

for (const kind of kinds) {
  test(`subjects of ${kind.key} are replaced as a whole, and both lists are required`, async () => {
    await using t = await startTestApp()
    const owner = await make(t, kind, 'base')
    const users = [await t.invite('a@example.com'), await t.invite('b@example.com')]
    const groups = [await t.addGroup('g'), await t.addGroup('h')]
    const steps: readonly { users: string[]; groups: string[] }[] = [
      { users, groups: [] },
      { users: users.slice(0, 1), groups },
      { users: users.slice(0, 1), groups },
      { users: [...users, ...users], groups: groups.slice(1) },
      { users: [], groups: [] },
    ]
    for (const step of steps) {
      const { status, text } = await t.post(owner.path, step)
      assert.deepEqual([status, text], [200, ''])
      assert.deepEqual(await read(t, owner), { users: new Set(step.users), groups: new Set(step.groups) })
      const tag = (await t.get(owner.readPath)).headers['etag']
      await t.post(owner.path, step)
      assert.equal((await t.get(owner.readPath)).headers['etag'], tag, 'a repeat makes no new version')
    }
    await t.post(owner.path, { users, groups })
    const bad = [
      undefined,
      {},
      { users },
      { groups },
      { users, groups: null },
      { users: null, groups },
      { users: 'all', groups },
      { users: [1], groups },
    ]
    for (const body of bad) {
      const { status, json } = await t.post(owner.path, body)
      assert.deepEqual([status, json.error], [400, 'invalid_body'], JSON.stringify(body))
    }
    assert.deepEqual(await read(t, owner), { users: new Set(users), groups: new Set(groups) })
  })

  test(`one unknown user or group and nothing of ${kind.key} changes`, async () => {
    await using t = await startTestApp()
    const owner = await make(t, kind, 'base')
    const user = await t.invite('a@example.com')
    const group = await t.addGroup('g')
    await t.post(owner.path, { users: [user], groups: [] })
    const tag = (await t.get(owner.readPath)).headers['etag']
    const foreignUser = await t.invite('a@example.com', '$member', t.other)
    const foreignGroup = await t.addGroup('g', [], t.other)
    const count = async () => (await t.get('/api/service/events/main?max=1000')).json.length
    const events = await count()
    for (const [body, error] of [
      [{ users: [user, unknownId], groups: [group] }, 'user_not_found'],
      [{ users: [foreignUser], groups: [group] }, 'user_not_found'],
      [{ users: [group], groups: [] }, 'user_not_found'],
      [{ users: [], groups: [group, unknownId] }, 'group_not_found'],
      [{ users: [], groups: [foreignGroup] }, 'group_not_found'],
      [{ users: [], groups: [user] }, 'group_not_found'],
    ] as const) {
      const { status, json } = await t.post(owner.path, body)
      assert.deepEqual([status, json.error], [404, error])
    }
    const absent = await t.post(`${kind.subjects}/${unknownId}/subjects`, { users: [], groups: [] })
    assert.deepEqual([absent.status, absent.json.error], [404, kind.missing])
    assert.deepEqual(await read(t, owner), { users: new Set([user]), groups: new Set() })
    assert.equal((await t.get(owner.readPath)).headers['etag'], tag)
    assert.equal(await count(), events)
  })

  test(`${kind.key} show at once on users, directly and through groups, and on groups`, async () => {
    await using t = await startTestApp()
    const direct = await make(t, kind, 'direct')
    const inherited = await make(t, kind, 'inherited')
    const user = await t.addUser('user01')
    const group = await t.addGroup('g', [user.id])
    const shown = async () => {
      const record = (await t.get(`/api/service/users/${user.id}`)).json
      if (kind.key === 'personas')
        assert.deepEqual(
          record.persona,
          record.personas.map((persona: { id: string }) => persona.id),
        )
      return record[kind.key].map(({ name }: { name: string }) => name)
    }
    const onGroup = async () => (await t.get('/api/service/groups')).json.records[0][kind.key]
    const link = ({ id, name, displayName, qualifiedName }: Record<string, string>) =>
      kind.key === 'personas' ? { id, name, displayName, qualifiedName } : { id, guid: id, name, qualifiedName }
    assert.deepEqual([await shown(), await onGroup()], [[], []])
    await t.post(direct.path, { users: [user.id], groups: [] })
    assert.deepEqual(await shown(), ['direct'])
    await t.post(inherited.path, { users: [], groups: [group] })
    assert.deepEqual(await shown(), ['direct', 'inherited'])
    assert.deepEqual(await onGroup(), [link(inherited)])
    assert.deepEqual((await t.get(`/api/service/users/${user.id}`)).json[kind.key], [link(direct), link(inherited)])
    await t.post(direct.path, { users: [user.id], groups: [group] })
    assert.deepEqual(await shown(), ['direct', 'inherited'], 'once, though held twice')
    await t.post(direct.readPath, { name: 'renamed' })
    assert.deepEqual(await shown(), ['inherited', 'renamed'])
    await t.post(`/api/service/groups/${group}/members/remove`, { users: [user.id] })
    assert.deepEqual(await shown(), ['renamed'])
    await t.post(`/api/service/users/${user.id}/groups`, { groups: [group] })
    await t.post(direct.path, { users: [], groups: [] })
    assert.deepEqual(await shown(), ['inherited'])
    const members = (await t.get(`/api/service/groups/${group}/members`)).json.records
    assert.deepEqual(members[0][kind.key], [link(inherited)])
  })

  test(`a deleted user is no subject of ${kind.key} any more, whatever happens at the same time`, async () => {
    await using t = await startTestApp()
    const owner = await make(t, kind, 'base')
    const gone = await t.invite('gone@example.com')
    const stays = await t.invite('stays@example.com')
    await t.post(owner.path, { users: [gone, stays], groups: [] })
    const tag = (await t.get(owner.readPath)).headers['etag']
    await t.post(`/api/service/users/${gone}/delete`)
    assert.deepEqual(await read(t, owner), { users: new Set([stays]), groups: new Set() })
    assert.notEqual((await t.get(owner.readPath)).headers['etag'], tag)
    for (let round = 0; round < 3; round += 1) {
      const user = await t.invite(`race${round}@example.com`)
      const answers = await Promise.all([
        t.post(owner.path, { users: [user], groups: [] }),
        t.post(`/api/service/users/${user}/delete`),
      ])
      for (const { status, text } of answers) assert.ok(status === 200 || status === 404, text)
      assert.ok(!(await read(t, owner)).users.has(user))
    }
  })
}

test('of replacements at the same time one stands as a whole, and every record tells the same', async () => {
  await using t = await startTestApp()
  const owner = await make(t, kinds[0], 'base')
  const users = await Promise.all(Array.from({ length: 6 }, (_, n) => t.invite(`user${n}@example.com`)))
  const groups = [await t.addGroup('g'), await t.addGroup('h')]
  const sets = Array.from({ length: 15 }, (_, n) => ({
    users: users.filter((_user, index) => (n + index) % 3 === 0),
    groups: groups.filter((_group, index) => (n + index) % 2 === 0),
  }))
  for (let round = 0; round < 3; round += 1) {
    const answers = await Promise.all(sets.map((set) => t.post(owner.path, set)))
    for (const { status, text } of answers) assert.equal(status, 200, text)
    const now = (await t.get(owner.readPath)).json
    const stands = sets.some((set) => isSame(set.users, now.users) && isSame(set.groups, now.groups))
    assert.ok(stands, JSON.stringify(now))
    for (const user of users) {
      const { persona } = (await t.get(`/api/service/users/${user}`)).json
      assert.deepEqual(persona, now.users.includes(user) ? [owner.id] : [])
    }
    for (const group of (await t.get('/api/service/groups')).json.records) {
      assert.equal(group.personas.length, now.groups.includes(group.id) ? 1 : 0)
    }
  }
})

test("an admin sets a user's personas by the user's record; what comes through groups stays with the groups", async () => {
  await using t = await startTestApp()
  const user = await t.invite('a@example.com')
  const group = await t.addGroup('g', [user])
  const [a, b, c] = [await make(t, kinds[0], 'a'), await make(t, kinds[0], 'b'), await make(t, kinds[0], 'c')]
  await t.post(c.path, { users: [], groups: [group] })
  const shown = async (): Promise<string[]> => (await t.get(`/api/service/users/${user}`)).json.persona
  for (const [persona, direct, all] of [
    [
      [a.id, b.id],
      [a.id, b.id],
      [a.id, b.id, c.id],
    ],
    [[b.id, c.id], [b.id], [b.id, c.id]],
    [[a.id], [a.id], [a.id, c.id]],
    [[], [], [c.id]],
  ] as const) {
    assert.equal((await t.post(`/api/service/users/${user}`, { persona })).status, 200)
    assert.deepEqual(await shown(), all)
    for (const owner of [a, b, c]) {
      const users = direct.some((id) => id === owner.id) ? [user] : []
      assert.deepEqual((await t.get(owner.readPath)).json.users, users)
    }
  }
  const refused = await t.post(`/api/service/users/${user}`, { persona: [a.id, unknownId] })
  assert.deepEqual([refused.status, refused.json.error], [404, 'persona_not_found'])
  assert.deepEqual(await shown(), [c.id])
})

test('every subject that comes or goes is one event, and nothing is one of a repeat', async () => {
  await using t = await startTestApp()
  const owner = await make(t, kinds[0], 'base')
  const users = [await t.invite('a@example.com'), await t.invite('b@example.com')]
  const group = await t.addGroup('g')
  const events = async () => {
    const { json } = await t.get(`/api/service/events/main?resourcePath=personas/${owner.id}/subjects/*`)
    return json
      .map(
        (event: { operationType: string; resourcePath: string }) =>
          `${event.operationType} ${event.resourcePath.split('/').at(-1)}`,
      )
      .toSorted()
  }
  await t.post(owner.path, { users, groups: [group] })
  await t.post(owner.path, { users, groups: [group] })
  const added = [...users, group].map((id) => `CREATE ${id}`)
  assert.deepEqual(await events(), added.toSorted())
  await t.post(owner.path, { users: users.slice(1), groups: [] })
  assert.deepEqual(await events(), [...added, `DELETE ${users[0]}`, `DELETE ${group}`].toSorted())
})
