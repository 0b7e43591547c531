import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { stateOf } from './testdata/people.ts'

async function roleOf(t: TestApp, id: string): Promise<string> {
  return (await t.get(`/api/service/users/${id}`)).json.workspaceRole
}

/** Both addresses with one role id. */
function bothWays(t: TestApp, id: string, roleId: unknown, token = t.acme.token) {
  return [
    t.post(`/api/service/users/${id}/roles/update`, { roleId }, { token }),
    t.put(`/api/service/users/${id}/roles`, { roles: [roleId] }, { token }),
  ]
}

test('the official clients’ address answers 200 with nothing, under either spelling of the key', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  for (const [key, role] of [
    ['roleId', '$admin'],
    ['role_id', '$guest'],
  ] as const) {
    const answer = await t.post(`/api/service/users/${id}/roles/update`, { [key]: await t.roleId(role) })
    assert.deepEqual([answer.status, answer.text], [200, ''])
    assert.equal(await roleOf(t, id), role)
  }
})

test('the scripts’ address answers 204 with nothing, and the first workspace role of the list counts', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const [admin, member, guest] = [await t.roleId('$admin'), await t.roleId('$member'), await t.roleId('$guest')]
  for (const [roles, role] of [
    [[guest], '$guest'],
    [[admin, guest, member], '$admin'],
    [[member, admin], '$member'],
  ] as const) {
    const answer = await t.put(`/api/service/users/${id}/roles`, { roles })
    assert.deepEqual([answer.status, answer.text], [204, ''])
    assert.equal(await roleOf(t, id), role)
  }
})

test('the new role counts for the user’s tokens at the next request', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01', '$guest')
  const list = async () => (await t.get('/api/service/users', { token: user.token })).status
  assert.equal(await list(), 403)
  await t.post(`/api/service/users/${user.id}/roles/update`, { roleId: await t.roleId('$member') })
  assert.equal(await list(), 200)
  await t.post(`/api/service/users/${user.id}/roles/update`, { roleId: await t.roleId('$guest') })
  assert.equal(await list(), 403)
})

test('a name instead of an id is refused with the id to send', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const before = await stateOf(t, id)
  for (const role of ['$admin', '$member', '$guest'] as const) {
    const roleId = await t.roleId(role)
    for (const name of [
      role,
      role.slice(1),
      role.slice(1).toUpperCase(),
      `$${role.slice(1, 2).toUpperCase()}${role.slice(2)}`,
    ]) {
      for (const { status, json } of await Promise.all(bothWays(t, id, name))) {
        assert.deepEqual([status, json.error], [400, 'role_not_found'], name)
        assert.ok(json.message.includes(roleId), json.message)
      }
    }
  }
  assert.deepEqual(await stateOf(t, id), before)
})

test('what is the id of no workspace role of this workspace is refused, alone or behind a right one', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const before = await stateOf(t, id)
  const token = await t.db
    .selectFrom('roles')
    .select('id')
    .where('level', '=', 'token')
    .where('tenant_id', '=', t.acme.id)
    .executeTakeFirstOrThrow()
  const member = await t.roleId('$member')
  const strangers = [
    '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f10',
    await t.roleId('$admin', t.other),
    token.id,
    '',
    id,
    member.toUpperCase(),
    `${member} `,
  ]
  for (const stranger of strangers) {
    const list = t.put(`/api/service/users/${id}/roles`, { roles: [await t.roleId('$admin'), stranger] })
    for (const { status, json } of await Promise.all([...bothWays(t, id, stranger), list])) {
      assert.deepEqual([status, json.error], [400, 'role_not_found'], stranger)
    }
  }
  for (const body of [{ roles: [] }])
    assert.equal((await t.put(`/api/service/users/${id}/roles`, body)).json.error, 'role_not_found')
  for (const body of [{}, { roleId: null }, { roleId: '' }, { roleId: null, role_id: null }]) {
    assert.equal(
      (await t.post(`/api/service/users/${id}/roles/update`, body)).json.error,
      'role_not_found',
      JSON.stringify(body),
    )
  }
  assert.deepEqual(await stateOf(t, id), before)
})

test('a foreign role id gets the same words as one that never was', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const headers = { 'x-atlan-request-id': 'same' }
  const answers = await Promise.all(
    ['0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f10', await t.roleId('$admin', t.other)].map((roleId) =>
      t.post(`/api/service/users/${id}/roles/update`, { roleId }, { headers }),
    ),
  )
  assert.equal(answers[0]?.text, answers[1]?.text)
})

test('bodies of another form are refused', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const before = await stateOf(t, id)
  const roleId = await t.roleId('$admin')
  for (const body of [{ roleId: [roleId] }, { roleId: 5 }, { roleId: { id: roleId } }, [roleId], roleId, null]) {
    assert.equal(
      (await t.post(`/api/service/users/${id}/roles/update`, body)).json.error,
      'invalid_body',
      JSON.stringify(body),
    )
  }
  for (const body of [
    {},
    { roles: roleId },
    { roles: null },
    { roles: [5] },
    { roles: [null] },
    { roles: [[roleId]] },
    { roleId },
    [roleId],
  ]) {
    assert.equal((await t.put(`/api/service/users/${id}/roles`, body)).json.error, 'invalid_body', JSON.stringify(body))
  }
  assert.deepEqual(await stateOf(t, id), before)
})

test('a role is checked before the user is looked for', async () => {
  await using t = await startTestApp()
  const nobody = '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f13'
  for (const { json } of await Promise.all(bothWays(t, nobody, 'unknown'))) assert.equal(json.error, 'role_not_found')
  for (const { status, json } of await Promise.all(bothWays(t, nobody, await t.roleId('$guest')))) {
    assert.deepEqual([status, json.error], [404, 'user_not_found'])
  }
})

test('the same role again is no change, and a change is one event', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const before = await stateOf(t, id)
  const member = await t.roleId('$member')
  for (const { status } of await Promise.all(bothWays(t, id, member))) assert.ok(status === 200 || status === 204)
  assert.deepEqual(await stateOf(t, id), before)
  await t.put(`/api/service/users/${id}/roles`, { roles: [await t.roleId('$guest')] })
  const events = (await t.get('/api/service/events/main?resourceTypes=REALM_ROLE_MAPPING')).json
  assert.deepEqual(
    events.map((event: { resourcePath: string; representation: string }) => [event.resourcePath, event.representation]),
    [[`users/${id}/role-mappings/realm`, '{"from":"$member","to":"$guest"}']],
  )
})

test('members and guests change no role, not even their own', async () => {
  await using t = await startTestApp()
  const admin = await t.roleId('$admin')
  const colleague = await t.invite('user09@example.com')
  for (const role of ['$member', '$guest'] as const) {
    const user = await t.addUser(`own${role.slice(1)}`, role)
    const before = await stateOf(t, user.id)
    for (const roleId of [admin, 'unknown', '$admin']) {
      for (const id of [user.id, colleague, 'nobody']) {
        for (const { status, json } of await Promise.all(bothWays(t, id, roleId, user.token))) {
          assert.deepEqual([status, json.error], [403, 'insufficient_role'])
        }
      }
    }
    assert.deepEqual(await stateOf(t, user.id), before)
  }
})
