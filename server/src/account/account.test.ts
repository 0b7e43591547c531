import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashDatabase } from '../../test/database-hash.ts'
import { password, startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { signedInBrowser, TestBrowser } from '../../test/test-browser.ts'

const minuteMs = 60_000
const newPassword = 'a wholly other sentence'

function linkIn(t: TestApp, to: string, path: string): string {
  const mail = t.mails.findLast((sent) => sent.to === to && sent.text.includes(path))
  const url = new URL(/http\S+/.exec(mail?.text ?? '')?.[0] ?? 'http://none.invalid')
  return `${url.pathname}${url.search}`
}

async function follow(t: TestApp, path: string): Promise<{ status: number; text: string }> {
  const browser = new TestBrowser(t)
  await browser.open(path)
  return browser.send(path.split('?')[0] ?? '', {})
}

async function emailOf(t: TestApp, id: string): Promise<string> {
  return (await t.get(`/api/service/users/${id}`)).json.email
}

async function askForEmail(browser: TestBrowser, email: string): Promise<number> {
  await browser.open('/auth/account/email')
  return (await browser.submit('/auth/account/email', { email })).status
}

test('the account page shows where one is signed in and ends each session but this one, or all others', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const others = [
    await signedInBrowser(t, 'user01'),
    await signedInBrowser(t, 'user01'),
    await signedInBrowser(t, 'user01'),
  ]
  const browser = await signedInBrowser(t, 'user01')
  assert.equal((await browser.open('/auth/account')).status, 200)
  const [, one = ''] = /name="session" value="([0-9a-f-]{36})"/.exec(browser.page) ?? []
  assert.equal((await browser.submit('/auth/account/sessions', { session: one })).status, 303)
  const live = async () => (await t.get(`/api/service/users/${user.id}/sessions`)).json.length
  assert.equal(await live(), 3)
  await browser.open('/auth/account')
  assert.equal((await browser.submit('/auth/account/sessions', { session: 'others' })).status, 303)
  assert.equal(await live(), 1)
  for (const other of others) assert.equal((await other.request('GET', '/auth/session')).status, 401)
  assert.equal((await browser.request('GET', '/auth/session')).status, 200)
})

test('what an account hangs on is asked for again after five minutes, and people who are signed out are led to the sign-in', async () => {
  await using t = await startTestApp()
  await t.addUser('user01')
  const browser = await signedInBrowser(t, 'user01')
  t.clock.advance(5 * minuteMs + 1)
  const csrf = (await browser.request('GET', '/auth/session')).json.csrfToken
  const untouched = await hashDatabase(t.db)
  for (const path of ['/auth/account/password', '/auth/account/email']) {
    const page = await browser.request('GET', path)
    assert.deepEqual([page.status, page.headers.location], [303, `/auth/confirm?next=${encodeURIComponent(path)}`])
    const sent = await browser.send(path, { csrf, password: newPassword, email: 'new@example.com' })
    assert.match(sent.headers.location ?? '', /^\/auth\/confirm/)
    const stranger = await new TestBrowser(t).request('GET', path)
    assert.deepEqual(
      [stranger.status, stranger.headers.location],
      [303, `/auth/sign-in?next=${encodeURIComponent(path)}`],
    )
  }
  assert.equal(await hashDatabase(t.db), untouched)
  await browser.open('/auth/account/password')
  assert.equal((await browser.submit('/auth/confirm', { password })).headers.location, '/auth/account/password')
})

test('V-K3 a changed password ends the other sessions and gives this one a new id', async () => {
  await using t = await startTestApp()
  await t.addUser('user01')
  const other = await signedInBrowser(t, 'user01')
  const bearer = await other.bearer()
  const browser = await signedInBrowser(t, 'user01')
  const before = browser.cookies.get('muster')
  await browser.open('/auth/account/password')
  assert.equal((await browser.submit('/auth/account/password', { password: 'user01user01user01' })).status, 400)
  assert.match(browser.page, /built on your name/)
  assert.equal((await browser.submit('/auth/account/password', { password: newPassword })).status, 200)
  assert.notEqual(browser.cookies.get('muster'), before)
  assert.equal((await browser.request('GET', '/auth/session')).status, 200)
  assert.equal((await other.request('GET', '/auth/session')).status, 401)
  assert.equal((await t.get('/api/service/whoami', { token: bearer })).status, 401)
  assert.equal((await new TestBrowser(t).signIn('user01')).status, 403)
  assert.equal((await new TestBrowser(t).signIn('user01', newPassword)).status, 303)
})

