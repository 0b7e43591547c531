import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WorkspaceRole } from '../access/permissions.ts'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { stateOf } from '../users/testdata/people.ts'
import { waysOfTaking } from '../users/testdata/ways-of-taking.ts'

const hour = 3_600_000

async function grant(t: TestApp, userId: string, role: WorkspaceRole, bounds: object, token?: string) {
  const body = { roleId: await t.roleId(role), ...bounds }
  return t.post(`/api/muster/users/${userId}/role-grants`, body, token === undefined ? {} : { token })
}

function inHours(t: TestApp, hours: number): number {
  return t.clock.now().getTime() + hours * hour
}

async function expectNobodyTakes(t: TestApp, id: string, when: string): Promise<void> {
  for (const [way, take] of Object.entries(waysOfTaking))
    assert.equal((await take(t, id, t.acme.token)).json.error, 'last_admin', `${way}, ${when}`)
}

test('an admin by grant does not make up for the last one, however long the grant (V-R1)', async () => {
  await using t = await startTestApp()
  const admin = await t.addUser('admin01', '$admin')
  const member = await t.addUser('user01')
  assert.equal((await grant(t, member.id, '$admin', { expiresAt: '9999-12-31T23:59:59.999Z' })).status, 200)
  const before = await stateOf(t, admin.id)
  await expectNobodyTakes(t, admin.id, 'while the other is admin')
  for (const [way, take] of Object.entries(waysOfTaking))
    assert.equal((await take(t, admin.id, member.token)).json.error, 'last_admin', way)
  assert.deepEqual(await stateOf(t, admin.id), before)
})

test('the last admin is granted no other role, neither now nor later (V-R1)', async () => {
  await using t = await startTestApp()
  const admin = await t.addUser('admin01', '$admin')
  for (const bounds of [{ expiresAt: inHours(t, 1) }, { validFrom: inHours(t, 100), expiresAt: inHours(t, 101) }]) {
    for (const role of ['$member', '$guest'] as const) {
      for (const token of [undefined, admin.token])
        assert.equal((await grant(t, admin.id, role, bounds, token)).json.error, 'last_admin')
    }
  }
  assert.deepEqual(await t.db.selectFrom('role_grants').select('role_id').execute(), [])
})

test('an admin whom a grant makes something else, now or later, does not make up for the last one until it is over (V-R1)', async () => {
  for (const from of [0, 1]) {
    await using t = await startTestApp()
    const admin = await t.addUser('admin01', '$admin')
    const other = await t.addUser('admin02', '$admin')
    const bounds = { validFrom: from === 0 ? null : inHours(t, 1), expiresAt: inHours(t, 2) }
    assert.equal((await grant(t, other.id, '$guest', bounds)).status, 200)
    await expectNobodyTakes(t, admin.id, 'when it is given')
    t.clock.advance(2 * hour - 1)
    await expectNobodyTakes(t, admin.id, 'in its last millisecond')
    // Whom the grant makes a guest may be taken away: there is another.
    assert.equal((await t.post(`/api/service/users/${other.id}`, { enabled: false })).status, 200)
    assert.equal((await t.post(`/api/service/users/${other.id}`, { enabled: true })).status, 200)
    t.clock.advance(1)
    assert.equal((await t.post(`/api/service/users/${admin.id}`, { enabled: false })).status, 200)
    await expectNobodyTakes(t, other.id, 'who is the last now')
  }
})

test('a grant taken back makes a whole admin again', async () => {
  await using t = await startTestApp()
  const [admin, other] = [await t.addUser('admin01', '$admin'), await t.addUser('admin02', '$admin')]
  await grant(t, other.id, '$guest', { validFrom: inHours(t, 1), expiresAt: inHours(t, 2) })
  await expectNobodyTakes(t, admin.id, 'before')
  await t.delete(`/api/muster/users/${other.id}/role-grants/${await t.roleId('$guest')}`)
  assert.equal((await t.post(`/api/service/users/${admin.id}/delete`)).status, 200)
})

test('one admin demoted while the other is granted another role: in 20 rounds one stays whole (V-R1)', async () => {
  await using t = await startTestApp()
  const admins = [await t.addUser('admin01', '$admin'), await t.addUser('admin02', '$admin')]
  const [adminRole, guestRole] = [await t.roleId('$admin'), await t.roleId('$guest')]
  for (let round = 0; round < 20; round += 1) {
    const [demoted, granted] = round % 2 === 0 ? admins : admins.toReversed()
    const bounds = { validFrom: round % 4 < 2 ? null : inHours(t, 1), expiresAt: inHours(t, 2) }
    const answers = await Promise.all([
      t.post(`/api/service/users/${demoted?.id}/roles/update`, { roleId: guestRole }),
      t.post(`/api/muster/users/${granted?.id}/role-grants`, { roleId: guestRole, ...bounds }),
    ])
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 409], `round ${round}`)
    t.clock.advance(1.5 * hour)
    const filter = encodeURIComponent('{"workspaceRole":"$admin","status":"Enabled"}')
    assert.equal((await t.get(`/api/service/users?filter=${filter}`)).json.filterRecord, 1, `round ${round}`)
    for (const { id } of admins) {
      await t.delete(`/api/muster/users/${id}/role-grants/${guestRole}`)
      await t.post(`/api/service/users/${id}/roles/update`, { roleId: adminRole })
    }
  }
})
