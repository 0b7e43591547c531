import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp, type TestUser } from '../../test/start-test-app.ts'
import { stateOf } from './testdata/people.ts'
import { guestRole, waysOfTaking, type Taking } from './testdata/ways-of-taking.ts'

test('the last enabled admin cannot be taken away by any address, and nothing of the attempt remains (V-R1)', async () => {
  await using t = await startTestApp()
  const admin = await t.addUser('admin01', '$admin')
  const before = await stateOf(t, admin.id)
  for (const [way, take] of Object.entries(waysOfTaking)) {
    const { status, json } = await take(t, admin.id, t.acme.token)
    assert.deepEqual([status, json.error], [409, 'last_admin'], way)
  }
  assert.deepEqual(await stateOf(t, admin.id), before)
})

test('the last admin cannot step down either (V-R1)', async () => {
  await using t = await startTestApp()
  const admin = await t.addUser('admin01', '$admin')
  for (const [way, take] of Object.entries(waysOfTaking)) {
    const { status, json } = await take(t, admin.id, admin.token)
    const code = way === 'disable' || way === 'delete' ? 'cannot_disable_self' : 'last_admin'
    assert.deepEqual([status, json.error], [409, code], way)
  }
  assert.equal((await t.get('/api/service/users', { token: admin.token })).status, 200)
})

test('a pending or a disabled admin, or one of another tenant, does not make up for the last one (V-R1)', async () => {
  await using t = await startTestApp()
  const admin = await t.addUser('admin01', '$admin')
  await t.invite('pending@example.com', '$admin')
  const disabled = await t.addUser('admin02', '$admin')
  assert.equal((await t.post(`/api/service/users/${disabled.id}`, { enabled: false })).status, 200)
  await t.addUser('admin01', '$admin', t.other)
  await t.serviceToken('$admin')
  for (const [way, take] of Object.entries(waysOfTaking)) {
    assert.equal((await take(t, admin.id, t.acme.token)).json.error, 'last_admin', way)
  }
})

test('with a second admin there, the first can be taken away in every way', async () => {
  for (const [way, take] of Object.entries(waysOfTaking)) {
    await using t = await startTestApp()
    const [first, second] = [await t.addUser('admin01', '$admin'), await t.addUser('admin02', '$admin')]
    assert.ok((await take(t, first.id, second.token)).status < 300, way)
    assert.equal((await take(t, second.id, t.acme.token)).json.error, 'last_admin', way)
  }
})

test('before anybody accepted, pending and disabled admins can be changed: the service token is the way in (V-R1)', async () => {
  await using t = await startTestApp()
  for (const [index, take] of Object.values(waysOfTaking).entries()) {
    const id = await t.invite(`admin${index}@example.com`, '$admin')
    assert.ok((await take(t, id, t.acme.token)).status < 300)
  }
})

async function countUsableAdmins(t: TestApp): Promise<number> {
  const { json } = await t.get(
    `/api/service/users?filter=${encodeURIComponent('{"workspaceRole":"$admin","status":"Enabled"}')}`,
  )
  return json.filterRecord
}

async function raceRounds(
  t: TestApp,
  admins: readonly TestUser[],
  rounds: number,
  ways: readonly Taking[],
): Promise<void> {
  const adminRole = await t.roleId('$admin')
  await guestRole(t)
  for (let round = 0; round < rounds; round += 1) {
    const take = ways[round % ways.length]
    if (take === undefined) throw new Error('no way given')
    const answers = await Promise.all(
      admins.map((admin, index) => take(t, admins[(index + 1) % admins.length]?.id ?? '', admin.token)),
    )
    for (const answer of answers) {
      // One who lost the role meanwhile may be refused for that instead.
      const isRefused =
        answer.status >= 400 && ['last_admin', 'insufficient_role', 'invalid_token'].includes(answer.json.error)
      assert.ok(answer.status < 300 || isRefused, `${answer.status} in round ${round}`)
    }
    assert.ok((await countUsableAdmins(t)) >= 1, `round ${round} left nobody`)
    for (const { id } of admins) {
      await t.post(`/api/service/users/${id}`, { enabled: true })
      await t.post(`/api/service/users/${id}/roles/update`, { roleId: adminRole })
    }
  }
}

const undoable = ['POST roles/update', 'PUT roles', 'update of workspaceRole', 'disable']
  .map((way) => waysOfTaking[way])
  .filter((take) => take !== undefined)

test('two admins who demote or disable each other at once leave one, in 50 rounds of 50 (V-R1)', async () => {
  await using t = await startTestApp()
  await raceRounds(t, [await t.addUser('admin01', '$admin'), await t.addUser('admin02', '$admin')], 50, undoable)
})

test('three in a ring leave one too', async () => {
  await using t = await startTestApp()
  await raceRounds(
    t,
    [await t.addUser('admin01', '$admin'), await t.addUser('admin02', '$admin'), await t.addUser('admin03', '$admin')],
    12,
    undoable,
  )
})

test('two admins deleted at once by a service token: one stays (V-R1)', async () => {
  await using t = await startTestApp()
  let survivor = await t.addUser('admin00', '$admin')
  for (let round = 1; round <= 5; round += 1) {
    const other = await t.addUser(`admin0${round}`, '$admin')
    const answers = await Promise.all([survivor, other].map(({ id }) => t.post(`/api/service/users/${id}/delete`)))
    assert.deepEqual(answers.map((answer) => answer.status).toSorted(), [200, 409])
    assert.equal(await countUsableAdmins(t), 1)
    survivor = answers[0]?.status === 200 ? other : survivor
  }
})

test('role counts stay true when one user gets many roles at once', async () => {
  await using t = await startTestApp()
  await t.addUser('admin01', '$admin')
  const ids = [await t.invite('user01@example.com'), (await t.addUser('user02', '$admin')).id]
  const roleIds = [await t.roleId('$admin'), await t.roleId('$member'), await t.roleId('$guest')]
  for (let round = 0; round < 10; round += 1) {
    const answers = await Promise.all(
      ids.flatMap((id) =>
        roleIds.map((roleId, index) =>
          index === 1
            ? t.put(`/api/service/users/${id}/roles`, { roles: [roleId] })
            : t.post(`/api/service/users/${id}/roles/update`, { roleId }),
        ),
      ),
    )
    for (const answer of answers) assert.ok(answer.status < 300, answer.text)
    const { records } = (await t.get('/api/service/roles')).json
    for (const role of records) {
      const { json } = await t.get(
        `/api/service/users?filter=${encodeURIComponent(JSON.stringify({ workspaceRole: role.name }))}`,
      )
      assert.equal(role.memberCount, String(json.filterRecord), `${role.name} in round ${round}`)
    }
  }
})
