import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashDatabase } from '../../test/database-hash.ts'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { changePlan } from '../tenants/tenants.service.ts'
import { profiles } from './scim-rules.schema.ts'

const url = '/api/muster/scim/settings'

async function set(t: TestApp, change: object) {
  const answer = await t.post(url, change)
  assert.equal(answer.status, 200, answer.text)
  return answer
}

test('a workspace that never touched SCIM has it off, in the lenient profile, with a log of thirty days', async () => {
  await using t = await startTestApp()
  const { status, json } = await t.get(url)
  assert.equal(status, 200)
  const { rules, ...rest } = json
  assert.deepEqual(rest, {
    enabled: false,
    profile: 'lenient',
    overrides: {},
    roleMap: {},
    logDays: 30,
    paths: ['/api/scim/v2', '/api/service/scim', '/api/service/scim/v2'],
  })
  assert.deepEqual(rules, profiles.lenient)
})

test('SCIM is switched on only where the plan has it and single sign-on works; each refusal says which is missing', async () => {
  await using t = await startTestApp()
  const noConnection = await t.post(url, { enabled: true })
  assert.deepEqual([noConnection.status, noConnection.json.error], [409, 'sso_required'])
  const id = await t.addConnection()
  await t.post(`/api/muster/sso-connections/${id}`, { enabled: false })
  assert.equal((await t.post(url, { enabled: true })).json.error, 'sso_required', 'one that is switched off')
  await t.post(`/api/muster/sso-connections/${id}`, { enabled: true })
  await changePlan(t.operator(), 'standard')
  const noPlan = await t.post(url, { enabled: true })
  assert.deepEqual([noPlan.status, noPlan.json.error], [409, 'plan_required'])
  await changePlan(t.operator(), 'enterprise')
  assert.equal((await set(t, { enabled: true })).json.enabled, true)
  await changePlan(t.operator(), 'standard')
  assert.equal((await set(t, { enabled: false })).json.enabled, false, 'off is always possible')
})

test('rules are the profile’s but for those that are overridden; what is left out stays', async () => {
  await using t = await startTestApp()
  await set(t, { profile: 'entra', overrides: { nestedGroups: false, danglingMembers: 'ignore' } })
  const { json } = await set(t, { logDays: 7 })
  assert.deepEqual(json.rules, { ...profiles.entra, nestedGroups: false, danglingMembers: 'ignore' })
  assert.deepEqual([json.profile, json.logDays], ['entra', 7])
  const replaced = (await set(t, { overrides: { passwords: true } })).json
  assert.deepEqual(replaced.rules, { ...profiles.entra, passwords: true }, 'overrides are replaced whole')
  assert.deepEqual((await set(t, { overrides: {} })).json.rules, profiles.entra)
})

test('roles are compared in lower case, so that no two rows of the map decide about one role', async () => {
  await using t = await startTestApp()
  const { json } = await set(t, { roleMap: { Admins: '$admin', 'Data Team': '$member' } })
  assert.deepEqual(json.roleMap, { admins: '$admin', 'data team': '$member' })
})

test('what no rule knows is refused with a sentence that names the field and its choices', async () => {
  await using t = await startTestApp()
  const refused: readonly (readonly [object, RegExp])[] = [
    [{ overrides: { danglingMembers: 'store' } }, /^overrides\.danglingMembers must be reject or ignore\.$/],
    [{ overrides: { patchResponseUsers: 201 } }, /^overrides\.patchResponseUsers must be 200 or 204\.$/],
    [{ overrides: { passwords: 'yes' } }, /^overrides\.passwords must be true or false\.$/],
    [{ overrides: { trustEverything: true } }, /^overrides has an unknown field "trustEverything"\.$/],
    [{ profile: 'google' }, /^profile must be lenient or strict or entra or okta\.$/],
    [{ roleMap: { admins: '$owner' } }, /^roleMap\.admins must be \$admin or \$member or \$guest\.$/],
    [{ logDays: 91 }, /^logDays /],
    [{ logDays: -1 }, /^logDays /],
    [{ cursorKey: 'mine' }, /^The body has an unknown field "cursorKey"\.$/],
  ]
  const untouched = await hashDatabase(t.db)
  for (const [body, message] of refused) {
    const { status, json } = await t.post(url, body)
    assert.deepEqual([status, json.error], [400, 'invalid_body'], JSON.stringify(body))
    assert.match(json.message, message)
  }
  assert.equal(await hashDatabase(t.db), untouched)
})

test('two who change the settings at once do not undo each other, and a change that changes nothing writes nothing', async () => {
  await using t = await startTestApp()
  const etag = String((await set(t, { logDays: 10 })).headers.etag)
  assert.equal((await t.get(url)).headers.etag, etag)
  const untouched = await hashDatabase(t.db)
  assert.equal((await set(t, { logDays: 10 })).headers.etag, etag)
  assert.equal(await hashDatabase(t.db), untouched)
  await set(t, { logDays: 11 })
  const late = await t.post(url, { logDays: 12 }, { headers: { 'if-match': etag } })
  assert.deepEqual([late.status, late.json.error], [412, 'version_mismatch'])
})

test('switching SCIM off hands people back to the workspace, and nothing of them is lost', async () => {
  await using t = await startTestApp()
  const { secret } = await t.addScimToken()
  const schemas = ['urn:ietf:params:scim:schemas:core:2.0:User']
  const made = await t.post('/api/scim/v2/Users', { schemas, userName: 'a@example.com' }, { token: secret })
  const path = `/api/service/users/${made.json.id}`
  assert.equal((await t.post(path, { email: 'b@example.com' })).json.error, 'managed_by_scim')
  await set(t, { enabled: false })
  assert.equal((await t.get('/api/scim/v2/Users', { token: secret })).status, 401)
  assert.equal((await t.get(path)).json.enabled, true)
  assert.equal((await t.post(path, { email: 'b@example.com' })).status, 200)
  await set(t, { enabled: true })
  assert.equal((await t.get('/api/scim/v2/Users', { token: secret })).status, 200, 'the token is as good as before')
})
