import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { makeScimManaged } from './testdata/people.ts'

interface Scene {
  readonly t: TestApp
  readonly id: string
  readonly group: string
  readonly persona: string
  readonly purpose: string
}

/** A user in a group that has a persona and a purpose. */
async function arrange(): Promise<Scene> {
  const t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const group = await t.addGroup('data', [id])
  const { json: persona } = await t.post('/api/service/personas', { name: 'base', displayName: 'Base' })
  const { json: purpose } = await t.post('/api/service/purposes', { name: 'billing' })
  await t.post(`/api/service/personas/${persona.id}/subjects`, { users: [], groups: [group] })
  await t.post(`/api/muster/purposes/${purpose.id}/subjects`, { users: [], groups: [group] })
  return { t, id, group, persona: persona.id, purpose: purpose.id }
}

interface Case {
  readonly name: string
  readonly change: (scene: Scene) => Promise<unknown>
  /** The keys of the record that must look different afterwards. */
  readonly shows: readonly string[]
}

const cases: readonly Case[] = [
  {
    name: 'own fields',
    change: ({ t, id }) => t.post(`/api/service/users/${id}`, { firstName: 'New', attributes: { skills: ['x'] } }),
    shows: ['firstName', 'attributes'],
  },
  {
    name: 'address',
    change: ({ t, id }) => t.post(`/api/service/users/${id}`, { email: 'new@example.com' }),
    shows: ['email'],
  },
  {
    name: 'disabling',
    change: ({ t, id }) => t.post(`/api/service/users/${id}`, { enabled: false }),
    shows: ['enabled', 'status'],
  },
  {
    name: 'role',
    change: async ({ t, id }) => t.put(`/api/service/users/${id}/roles`, { roles: [await t.roleId('$guest')] }),
    shows: ['workspaceRole', 'roles'],
  },
  {
    name: 'acceptance',
    change: ({ t, id }) => accept(t, id),
    shows: ['status', 'emailVerified', 'username', 'firstName', 'lastName'],
  },
  {
    name: 'joining a group',
    change: async ({ t, id }) => t.post(`/api/service/groups/${await t.addGroup('more')}/members`, { users: [id] }),
    shows: ['groups', 'groupCount'],
  },
  { name: 'joining a new group', change: ({ t, id }) => t.addGroup('more', [id]), shows: ['groups', 'groupCount'] },
  {
    name: 'being added to groups',
    change: async ({ t, id }) => t.post(`/api/service/users/${id}/groups`, { groups: [await t.addGroup('more')] }),
    shows: ['groups', 'groupCount'],
  },
  {
    name: 'leaving a group',
    change: ({ t, id, group }) => t.post(`/api/service/groups/${group}/members/remove`, { users: [id] }),
    shows: ['groups', 'groupCount', 'persona', 'personas', 'purposes'],
  },
  {
    name: 'groups replaced',
    change: ({ t, id }) => t.post(`/api/service/users/${id}`, { groups: [] }),
    shows: ['groups', 'groupCount', 'persona', 'personas', 'purposes'],
  },
  {
    name: 'deletion of the group',
    change: ({ t, group }) => t.post(`/api/service/groups/${group}/delete`),
    shows: ['groups', 'groupCount', 'persona', 'personas', 'purposes'],
  },
  {
    name: 'persona given directly',
    change: async ({ t, id }) => t.post(`/api/service/users/${id}`, { persona: [await addPersona(t)] }),
    shows: ['persona', 'personas'],
  },
  {
    name: 'persona given by its subjects',
    change: async ({ t, id }) =>
      t.post(`/api/service/personas/${await addPersona(t)}/subjects`, { users: [id], groups: [] }),
    shows: ['persona', 'personas'],
  },
  {
    name: 'persona given to the group',
    change: async ({ t, group }) =>
      t.post(`/api/service/personas/${await addPersona(t)}/subjects`, { users: [], groups: [group] }),
    shows: ['persona', 'personas'],
  },
  {
    name: 'persona taken from the group',
    change: ({ t, persona }) => t.post(`/api/service/personas/${persona}/subjects`, { users: [], groups: [] }),
    shows: ['persona', 'personas'],
  },
  {
    name: 'persona renamed',
    change: ({ t, persona }) => t.post(`/api/service/personas/${persona}`, { name: 'other' }),
    shows: ['personas'],
  },
  {
    name: 'persona shown under another name',
    change: ({ t, persona }) => t.post(`/api/service/personas/${persona}`, { displayName: 'Other' }),
    shows: ['personas'],
  },
  {
    name: 'purpose taken from the group',
    change: ({ t, purpose }) => t.post(`/api/muster/purposes/${purpose}/subjects`, { users: [], groups: [] }),
    shows: ['purposes'],
  },
  {
    name: 'purpose given by its subjects',
    change: ({ t, id, purpose }) => t.post(`/api/muster/purposes/${purpose}/subjects`, { users: [id], groups: [] }),
    shows: [],
  },
  {
    name: 'new purpose given by its subjects',
    change: async ({ t, id }) =>
      t.post(`/api/muster/purposes/${await addPurpose(t)}/subjects`, { users: [id], groups: [] }),
    shows: ['purposes'],
  },
  {
    name: 'new purpose given to the group',
    change: async ({ t, group }) =>
      t.post(`/api/muster/purposes/${await addPurpose(t)}/subjects`, { users: [], groups: [group] }),
    shows: ['purposes'],
  },
  {
    name: 'purpose renamed',
    change: ({ t, purpose }) => t.post(`/api/service/purposes/${purpose}`, { name: 'other' }),
    shows: ['purposes'],
  },
]

