import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { eventTypesAbout, stateOf } from './testdata/people.ts'

async function roleOf(t: TestApp, id: string): Promise<string> {
  const { workspaceRole, roles } = (await t.get(`/api/service/users/${id}`)).json
  assert.deepEqual(roles, ['default-roles-default', workspaceRole])
  return workspaceRole
}

test('the workspace role can be changed by either key, by name', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  for (const [body, role] of [
    [{ workspaceRole: '$admin' }, '$admin'],
    [{ roles: ['$guest'] }, '$guest'],
    [{ roles: ['default-roles-default', '$member'] }, '$member'],
    [{ roles: ['$admin'], workspaceRole: '$admin' }, '$admin'],
  ] as const) {
    assert.equal((await t.post(`/api/service/users/${id}`, body)).status, 200)
    assert.equal(await roleOf(t, id), role, JSON.stringify(body))
  }
})

test('of two keys the one that differs from the stored role counts: records are sent back with one of them changed', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const record = async () => (await t.get(`/api/service/users/${id}`)).json
  await t.post(`/api/service/users/${id}`, { ...(await record()), workspaceRole: '$guest' })
  assert.equal(await roleOf(t, id), '$guest')
  await t.post(`/api/service/users/${id}`, { ...(await record()), roles: ['default-roles-default', '$admin'] })
  assert.equal(await roleOf(t, id), '$admin')
})

test('two different new roles are refused, and nothing happens', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const before = await stateOf(t, id)
  for (const body of [{ workspaceRole: '$admin', roles: ['$guest'] }, { roles: ['$admin', '$guest'] }]) {
    const { status, json } = await t.post(`/api/service/users/${id}`, { ...body, firstName: 'X' })
    assert.deepEqual([status, json.error], [400, 'role_conflict'])
    assert.match(json.message, /\$admin/)
    assert.match(json.message, /\$guest/)
  }
  assert.deepEqual(await stateOf(t, id), before)
})

test('a role that does not exist is refused under either key, never passed over', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const before = await stateOf(t, id)
  const names = ['$superuser', 'admin', 'Admin', '$ADMIN', '', '$api-token-default-access', await t.roleId('$admin')]
  for (const name of names) {
    for (const body of [
      { workspaceRole: name },
      { roles: [name] },
      { roles: ['default-roles-default', '$member', name] },
    ]) {
      const { status, json } = await t.post(`/api/service/users/${id}`, { ...body, firstName: 'X' })
      assert.deepEqual([status, json.error], [400, 'role_not_found'], JSON.stringify(body))
    }
  }
  assert.match((await t.post(`/api/service/users/${id}`, { roles: ['Admin'] })).json.message, /\$admin/)
  assert.deepEqual(await stateOf(t, id), before)
})

test('the change is one event with both roles, and the stored role is none', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  await t.post(`/api/service/users/${id}`, { workspaceRole: '$member', roles: ['$member'] })
  assert.ok(!(await eventTypesAbout(t, id)).includes('user.role_changed'))
  await t.post(`/api/service/users/${id}`, { workspaceRole: '$guest' })
  const rows = await t.db.selectFrom('events').select('data').where('type', '=', 'user.role_changed').execute()
  assert.deepEqual(
    rows.map((row) => JSON.parse(row.data)),
    [{ from: '$member', to: '$guest' }],
  )
})
