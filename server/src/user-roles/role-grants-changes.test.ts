import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WorkspaceRole } from '../access/permissions.ts'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { changeSettings } from '../users/testdata/people.ts'
import { arrange, counts, expectEverywhere, grant, grants, hour } from './testdata/grant-scene.ts'

test('the same role again changes the bounds; the same bounds again change nothing', async () => {
  const { t, userId, validFrom, expiresAt } = await arrange()
  await using _ = t
  const tag = async () => (await t.get(`/api/service/users/${userId}`)).headers.etag
  const before = await tag()
  await grant(t, userId, '$admin', { validFrom, expiresAt })
  assert.equal(await tag(), before)
  await grant(t, userId, '$admin', { expiresAt: validFrom })
  assert.notEqual(await tag(), before)
  assert.equal((await t.get(`/api/service/users/${userId}`)).json.workspaceRole, '$admin')
  assert.equal((await t.get(grants(userId))).json.totalRecord, 1)
  t.clock.advance(hour)
  assert.equal((await t.get(`/api/service/users/${userId}`)).json.workspaceRole, '$member')
})

test('removing a grant ends it at once, and a repeat changes nothing', async () => {
  const scene = await arrange()
  const { t, userId } = scene
  await using _ = t
  t.clock.advance(hour)
  await expectEverywhere(scene, '$admin', 'before')
  const path = `${grants(userId)}/${await t.roleId('$admin')}`
  for (let repeat = 0; repeat < 2; repeat += 1) {
    assert.equal((await t.delete(path)).status, 200)
    await expectEverywhere(scene, '$member', 'after')
  }
  assert.equal((await t.delete(`${grants(userId)}/nothing`)).status, 200)
  assert.equal((await t.delete(`${grants('nobody')}/nothing`)).json.error, 'user_not_found')
})

test('two grants of one user never hold at one time; one after the other they may', async () => {
  const { t, userId, validFrom, expiresAt } = await arrange()
  await using _ = t
  const roleId = await t.roleId('$guest')
  for (const bounds of [
    { expiresAt: validFrom + 1 },
    { validFrom, expiresAt },
    { validFrom: expiresAt - 1, expiresAt: expiresAt + 1 },
    { expiresAt: expiresAt + hour },
  ]) {
    const { status, json } = await t.post(grants(userId), { roleId, ...bounds })
    assert.deepEqual([status, json.error], [409, 'role_grant_conflict'], JSON.stringify(bounds))
  }
  await grant(t, userId, '$guest', { validFrom: expiresAt, expiresAt: expiresAt + hour })
  const roleAt = async (at: number) => {
    t.clock.advance(at - t.clock.now().getTime())
    return (await t.get(`/api/service/users/${userId}`)).json.workspaceRole
  }
  assert.equal(await roleAt(expiresAt - 1), '$admin')
  assert.equal(await roleAt(expiresAt), '$guest')
  assert.equal(await roleAt(expiresAt + hour), '$member')
  // What is over is in nobody's way.
  await grant(t, userId, '$admin', { expiresAt: expiresAt + 2 * hour })
})

test('a grant needs an end, a workspace role by its id, and one that is not the user’s own', async () => {
  const { t, userId } = await arrange()
  await using _ = t
  const expiresAt = t.clock.now().getTime() + 10 * hour
  const ask = async (body: object) => (await t.post(grants(userId), body)).json.error
  const roleId = await t.roleId('$guest')
  assert.equal(await ask({ roleId }), 'invalid_body')
  assert.equal(await ask({ roleId, expiresAt: null }), 'invalid_body')
  assert.equal(await ask({ roleId, expiresAt: t.clock.now().getTime() }), 'invalid_body')
  assert.equal(await ask({ expiresAt }), 'invalid_body')
  assert.equal(await ask({ roleId: '$guest', expiresAt }), 'role_not_found')
  assert.equal(await ask({ roleId: await t.roleId('$guest', t.other), expiresAt }), 'role_not_found')
  assert.equal(await ask({ roleId: await t.roleId('$governance-admin'), expiresAt }), 'role_not_found')
  assert.equal(await ask({ roleId: await t.roleId('$member'), expiresAt }), 'role_grant_conflict')
})

/** Every way of deciding about a user's role. */
const waysOfChanging: Readonly<Record<string, (t: TestApp, userId: string, role: WorkspaceRole) => Promise<unknown>>> =
  {
    'POST roles/update': async (t, userId, role) =>
      t.post(`/api/service/users/${userId}/roles/update`, { roleId: await t.roleId(role) }),
    'PUT roles': async (t, userId, role) =>
      t.put(`/api/service/users/${userId}/roles`, { roles: [await t.roleId(role)] }),
    'update of workspaceRole': (t, userId, role) => t.post(`/api/service/users/${userId}`, { workspaceRole: role }),
  }

