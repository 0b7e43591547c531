import assert from 'node:assert/strict'
import { test } from 'node:test'
import { password, startTestApp } from '../../test/start-test-app.ts'
import { changeSettings, eventTypesAbout, makeScimManaged, stateOf } from './testdata/people.ts'

test('disabling ends every token of the user at the next request; enabling gives them back, and the record stays', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const tokens = [user.token, await t.personalToken(user.id)]
  const before = (await t.get(`/api/service/users/${user.id}`)).json
  for (const [enabled, status] of [
    [false, 401],
    [true, 200],
    [false, 401],
  ] as const) {
    assert.equal((await t.post(`/api/service/users/${user.id}`, { enabled })).json.enabled, enabled)
    for (const token of tokens) assert.equal((await t.get('/api/service/users/current', { token })).status, status)
  }
  assert.deepEqual((await t.get(`/api/service/users/${user.id}`)).json, {
    ...before,
    enabled: false,
    status: 'Disabled',
  })
})

test('each change is one event, and the stored value is none', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const created = await eventTypesAbout(t, id)
  for (const enabled of [true, false, false, true, true]) await t.post(`/api/service/users/${id}`, { enabled })
  assert.deepEqual(await eventTypesAbout(t, id), [...created, 'user.disabled', 'user.enabled'])
})

test('nobody disables themselves, not even with another admin there', async () => {
  await using t = await startTestApp()
  const [first, second] = [await t.addUser('admin01', '$admin'), await t.addUser('admin02', '$admin')]
  for (const admin of [first, second]) {
    const { status, json } = await t.post(
      `/api/service/users/${admin.id}`,
      { enabled: false, firstName: 'X' },
      { token: admin.token },
    )
    assert.deepEqual([status, json.error], [409, 'cannot_disable_self'])
  }
  assert.equal((await t.get(`/api/service/users/${first.id}`)).json.firstName, 'First')
  assert.equal(
    (await t.post(`/api/service/users/${second.id}`, { enabled: false }, { token: first.token })).status,
    200,
  )
})

test('a disabled pending user cannot accept until enabled again', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const token = await t.invitationToken(id)
  const accept = () =>
    t.post('/auth/accept-invite', { token, username: 'user01', firstName: '', lastName: '', password }, { token: null })
  await t.post(`/api/service/users/${id}`, { enabled: false })
  assert.deepEqual([(await accept()).status, (await accept()).json.error], [400, 'invalid_invitation'])
  await t.post(`/api/service/users/${id}`, { enabled: true })
  assert.equal((await accept()).status, 200)
})

test('with the setting off, programs can neither disable nor enable; everything else of an update works', async () => {
  await using t = await startTestApp()
  const admin = await t.addUser('admin01', '$admin')
  const id = await t.invite('user01@example.com')
  const disabled = await t.invite('user02@example.com')
  await t.post(`/api/service/users/${disabled}`, { enabled: false })
  await changeSettings(t, { apiMayDeactivateUsers: false })
  const before = [await stateOf(t, id), await stateOf(t, disabled)]
  const access = await t.accessToken(await t.addOAuthClient('$admin'))
  for (const token of [t.acme.token, admin.token, access]) {
    for (const [user, enabled] of [
      [id, false],
      [disabled, true],
    ] as const) {
      const { status, json } = await t.post(`/api/service/users/${user}`, { enabled, firstName: 'X' }, { token })
      assert.deepEqual([status, json.error], [409, 'api_deactivation_off'])
    }
  }
  assert.deepEqual([await stateOf(t, id), await stateOf(t, disabled)], before)
  assert.equal((await t.post(`/api/service/users/${id}`, { enabled: true, firstName: 'X' })).status, 200)
  assert.equal((await t.post(`/api/service/users/${disabled}`, { enabled: false, firstName: 'X' })).status, 200)
})

test('a user whom the IdP manages can be disabled here as a stop in an emergency, and enabled only there', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  await makeScimManaged(t, user.id)
  assert.equal((await t.get(`/api/service/users/${user.id}`)).json.isScimUser, true)
  assert.equal((await t.post(`/api/service/users/${user.id}`, { enabled: false })).status, 200)
  assert.equal((await t.get('/api/service/whoami', { token: user.token })).status, 401)
  const refused = await t.post(`/api/service/users/${user.id}`, { enabled: true })
  assert.deepEqual([refused.status, refused.json.error], [409, 'managed_by_scim'])
  await changeSettings(t, { scimIsOn: false })
  assert.equal((await t.post(`/api/service/users/${user.id}`, { enabled: true })).status, 200)
})
