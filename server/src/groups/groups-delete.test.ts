import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp } from '../../test/start-test-app.ts'

test('deleting a group takes its links away and leaves its members', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const id = await t.addGroup('data', [user.id])
  const kept = await t.addGroup('kept', [user.id])
  const persona = (await t.post('/api/service/personas', { name: 'base' })).json.id
  const purpose = (await t.post('/api/service/purposes', { name: 'fraud' })).json.id
  await t.post(`/api/service/personas/${persona}/subjects`, { users: [], groups: [id, kept] })
  await t.post(`/api/muster/purposes/${purpose}/subjects`, { users: [], groups: [id] })
  const before = (await t.get(`/api/service/users/${user.id}`)).json
  assert.deepEqual([before.groupCount, before.persona.length, before.purposes.length], [2, 1, 1])

  const answer = await t.post(`/api/service/groups/${id}/delete`)
  assert.deepEqual([answer.status, answer.text], [200, ''])
  const after = (await t.get(`/api/service/users/${user.id}`)).json
  assert.deepEqual([after.groups, after.groupCount, after.enabled], [[kept], 1, true])
  assert.deepEqual(after.persona, [persona], 'the other group still brings the persona')
  assert.deepEqual(after.purposes, [])
  assert.deepEqual((await t.get(`/api/service/personas/${persona}`)).json.groups, [kept])
  assert.deepEqual((await t.get(`/api/service/purposes/${purpose}`)).json.groups, [])
  const groups = (await t.get('/api/service/groups')).json
  assert.deepEqual([groups.totalRecord, groups.filterRecord, groups.records.length], [1, 1, 1])
})

test('a deleted group is gone everywhere at once, and its name is free', async () => {
  await using t = await startTestApp()
  const user = await t.invite('user01@example.com')
  const id = await t.addGroup('data', [user])
  for (const body of [{}, undefined]) {
    const other = await t.addGroup('other')
    assert.equal((await t.post(`/api/service/groups/${other}/delete`, body)).status, 200)
  }
  const empty = await t.post(`/api/service/groups/${id}/delete`, undefined, {
    headers: { 'content-type': 'application/json', 'content-length': '0' },
  })
  assert.equal(empty.status, 200, 'official clients announce JSON and send nothing')
  const attempts = [
    t.post(`/api/service/groups/${id}/delete`),
    t.post(`/api/service/groups/${id}`, { alias: 'x' }),
    t.get(`/api/service/groups/${id}/members`),
    t.post(`/api/service/groups/${id}/members`, { users: [] }),
    t.post(`/api/service/groups/${id}/members/remove`, { users: [] }),
    t.post(`/api/service/users/${user}/groups`, { groups: [id] }),
    t.post(`/api/service/users/${user}`, { groups: [id] }),
  ]
  for (const { status, json } of await Promise.all(attempts))
    assert.deepEqual([status, json.error], [404, 'group_not_found'])
  assert.equal((await t.post('/api/service/groups', { group: { name: 'DATA' } })).status, 200)
})

test('while a group is deleted, parallel additions either come before it or find nothing', async () => {
  await using t = await startTestApp()
  const users = await Promise.all(Array.from({ length: 12 }, (_, n) => t.invite(`user${n}@example.com`)))
  const persona = (await t.post('/api/service/personas', { name: 'base' })).json.id
  for (let round = 0; round < 4; round += 1) {
    const id = await t.addGroup(`data${round}`)
    const work = [
      ...users.map((user) => t.post(`/api/service/groups/${id}/members`, { users: [user] })),
      t.post(`/api/service/groups/${id}/delete`),
      t.post(`/api/service/personas/${persona}/subjects`, { users: [], groups: [id] }),
    ]
    for (const { status, text } of await Promise.all(work)) assert.ok(status === 200 || status === 404, text)
    assert.deepEqual((await t.get(`/api/service/personas/${persona}`)).json.groups, [])
  }
  for (const user of users) assert.deepEqual((await t.get(`/api/service/users/${user}`)).json.groups, [])
  assert.equal((await t.get('/api/service/groups')).json.totalRecord, 0)
})
