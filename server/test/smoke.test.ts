import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp } from './start-test-app.ts'

test('an invited person accepts, is found, grouped and disabled', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const group = await t.addGroup('data', [user.id])
  const list = await t.get(`/api/service/users?filter=${encodeURIComponent('email eq "USER01@example.com"')}`)
  assert.equal(list.json.filterRecord, 1)
  assert.deepEqual(list.json.records[0].groups, [group])
  assert.equal((await t.get('/api/service/whoami', { token: user.token })).status, 200)
  assert.equal((await t.post(`/api/service/users/${user.id}`, { enabled: false })).json.enabled, false)
  assert.equal((await t.get('/api/service/whoami', { token: user.token })).status, 401)
})