test('V-I12 a new address counts once it is confirmed from there; until then the old one does', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const browser = await signedInBrowser(t, 'user01')
  assert.equal(await askForEmail(browser, 'no address'), 400)
  assert.equal(await askForEmail(browser, 'New@Example.com'), 200)
  await t.deliverOutbox()
  assert.equal(await emailOf(t, user.id), 'user01@example.com')
  await signedInBrowser(t, 'user01@example.com')
  assert.equal((await new TestBrowser(t).signIn('new@example.com')).status, 403)
  const link = linkIn(t, 'New@example.com', '/auth/confirm-email')
  const looking = new TestBrowser(t)
  await looking.open(link)
  assert.equal(await emailOf(t, user.id), 'user01@example.com', 'looking changes nothing')
  assert.equal((await follow(t, link)).status, 200)
  assert.equal((await follow(t, link)).status, 400, 'once')
  assert.equal(await emailOf(t, user.id), 'New@example.com')
  await signedInBrowser(t, 'new@example.com')
  assert.equal((await new TestBrowser(t).signIn('user01@example.com')).status, 403)
  const types = (await t.get(`/api/service/events/login?user=${user.id}&type=UPDATE_EMAIL&type=SEND_VERIFY_EMAIL`)).json
  assert.deepEqual(
    types.map(({ type }: { type: string }) => type),
    ['UPDATE_EMAIL', 'SEND_VERIFY_EMAIL'],
  )
})

test('V-I12 the old address takes the change back for seven days: sessions end, the password counts no more, a link for a new one comes', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const thief = await signedInBrowser(t, 'user01')
  await askForEmail(thief, 'thief@example.com')
  await t.deliverOutbox()
  await follow(t, linkIn(t, 'thief@example.com', '/auth/confirm-email'))
  assert.equal(await emailOf(t, user.id), 'thief@example.com')
  const undo = linkIn(t, 'user01@example.com', '/auth/undo-email')
  t.clock.advance(7 * 24 * 60 * minuteMs - 1)
  assert.equal((await follow(t, undo)).status, 200)
  assert.equal((await follow(t, undo)).status, 400, 'once')
  assert.equal(await emailOf(t, user.id), 'user01@example.com')
  assert.equal((await thief.request('GET', '/auth/session')).status, 401)
  assert.equal((await new TestBrowser(t).signIn('user01')).status, 403)
  await t.deliverOutbox()
  const browser = new TestBrowser(t)
  await browser.open(linkIn(t, 'user01@example.com', '/auth/reset-password'))
  assert.equal((await browser.submit('/auth/reset-password', { password: newPassword })).status, 200)
  await signedInBrowser(t, 'user01', null, newPassword)
})

test('V-I12 a password reset, another request, an admin’s change or a day ends a pending change of address', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const pending = async () => {
    t.clock.advance(60 * minuteMs)
    const browser = await signedInBrowser(t, 'user01')
    assert.equal(await askForEmail(browser, 'new@example.com'), 200)
    await t.deliverOutbox()
    return linkIn(t, 'new@example.com', '/auth/confirm-email')
  }
  const replaced = await pending()
  const late = await pending()
  assert.equal((await follow(t, replaced)).status, 400)
  t.clock.advance(24 * 60 * minuteMs)
  assert.equal((await follow(t, late)).status, 400)
  const overtaken = await pending()
  await t.post(`/api/service/users/${user.id}`, { email: 'other@example.com' })
  assert.equal((await follow(t, overtaken)).status, 400)
  await t.post(`/api/service/users/${user.id}`, { email: 'user01@example.com' })
  const reset = await pending()
  await t.db.engine.transact((trx) =>
    trx.updateTable('users').set({ email_verified: 1 }).where('id', '=', user.id).execute(),
  )
  await new TestBrowser(t).send('/auth/forgot-password', { login: 'user01' })
  await t.deliverOutbox()
  const browser = new TestBrowser(t)
  await browser.open(linkIn(t, 'user01@example.com', '/auth/reset-password'))
  await browser.submit('/auth/reset-password', { password: newPassword })
  assert.equal((await follow(t, reset)).status, 400)
  assert.equal(await emailOf(t, user.id), 'user01@example.com')
})

test('V-I12 nobody confirms an address that became somebody else’s meanwhile, and what the identity provider owns stays', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const browser = await signedInBrowser(t, 'user01')
  await askForEmail(browser, 'wanted@example.com')
  await t.deliverOutbox()
  await t.invite('wanted@example.com')
  assert.equal((await follow(t, linkIn(t, 'wanted@example.com', '/auth/confirm-email'))).status, 409)
  assert.equal(await emailOf(t, user.id), 'user01@example.com')
  await t.db.engine.transact(async (trx) => {
    await trx.updateTable('users').set({ source: 'scim' }).where('id', '=', user.id).execute()
    await trx.updateTable('tenants').set({ settings: '{"scimIsOn":true}' }).where('id', '=', t.acme.id).execute()
  })
  assert.equal(await askForEmail(browser, 'another@example.com'), 409)
})