for (const [way, change] of Object.entries(waysOfChanging)) {
  test(`${way} during a grant shows its role at the next read, for good, and ends every grant`, async () => {
    for (const role of ['$guest', '$member'] as const) {
      const scene = await arrange()
      const { t, userId } = scene
      await using _ = t
      t.clock.advance(hour)
      await expectEverywhere(scene, '$admin', 'before')
      await change(t, userId, role)
      await expectEverywhere(scene, role, 'at once')
      t.clock.advance(10 * hour)
      await expectEverywhere(scene, role, 'for good')
      assert.equal((await t.get(grants(userId))).json.totalRecord, 0)
    }
  })
}

test('the granted role given for good stays at the end; the role the user has anyway leaves a later grant alone', async () => {
  const scene = await arrange()
  const { t, userId } = scene
  await using _ = t
  await t.post(`/api/service/users/${userId}/roles/update`, { roleId: await t.roleId('$member') })
  assert.equal((await t.get(grants(userId))).json.totalRecord, 1)
  t.clock.advance(hour)
  await t.post(`/api/service/users/${userId}/roles/update`, { roleId: await t.roleId('$admin') })
  t.clock.advance(10 * hour)
  await expectEverywhere(scene, '$admin', 'for good')
})

test('a whole record sent back during a grant does not make the granted role one’s own', async () => {
  const scene = await arrange()
  const { t, userId, token } = scene
  await using _ = t
  t.clock.advance(hour)
  const { json } = await t.get(`/api/service/users/${userId}`)
  for (const as of [{}, { token }]) assert.equal((await t.post(`/api/service/users/${userId}`, json, as)).status, 200)
  t.clock.advance(hour)
  await expectEverywhere(scene, '$member', 'at its end')
})

test('a pending user can be granted a role, and an invitation by an inviter who is admin no longer gives the least', async () => {
  await using t = await startTestApp()
  await t.addUser('admin01', '$admin')
  const inviter = await t.addUser('user01')
  await grant(t, inviter.id, '$admin', { expiresAt: t.clock.now().getTime() + hour })
  const invite = async (name: string) => {
    const email = `${name}@example.com`
    const { json } = await t.post('/api/service/users', { emails: [email] }, { token: inviter.token })
    return json.createdUsers[email]
  }
  const accept = async (id: string, username: string) => {
    const body = { token: await t.invitationToken(id), username, password: 'correct horse battery staple' }
    return t.post('/auth/accept-invite', body, { token: null })
  }
  const [early, late] = [await invite('early'), await invite('late')]
  await grant(t, late, '$admin', { expiresAt: t.clock.now().getTime() + 2 * hour })
  await t.post(`/api/muster/users/${late}/sub-roles`, { roleId: await t.roleId('$governance-admin') })
  const role = async (id: string) => (await t.get(`/api/service/users/${id}`)).json.workspaceRole
  t.clock.advance(hour - 1)
  assert.equal(await role(late), '$admin')
  await accept(early, 'early')
  assert.equal(await role(early), '$member')
  t.clock.advance(1)
  await accept(late, 'late')
  // What was granted beside goes with the role of the invitation.
  assert.equal(await role(late), '$guest')
  assert.deepEqual((await t.get(`/api/service/users/${late}`)).json.roles, ['default-roles-default', '$guest'])
  assert.deepEqual(await counts(t), {
    $admin: '1',
    $member: '2',
    $guest: '1',
    '$governance-admin': '0',
    '$workflow-admin': '0',
  })
})

test('deleting a user takes grants along, and the counts are right at every instant', async () => {
  const { t, userId } = await arrange()
  await using _ = t
  t.clock.advance(hour)
  assert.equal((await t.post(`/api/service/users/${userId}/delete`)).status, 200)
  assert.equal((await counts(t))['$admin'], '1')
  assert.equal((await counts(t))['$member'], '0')
  assert.deepEqual(await t.db.selectFrom('role_grants').select('role_id').execute(), [])
})

test('an admin by grant is held to the settings of the workspace like every admin', async () => {
  const { t, token } = await arrange()
  await using _ = t
  await changeSettings(t, { apiMayDeactivateUsers: false })
  t.clock.advance(hour)
  const other = await t.invite('user02@example.com')
  const answer = await t.post(`/api/service/users/${other}`, { enabled: false }, { token })
  assert.equal(answer.json.error, 'api_deactivation_off')
})
