import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { signedInBrowser, TestBrowser } from '../../test/test-browser.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { changeProvisionedUser } from '../users/user-provisioning.service.ts'
import { holdUser } from '../users/user-roles.service.ts'

/** What SCIM does with a user, beneath its protocol. */
async function provision(t: TestApp, userId: string, change: { email?: string; enabled?: boolean }): Promise<void> {
  await inTransaction(t.operator(), async (ctx) => {
    const user = await holdUser(ctx, userId)
    const { username, email, firstName, lastName, enabled } = { ...user, ...change }
    await changeProvisionedUser(ctx, user, {
      username,
      email,
      firstName,
      lastName,
      title: '',
      enabled,
      role: '$member',
    })
  })
}

test('V-S3 an address that SCIM changes proves nothing: sessions end, links are void, the old address is told, no link goes to the new one', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const browser = await signedInBrowser(t, 'user01')
  const bearer = await browser.bearer()
  await new TestBrowser(t).send('/auth/forgot-password', { login: 'user01' })
  await t.deliverOutbox()
  const link = new URL(/http\S+/.exec(t.mails.at(-1)?.text ?? '')?.[0] ?? '')
  await provision(t, user.id, { email: 'attacker@example.com' })
  assert.equal((await t.get('/api/service/whoami', { token: bearer })).status, 401)
  assert.equal((await browser.request('GET', '/auth/session')).status, 401)
  await t.deliverOutbox()
  assert.equal(t.mails.at(-1)?.to, 'user01@example.com')
  assert.match(t.mails.at(-1)?.subject ?? '', /has changed/)
  const old = new TestBrowser(t)
  await old.open(`${link.pathname}${link.search}`)
  assert.equal((await old.send('/auth/reset-password', { password: 'a wholly other sentence' })).status, 400)
  const sent = t.mails.length
  const answer = await new TestBrowser(t).send('/auth/forgot-password', { login: 'attacker@example.com' })
  assert.equal(answer.status, 200)
  await t.deliverOutbox()
  assert.equal(t.mails.length, sent)
})

test('V-K3 a user whom SCIM disables is signed out at once, and enabling revives no session', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const browser = await signedInBrowser(t, 'user01')
  const bearer = await browser.bearer()
  for (const enabled of [false, true]) {
    await provision(t, user.id, { enabled })
    assert.equal((await t.get('/api/service/whoami', { token: bearer })).status, 401)
    assert.equal((await browser.request('GET', '/auth/session')).status, 401)
  }
})
