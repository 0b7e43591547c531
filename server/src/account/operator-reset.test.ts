import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp } from '../../test/start-test-app.ts'
import { TestBrowser } from '../../test/test-browser.ts'
import { issuePasswordReset } from './password-reset.service.ts'

test('the host operator lets somebody set a password without mail, once, but nobody who signs in elsewhere', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const token = await issuePasswordReset(t.operator(), user.id)
  const browser = new TestBrowser(t)
  await browser.open(`/auth/reset-password?token=${token}`)
  assert.equal((await browser.submit('/auth/reset-password', { password: 'a wholly other sentence' })).status, 200)
  assert.equal((await new TestBrowser(t).signIn('user01', 'a wholly other sentence')).status, 303)
  const pending = await t.invite('user02@example.com')
  await assert.rejects(issuePasswordReset(t.operator(), pending), { code: 'sign_in_refused' })
  await t.post(`/api/service/users/${user.id}`, { enabled: false })
  await assert.rejects(issuePasswordReset(t.operator(), user.id), { code: 'sign_in_refused' })
})
