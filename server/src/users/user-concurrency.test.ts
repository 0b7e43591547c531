import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { eventTypesAbout, invitePeople, usersAddress } from './testdata/people.ts'

test('50 updates of one user at once lose nothing', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      t.post(`/api/service/users/${id}`, { attributes: { [`key${index}`]: [String(index)] } }),
    ),
  )
  for (const answer of answers) assert.equal(answer.status, 200, answer.text)
  const { attributes } = (await t.get(`/api/service/users/${id}`)).json
  for (let index = 0; index < 50; index += 1) assert.deepEqual(attributes[`key${index}`], [String(index)])
  assert.equal((await eventTypesAbout(t, id)).filter((type) => type === 'user.updated').length, 50)
})

test('updates of different fields at once all stay', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const group = await t.addGroup('data')
  const { json: persona } = await t.post('/api/service/personas', { name: 'base' })
  const changes = [
    { firstName: 'A' },
    { lastName: 'B' },
    { attributes: { skills: ['x'] } },
    { enabled: false },
    { workspaceRole: '$guest' },
    { groups: [group] },
    { persona: [persona.id] },
    { email: 'new@example.com' },
  ]
  const answers = await Promise.all(changes.map((change) => t.post(`/api/service/users/${id}`, change)))
  for (const answer of answers) assert.equal(answer.status, 200, answer.text)
  const { firstName, lastName, attributes, enabled, workspaceRole, groups, email } = (
    await t.get(`/api/service/users/${id}`)
  ).json
  assert.deepEqual(
    { firstName, lastName, skills: attributes.skills, enabled, workspaceRole, groups, email },
    {
      firstName: 'A',
      lastName: 'B',
      skills: ['x'],
      enabled: false,
      workspaceRole: '$guest',
      groups: [group],
      email: 'new@example.com',
    },
  )
})

test('of many updates made against one version exactly one happens', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  for (let round = 0; round < 5; round += 1) {
    const headers = { 'if-match': String((await t.get(`/api/service/users/${id}`)).headers.etag) }
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        t.post(`/api/service/users/${id}`, { firstName: `r${round}-${index}` }, { headers }),
      ),
    )
    assert.deepEqual(answers.map((answer) => answer.status).toSorted(), [200, ...Array.from({ length: 9 }, () => 412)])
    const winner = answers.find((answer) => answer.status === 200)
    assert.equal((await t.get(`/api/service/users/${id}`)).json.firstName, winner?.json.firstName)
  }
})

test('memberships changed from both sides at once end in one state, and the counts fit it', async () => {
  await using t = await startTestApp()
  const ids = await invitePeople(t, [{ username: 'user01' }, { username: 'user02' }, { username: 'user03' }])
  const groups = [await t.addGroup('a'), await t.addGroup('b'), await t.addGroup('c')]
  const work = Array.from({ length: 36 }, (_unused, index) => {
    const id = ids[index % 3] ?? ''
    const group = groups[Math.floor(index / 3) % 3] ?? ''
    switch (index % 4) {
      case 0:
        return t.post(`/api/service/users/${id}`, { groups: [group] })
      case 1:
        return t.post(`/api/service/groups/${group}/members`, { users: ids })
      case 2:
        return t.post(`/api/service/groups/${group}/members/remove`, { users: [id] })
      default:
        return t.post(`/api/service/users/${id}/groups`, { groups })
    }
  })
  for (const answer of await Promise.all(work)) assert.equal(answer.status, 200, answer.text)
  await requireTrueCounts(t)
})

test('personas given and taken from both sides at once end in one state that both sides show', async () => {
  await using t = await startTestApp()
  const ids = await invitePeople(
    t,
    ['a', 'b', 'c', 'd'].map((username) => ({ username })),
  )
  const personas: string[] = []
  for (const name of ['a', 'b', 'c']) personas.push((await t.post('/api/service/personas', { name })).json.id)
  const work = Array.from({ length: 24 }, (_unused, index) =>
    index % 2 === 0
      ? t.post(`/api/service/users/${ids[index % 4]}`, { persona: index % 3 === 0 ? [] : personas })
      : t.post(`/api/service/personas/${personas[index % 3]}/subjects`, {
          users: index % 4 === 1 ? ids : [],
          groups: [],
        }),
  )
  for (const answer of await Promise.all(work)) assert.equal(answer.status, 200, answer.text)
  const users = (await t.get(usersAddress({ limit: 100 }))).json.records
  for (const persona of (await t.get('/api/service/personas')).json.records) {
    const holders = users
      .filter((user: { persona: string[] }) => user.persona.includes(persona.id))
      .map((user: { id: string }) => user.id)
    assert.deepEqual(holders.toSorted(), persona.users.toSorted(), persona.name)
  }
})

test('invitations, deletions, role changes and updates at once leave true totals', async () => {
  await using t = await startTestApp()
  await t.addUser('admin00', '$admin')
  const group = await t.addGroup('first')
  await t.post(`/api/service/groups/${group}`, { attributes: { isDefault: ['true'] } })
  const ids = await invitePeople(
    t,
    Array.from({ length: 12 }, (_, index) => ({
      username: `old${index}`,
      roleName: index % 2 === 0 ? '$admin' : '$member',
    })),
  )
  const guest = await t.roleId('$guest')
  const work = ids.flatMap((id, index) => [
    invitePeople(t, [
      { username: `new${index}`, roleName: index % 2 === 0 ? '$guest' : '$admin' },
      { username: `more${index}` },
    ]).then(() => 200),
    index % 3 === 0
      ? t.post(`/api/service/users/${id}/delete`).then(({ status }) => status)
      : t.post(`/api/service/users/${id}`, { groups: [] }).then(({ status }) => status),
    t
      .put(`/api/service/users/${id}/roles`, { roles: [guest] })
      .then(({ status }) => (index % 3 === 0 && status === 404 ? 204 : status)),
  ])
  for (const status of await Promise.all(work)) assert.ok(status === 200 || status === 204, String(status))
  const { json } = await t.get(usersAddress({ limit: 100 }))
  assert.deepEqual([json.totalRecord, json.records.length], [33, 33])
  await requireTrueCounts(t)
})

/** What is kept as a number must be what counting finds. */
async function requireTrueCounts(t: TestApp): Promise<void> {
  const users = (await t.get(usersAddress({ limit: 100 }))).json.records
  for (const group of (await t.get('/api/service/groups?limit=100')).json.records) {
    const members = users.filter((user: { groups: string[] }) => user.groups.includes(group.id))
    assert.equal(group.userCount, members.length, group.name)
  }
  for (const role of (await t.get('/api/service/roles')).json.records) {
    const holders = users.filter((user: { workspaceRole: string }) => user.workspaceRole === role.name)
    assert.equal(role.memberCount, String(holders.length), role.name)
  }
}