async function addPersona(t: TestApp): Promise<string> {
  return (await t.post('/api/service/personas', { name: 'more' })).json.id
}

async function addPurpose(t: TestApp): Promise<string> {
  return (await t.post('/api/service/purposes', { name: 'more' })).json.id
}

async function accept(t: TestApp, id: string): Promise<unknown> {
  const body = {
    token: await t.invitationToken(id),
    username: 'chosen',
    firstName: 'F',
    lastName: 'L',
    password: 'correct horse battery staple',
  }
  return t.post('/auth/accept-invite', body, { token: null })
}

/** The record as every address shows it; they must agree. */
async function readEverywhere(t: TestApp, id: string): Promise<Record<string, unknown>> {
  const single = (await t.get(`/api/service/users/${id}`)).json
  const filter = encodeURIComponent(JSON.stringify({ id }))
  const listed = (await t.get(`/api/service/users?filter=${filter}`)).json.records[0]
  const columns = Object.keys(single).join(',')
  const projected = (await t.get(`/api/service/users?columns=${columns}&filter=${filter}`)).json.records[0]
  assert.deepEqual([listed, projected], [single, single])
  for (const groupId of single.groups) {
    const members = (await t.get(`/api/service/groups/${groupId}/members?filter=${filter}`)).json.records
    assert.deepEqual(members, [single])
  }
  return single
}

for (const { name, change, shows } of cases) {
  test(`a change by any path shows in the very next read, alone and in lists: ${name}`, async () => {
    const scene = await arrange()
    await using t = scene.t
    const before = await readEverywhere(t, scene.id)
    await change(scene)
    const after = await readEverywhere(t, scene.id)
    for (const key of shows) assert.notDeepEqual(after[key], before[key], key)
    const same = Object.keys(before).filter((key) => !shows.includes(key))
    for (const key of same) assert.deepEqual(after[key], before[key], key)
  })
}

test('a purpose held directly and through a group shows once, and goes when the last way goes', async () => {
  const { t, id, group, purpose } = await arrange()
  await using _ = t
  const held = async () => ((await readEverywhere(t, id))['purposes'] as unknown[]).length
  await t.post(`/api/muster/purposes/${purpose}/subjects`, { users: [id], groups: [group] })
  assert.equal(await held(), 1)
  await t.post(`/api/service/groups/${group}/delete`)
  assert.equal(await held(), 1)
  await t.post(`/api/muster/purposes/${purpose}/subjects`, { users: [], groups: [] })
  assert.equal(await held(), 0)
})

test('what one tenant reads is never kept for another', async () => {
  await using t = await startTestApp()
  const acme = await t.invite('user01@example.com')
  const other = await t.invite('user01@example.com', '$guest', t.other)
  const auth = { token: t.other.token, host: t.other.host }
  for (let round = 0; round < 2; round += 1) {
    assert.equal((await t.get('/api/service/users')).json.records[0].id, acme)
    assert.equal((await t.get('/api/service/users', auth)).json.records[0].id, other)
    assert.equal((await t.get(`/api/service/users/${acme}`, auth)).status, 404)
    assert.equal((await t.get(`/api/service/users/${other}`)).status, 404)
  }
})

test('what an admin reads is never kept for a member, nor the other way round', async () => {
  await using t = await startTestApp()
  const member = await t.addUser('user01')
  const id = await t.invite('user02@example.com')
  await makeScimManaged(t, id)
  for (let round = 0; round < 2; round += 1) {
    assert.equal((await t.get(`/api/service/users/${id}`)).json.isScimUser, true)
    assert.equal((await t.get(`/api/service/users/${id}`, { token: member.token })).json.isScimUser, undefined)
  }
})

test('reads between concurrent changes show a whole state, and the last read the last state', async () => {
  const { t, id } = await arrange()
  await using _ = t
  const writes = Array.from({ length: 20 }, (_unused, index) =>
    t.post(`/api/service/users/${id}`, { firstName: `n${index}`, lastName: `n${index}` }),
  )
  const reads = Array.from({ length: 40 }, () => t.get(`/api/service/users/${id}`))
  await Promise.all(writes)
  for (const { json } of await Promise.all(reads)) assert.equal(json.firstName, json.lastName)
  const { json: last } = await t.get(`/api/service/users/${id}`)
  const row = await t.db.selectFrom('users').select('first_name').where('id', '=', id).executeTakeFirstOrThrow()
  assert.equal(last.firstName, row.first_name)
})
