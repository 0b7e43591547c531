import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Script } from 'node:vm'
import { hashDatabase } from '../../test/database-hash.ts'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { signedInBrowser, TestBrowser } from '../../test/test-browser.ts'
import { TestPasskey } from '../../test/test-passkey.ts'

const origin = 'https://muster.example.com'
const env = { MUSTER_PUBLIC_URL: origin }
const rpId = 'muster.example.com'

/** Adds a passkey on the page for it; answers the status. */
async function add(browser: TestBrowser, passkey: TestPasskey, from = origin): Promise<number> {
  await browser.open('/auth/account/second-factor')
  const csrf = (await browser.request('GET', '/auth/session')).json.csrfToken
  const options = await browser.request('POST', '/auth/account/passkeys/options', { 'x-muster-csrf': csrf })
  const response = passkey.create({ challenge: options.json.challenge, origin: from })
  return (await browser.send('/auth/account/passkeys', { csrf, name: 'Laptop', response })).status
}

/** Asks for a challenge and answers what the browser is told. */
async function challengeOf(browser: TestBrowser): Promise<string> {
  return (await browser.request('POST', '/auth/passkey/options')).json.challenge
}

async function signIn(
  t: TestApp,
  passkey: TestPasskey,
  told: { origin?: string; challenge?: string; isVerified?: boolean } = {},
) {
  const browser = new TestBrowser(t)
  const challenge = told.challenge ?? (await challengeOf(browser))
  if (told.challenge !== undefined) await challengeOf(browser)
  const response = passkey.get({ origin, ...told, challenge })
  const answer = await browser.send('/auth/passkey/sign-in', { response })
  return { browser, answer, response }
}

test('a passkey is added by somebody who just proved who they are, and signs them in without a password', async () => {
  await using t = await startTestApp({ env })
  const user = await t.addUser('user01')
  const passkey = new TestPasskey(rpId)
  const owner = await signedInBrowser(t, 'user01')
  assert.equal(await add(owner, passkey), 303)
  await owner.open('/auth/account/second-factor')
  assert.match(owner.page, /Laptop/)
  const { browser, answer } = await signIn(t, passkey)
  assert.deepEqual([answer.status, answer.headers.location], [303, '/auth/account'], answer.text)
  assert.equal((await browser.request('GET', '/auth/session')).json.username, 'user01')
  const { records } = (await t.get(`/api/muster/users/${user.id}/sessions`)).json
  assert.deepEqual([records[0].method, records[0].secondFactor], ['passkey', 'passkey'])
  const byPassword = await new TestBrowser(t).signIn('user01')
  assert.match(byPassword.headers.location ?? '', /^\/auth\/second-factor/, 'a password alone is not enough any more')
  await owner.open('/auth/account/second-factor')
  const [, id = ''] = /name="id" value="([A-Za-z0-9_-]{20,})"/.exec(owner.page) ?? []
  assert.equal((await owner.submit('/auth/account/passkeys/remove', { id })).status, 303)
  assert.equal((await signIn(t, passkey)).answer.status, 403)
})

test('a passkey answers its own challenge once, from this very origin, unlocked, for somebody who may come in', async () => {
  await using t = await startTestApp({ env })
  const user = await t.addUser('user01')
  const passkey = new TestPasskey(rpId)
  assert.equal(await add(await signedInBrowser(t, 'user01'), passkey), 303)
  const good = await signIn(t, passkey)
  assert.equal(good.answer.status, 303)
  const replayed = new TestBrowser(t)
  await challengeOf(replayed)
  const untouched = await sessionCount(t)
  assert.equal(
    (await replayed.send('/auth/passkey/sign-in', { response: good.response })).status,
    403,
    'another challenge',
  )
  for (const told of [
    { origin: 'https://evil.example' },
    { origin: 'http://muster.example.com' },
    { challenge: Buffer.alloc(32).toString('base64url') },
    { isVerified: false },
  ])
    assert.equal((await signIn(t, passkey, told)).answer.status, 403, JSON.stringify(told))
  assert.equal((await signIn(t, new TestPasskey(rpId))).answer.status, 403, 'a passkey nobody has')
  for (const response of ['', '{', 'null', '{}', '{"id":1}']) {
    const browser = new TestBrowser(t)
    await challengeOf(browser)
    assert.equal((await browser.send('/auth/passkey/sign-in', { response })).status, 403, response)
  }
  await t.post(`/api/service/users/${user.id}`, { enabled: false })
  assert.equal((await signIn(t, passkey)).answer.status, 403)
  assert.ok((await sessionCount(t)) <= untouched)
  const errors = (await t.get(`/api/service/events/login?user=${user.id}&type=LOGIN_ERROR`)).json
  assert.ok(errors.length >= 5)
})

test('a passkey is not added from another origin, without a challenge, or with that of somebody else, and no passkey twice', async () => {
  await using t = await startTestApp({ env })
  await t.addUser('user01')
  await t.addUser('user02')
  const passkey = new TestPasskey(rpId)
  const browser = await signedInBrowser(t, 'user01')
  const other = await signedInBrowser(t, 'user02')
  assert.equal(await add(browser, passkey, 'https://evil.example'), 403)
  const csrf = (await browser.request('GET', '/auth/session')).json.csrfToken
  const untouched = await hashDatabase(t.db)
  const alone = passkey.create({ challenge: 'AAAA', origin })
  assert.equal((await browser.send('/auth/account/passkeys', { csrf, name: 'x', response: alone })).status, 403)
  assert.equal(await hashDatabase(t.db), untouched)
  const foreign = (await other.request('GET', '/auth/session')).json.csrfToken
  const options = await other.request('POST', '/auth/account/passkeys/options', { 'x-muster-csrf': foreign })
  browser.cookies.set('__Host-muster-pending', other.cookies.get('__Host-muster-pending') ?? '')
  const response = passkey.create({ challenge: options.json.challenge, origin })
  assert.equal((await browser.send('/auth/account/passkeys', { csrf, name: 'x', response })).status, 403)
  assert.equal(await add(browser, passkey), 303)
  assert.equal(await add(other, passkey), 403)
})

async function sessionCount(t: TestApp): Promise<number> {
  return (await t.db.selectFrom('sessions').select('id').execute()).length
}

test('the script is one file of ours, and only the pages that need it may run it', async () => {
  await using t = await startTestApp()
  const { status, headers, text } = await t.get('/auth/passkey.js', { token: null })
  assert.equal(status, 200)
  assert.match(headers['content-type'] ?? '', /^text\/javascript/)
  assert.ok(new Script(text))
  const page = await t.get('/auth/sign-in', { token: null })
  assert.match(
    String(page.headers['content-security-policy']),
    /default-src 'none'.* script-src 'self'; connect-src 'self';/,
  )
  const plain = await t.get('/auth/forgot-password', { token: null })
  assert.ok(!String(plain.headers['content-security-policy']).includes('script-src'))
})
