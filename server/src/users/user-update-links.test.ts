import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { eventTypesAbout, stateOf } from './testdata/people.ts'

async function addPersona(
  t: TestApp,
  name: string,
  subjects: { users?: string[]; groups?: string[] } = {},
): Promise<string> {
  const { json } = await t.post('/api/service/personas', { name })
  await t.post(`/api/service/personas/${json.id}/subjects`, { users: [], groups: [], ...subjects })
  return json.id
}

async function linksOf(t: TestApp, id: string): Promise<{ groups: string[]; persona: string[]; groupCount: number }> {
  const { groups, persona, groupCount } = (await t.get(`/api/service/users/${id}`)).json
  return { groups, persona, groupCount }
}

async function directPersonas(t: TestApp, id: string): Promise<string[]> {
  const { records } = (await t.get('/api/service/personas')).json
  return records
    .filter((persona: { users: string[] }) => persona.users.includes(id))
    .map((persona: { id: string }) => persona.id)
}

test('groups are a full replacement, and every group counts its members anew', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const [a, b, c] = [await t.addGroup('a', [id]), await t.addGroup('b', [id]), await t.addGroup('c')]
  assert.equal((await t.post(`/api/service/users/${id}`, { groups: [b, c, c] })).status, 200)
  assert.deepEqual(await linksOf(t, id), { groups: [b, c].toSorted(), persona: [], groupCount: 2 })
  const counts = Object.fromEntries(
    (await t.get('/api/service/groups')).json.records.map((group: { id: string; userCount: number }) => [
      group.id,
      group.userCount,
    ]),
  )
  assert.deepEqual(counts, { [a]: 0, [b]: 1, [c]: 1 })
  assert.deepEqual((await t.get(`/api/service/groups/${c}/members`)).json.records[0].id, id)
  assert.equal((await t.post(`/api/service/users/${id}`, { groups: [] })).status, 200)
  assert.deepEqual(await linksOf(t, id), { groups: [], persona: [], groupCount: 0 })
})

test('groups may come as objects, from newer Java models', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const group = await t.addGroup('a')
  assert.equal(
    (await t.post(`/api/service/users/${id}`, { groups: [{ id: group, name: 'a', path: '/a' }] })).status,
    200,
  )
  assert.deepEqual((await linksOf(t, id)).groups, [group])
})

test('an unknown group or persona is 404, and nothing of the update happens', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const group = await t.addGroup('a')
  const foreign = await t.addGroup('a', [], t.other)
  const before = await stateOf(t, id)
  for (const unknown of ['0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f13', 'a', '', foreign]) {
    const withGroup = await t.post(`/api/service/users/${id}`, { firstName: 'X', groups: [group, unknown] })
    assert.deepEqual([withGroup.status, withGroup.json.error], [404, 'group_not_found'], unknown)
    const withPersona = await t.post(`/api/service/users/${id}`, {
      firstName: 'X',
      groups: [group],
      persona: [unknown],
    })
    assert.deepEqual([withPersona.status, withPersona.json.error], [404, 'persona_not_found'], unknown)
  }
  assert.deepEqual(await stateOf(t, id), before)
})

test('persona is a full replacement of what is held directly; what comes through groups stays with the groups', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const group = await t.addGroup('a', [id])
  const direct = await addPersona(t, 'direct', { users: [id] })
  const inherited = await addPersona(t, 'inherited', { groups: [group] })
  const fresh = await addPersona(t, 'new')
  assert.deepEqual((await linksOf(t, id)).persona, [direct, inherited])
  await t.post(`/api/service/users/${id}`, { persona: [fresh, inherited] })
  assert.deepEqual((await linksOf(t, id)).persona, [inherited, fresh])
  assert.deepEqual(await directPersonas(t, id), [fresh])
  await t.post(`/api/service/users/${id}`, { persona: [] })
  assert.deepEqual((await linksOf(t, id)).persona, [inherited])
  assert.deepEqual(await directPersonas(t, id), [])
  const subjects = (await t.get(`/api/service/personas/${inherited}`)).json
  assert.deepEqual([subjects.users, subjects.groups], [[], [group]])
})

test('the lists as the record shows them are no change, in any order and with repeats', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const [a, b] = [await t.addGroup('a', [id]), await t.addGroup('b', [id])]
  const direct = await addPersona(t, 'direct', { users: [id] })
  const inherited = await addPersona(t, 'inherited', { groups: [a] })
  const before = await stateOf(t, id)
  for (const body of [
    { groups: [b, a], persona: [inherited, direct] },
    { groups: [a, b, a], persona: [direct, inherited, direct] },
  ]) {
    assert.equal((await t.post(`/api/service/users/${id}`, body)).status, 200)
  }
  assert.deepEqual(await stateOf(t, id), before)
})

test('a record sent back without one of its groups loses what came through the group, and holds nothing instead', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const group = await t.addGroup('a', [id])
  const direct = await addPersona(t, 'direct', { users: [id] })
  await addPersona(t, 'inherited', { groups: [group] })
  const record = (await t.get(`/api/service/users/${id}`)).json
  assert.equal(record.persona.length, 2)
  await t.post(`/api/service/users/${id}`, { ...record, groups: [] })
  assert.deepEqual(await linksOf(t, id), { groups: [], persona: [direct], groupCount: 0 })
  assert.deepEqual(await directPersonas(t, id), [direct])
})

test('personas in object form, purposes and counts in the body are ignored', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const persona = await addPersona(t, 'base')
  const before = await stateOf(t, id)
  const body = {
    personas: [{ id: persona, name: 'base', displayName: 'base', qualifiedName: 'x' }],
    purposes: [{ id: 'x' }],
    groupCount: 7,
    decentralizedRoles: [{ roleId: 'x' }],
  }
  assert.equal((await t.post(`/api/service/users/${id}`, body)).status, 200)
  assert.deepEqual(await stateOf(t, id), before)
})

test('each membership and persona that comes or goes is an event of its own', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const [a, b] = [await t.addGroup('a', [id]), await t.addGroup('b')]
  const persona = await addPersona(t, 'base')
  await t.post(`/api/service/users/${id}`, { groups: [b], persona: [persona] })
  assert.deepEqual((await eventTypesAbout(t, a)).at(-1), 'group.member_removed')
  assert.deepEqual((await eventTypesAbout(t, b)).at(-1), 'group.member_added')
  assert.deepEqual((await eventTypesAbout(t, persona)).at(-1), 'persona.subject_added')
  await t.post(`/api/service/users/${id}`, { groups: [b], persona: [] })
  assert.deepEqual((await eventTypesAbout(t, persona)).at(-1), 'persona.subject_removed')
})
