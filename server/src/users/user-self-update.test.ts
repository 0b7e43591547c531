import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp } from '../../test/start-test-app.ts'
import { stateOf } from './testdata/people.ts'

const roles = ['$member', '$guest'] as const

test('members and guests change their own names and attributes', async () => {
  await using t = await startTestApp()
  for (const role of roles) {
    const user = await t.addUser(`own${role.slice(1)}`, role)
    const body = { firstName: 'New', lastName: 'Name', attributes: { designation: ['Analyst'], anything: ['x'] } }
    const { status, json } = await t.post(`/api/service/users/${user.id}`, body, { token: user.token })
    assert.deepEqual(
      [status, json.firstName, json.lastName, json.attributes.designation],
      [200, 'New', 'Name', ['Analyst']],
      role,
    )
    assert.equal((await t.get(`/api/service/users/${user.id}`)).json.attributes.anything[0], 'x')
  }
})

test('their own record sent back whole changes nothing and is not refused', async () => {
  await using t = await startTestApp()
  for (const role of roles) {
    const user = await t.addUser(`own${role.slice(1)}`, role)
    await t.addGroup(`g${role.slice(1)}`, [user.id])
    const before = await stateOf(t, user.id)
    const { json: record } = await t.get(`/api/service/users/${user.id}`, { token: user.token })
    assert.equal((await t.post(`/api/service/users/${user.id}`, record, { token: user.token })).status, 200)
    assert.deepEqual(await stateOf(t, user.id), before)
  }
})

test('everything else about themselves is refused, and nothing of the update happens', async () => {
  await using t = await startTestApp()
  for (const role of roles) {
    const user = await t.addUser(`own${role.slice(1)}`, role)
    const group = await t.addGroup(`g${role.slice(1)}`)
    const { json: persona } = await t.post('/api/service/personas', { name: `p${role.slice(1)}` })
    const before = await stateOf(t, user.id)
    for (const change of [
      { email: 'new@example.com' },
      { enabled: false },
      { workspaceRole: '$admin' },
      { roles: ['$admin'] },
      { groups: [group] },
      { persona: [persona.id] },
      { groups: ['unknown'] },
      { persona: ['unknown'] },
      { workspaceRole: 'unknown' },
    ]) {
      const { status, json } = await t.post(
        `/api/service/users/${user.id}`,
        { firstName: 'X', ...change },
        { token: user.token },
      )
      assert.deepEqual([status, json.error], [403, 'insufficient_role'], `${role} ${JSON.stringify(change)}`)
    }
    for (const change of [{ id: group }, { username: 'other' }]) {
      assert.equal(
        (await t.post(`/api/service/users/${user.id}`, { firstName: 'X', ...change }, { token: user.token })).status,
        400,
      )
    }
    assert.deepEqual(await stateOf(t, user.id), before)
  }
})

test('they cannot leave their groups by sending fewer', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const group = await t.addGroup('data', [user.id])
  assert.equal((await t.post(`/api/service/users/${user.id}`, { groups: [] }, { token: user.token })).status, 403)
  assert.deepEqual((await t.get(`/api/service/users/${user.id}`)).json.groups, [group])
})

test('whatever they send about somebody else is refused in the same words, whether that person exists or not', async () => {
  await using t = await startTestApp()
  const colleague = await t.addUser('colleague01')
  const before = await stateOf(t, colleague.id)
  for (const role of roles) {
    const user = await t.addUser(`own${role.slice(1)}`, role)
    const headers = { 'x-atlan-request-id': 'same' }
    for (const body of [{ firstName: 'X' }, {}, { id: user.id }, { username: 'x' }, { enabled: true }]) {
      const real = await t.post(`/api/service/users/${colleague.id}`, body, { token: user.token, headers })
      const none = await t.post('/api/service/users/0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f13', body, {
        token: user.token,
        headers,
      })
      assert.deepEqual([real.status, real.json.error], [403, 'insufficient_role'])
      assert.equal(real.text, none.text)
    }
  }
  assert.deepEqual(await stateOf(t, colleague.id), before)
})

test('a service token is nobody’s self: with the role of a member it changes no user', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  for (const role of roles) {
    const token = await t.serviceToken(role)
    assert.equal((await t.post(`/api/service/users/${user.id}`, { firstName: 'X' }, { token })).status, 403)
  }
})
