import assert from 'node:assert/strict'
import { Secret, TOTP } from 'otpauth'
import { test } from 'node:test'
import { password, startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { signedInBrowser, TestBrowser } from '../../test/test-browser.ts'

const overview = '/auth/account/second-factor'

function secretIn(page: string): string {
  return (/<code>([A-Z2-7 ]+)<\/code>/.exec(page)?.[1] ?? '').replaceAll(' ', '')
}

function codesIn(page: string): string[] {
  return [...page.matchAll(/<code>([a-z0-9]{6}-[a-z0-9]{6})<\/code>/g)].map(([, code = '']) => code)
}

/** What an authenticator app shows at this moment, or some half minutes later. */
function codeOf(t: TestApp, secret: string, later = 0): string {
  const timestamp = t.clock.now().getTime() + later * 30_000
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp })
}

/** Sets up an app; answers its secret and the recovery codes. */
async function setUp(t: TestApp, browser: TestBrowser): Promise<{ secret: string; codes: string[] }> {
  await browser.open(overview)
  await browser.submit('/auth/account/totp')
  const secret = secretIn(browser.page)
  const { status, text } = await browser.submit('/auth/account/totp/confirm', { code: codeOf(t, secret) })
  assert.equal(status, 200, text)
  t.clock.advance(60_000)
  return { secret, codes: codesIn(text) }
}

async function passwordStep(t: TestApp, login: string): Promise<TestBrowser> {
  const browser = new TestBrowser(t)
  const answer = await browser.signIn(login)
  assert.match(answer.headers.location ?? '', /^\/auth\/second-factor/, answer.text)
  assert.equal(browser.cookies.has('muster'), false, 'a password alone starts no session')
  await browser.open(answer.headers.location ?? '')
  return browser
}

test('an authenticator app is set up with its own code, and from then on a password alone signs nobody in', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const browser = await signedInBrowser(t, 'user01')
  await browser.open(overview)
  await browser.submit('/auth/account/totp')
  assert.match(browser.page, /<svg/)
  const secret = secretIn(browser.page)
  assert.equal((await browser.submit('/auth/account/totp/confirm', { code: '000000' })).status, 403)
  assert.equal(secretIn(browser.page), secret, 'a mistyped code asks for no new scan')
  assert.equal((await new TestBrowser(t).signIn('user01')).status, 303, 'not yet')
  const done = await browser.submit('/auth/account/totp/confirm', { code: codeOf(t, secret) })
  assert.equal(codesIn(done.text).length, 10)
  const next = await passwordStep(t, 'user01')
  assert.equal((await next.submit('/auth/second-factor', { code: codeOf(t, secret) })).status, 403, 'used at set-up')
  t.clock.advance(60_000)
  const answer = await next.submit('/auth/second-factor', { code: codeOf(t, secret) })
  assert.deepEqual([answer.status, answer.headers.location], [303, '/auth/account'])
  const { records } = (await t.get(`/api/muster/users/${user.id}/sessions`)).json
  assert.deepEqual([records[0].method, records[0].secondFactor], ['password', 'totp'])
})

test('a code counts for its half minute and the one beside it, and once, however many ask at once', async () => {
  await using t = await startTestApp()
  await t.addUser('user01')
  const { secret } = await setUp(t, await signedInBrowser(t, 'user01'))
  for (const [later, status] of [
    [-2, 403],
    [2, 403],
    [-1, 303],
    [0, 303],
    [0, 403],
    [-1, 403],
  ] as const) {
    const browser = await passwordStep(t, 'user01')
    assert.equal(
      (await browser.submit('/auth/second-factor', { code: codeOf(t, secret, later) })).status,
      status,
      `${later}`,
    )
  }
  t.clock.advance(120_000)
  const browsers = []
  for (let count = 0; count < 4; count += 1) browsers.push(await passwordStep(t, 'user01'))
  const code = codeOf(t, secret)
  const statuses = await Promise.all(
    browsers.map(async (browser) => (await browser.send('/auth/second-factor', { code })).status),
  )
  assert.equal(statuses.filter((status) => status === 303).length, 1, statuses.join(' '))
})

test('the secret of an app lies in the database sealed, and for its owner alone', async () => {
  await using t = await startTestApp()
  const [first, second] = [await t.addUser('user01'), await t.addUser('user02')]
  const { secret } = await setUp(t, await signedInBrowser(t, 'user01'))
  await setUp(t, await signedInBrowser(t, 'user02'))
  const rows = await t.db.selectFrom('totp_secrets').selectAll().execute()
  assert.equal(rows.length, 2)
  for (const row of rows) assert.match(row.secret, /^v1\.[A-Za-z0-9_-]{60,}$/)
  const sealed = rows.find((row) => row.user_id === first.id)?.secret ?? ''
  await t.db.engine.transact((trx) =>
    trx.updateTable('totp_secrets').set({ secret: sealed }).where('user_id', '=', second.id).execute(),
  )
  const browser = await passwordStep(t, 'user02')
  assert.equal((await browser.submit('/auth/second-factor', { code: codeOf(t, secret) })).status, 500)
})

test('a recovery code signs in once, in any spelling, and new ones make the old ones worthless', async () => {
  await using t = await startTestApp()
  await t.addUser('user01')
  const owner = await signedInBrowser(t, 'user01')
  const { codes } = await setUp(t, owner)
  const [first = '', second = '', third = ''] = codes
  for (const [code, status] of [
    [` ${first.toUpperCase().replace('-', ' ')} `, 303],
    [first, 403],
    [second, 303],
  ] as const) {
    const browser = await passwordStep(t, 'user01')
    assert.equal((await browser.submit('/auth/second-factor', { code })).status, status, code)
  }
  await owner.open('/auth/confirm')
  await owner.submit('/auth/confirm', { password })
  await owner.open(overview)
  const renewed = codesIn((await owner.submit('/auth/account/recovery-codes')).text)
  const browser = await passwordStep(t, 'user01')
  assert.equal((await browser.submit('/auth/second-factor', { code: third })).status, 403)
  assert.equal((await browser.submit('/auth/second-factor', { code: renewed[0] ?? '' })).status, 303)
  assert.ok(
    !JSON.stringify(await t.db.selectFrom('recovery_codes').selectAll().execute()).includes(renewed[1] ?? 'none'),
  )
})

test('V-K11 codes are guessed no more often than passwords, and no step opens without the one before', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  await setUp(t, await signedInBrowser(t, 'user01'))
  const browser = await passwordStep(t, 'user01')
  const statuses = await Promise.all(
    Array.from(
      { length: 20 },
      async (_, index) => (await browser.send('/auth/second-factor', { code: `${100_000 + index}` })).status,
    ),
  )
  assert.ok(statuses.filter((status) => status === 403).length <= 10)
  assert.ok(statuses.includes(429))
  const stranger = new TestBrowser(t)
  stranger.cookies.set('muster-pending', `mpsi_${'A'.repeat(43)}`)
  assert.equal((await stranger.send('/auth/second-factor', { code: '123456' })).status, 403)
  assert.equal((await stranger.send('/auth/set-up-second-factor', { code: '123456' })).status, 403)
  const types = (await t.get(`/api/service/events/login?user=${user.id}&type=LOGIN_ERROR`)).json
  assert.ok(types.length > 0)
})

test('a second step ends after ten minutes, when the password changed, and when the person was disabled', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const { secret, codes } = await setUp(t, await signedInBrowser(t, 'user01'))
  const late = await passwordStep(t, 'user01')
  t.clock.advance(10 * 60_000)
  assert.equal((await late.send('/auth/second-factor', { code: codeOf(t, secret) })).status, 403)
  const begun = await passwordStep(t, 'user01')
  await t.post(`/api/service/users/${user.id}`, { enabled: false })
  assert.equal((await begun.send('/auth/second-factor', { code: codes[0] ?? '' })).status, 403)
  await t.post(`/api/service/users/${user.id}`, { enabled: true })
  await new TestBrowser(t).send('/auth/forgot-password', { login: 'user01' })
  const stolen = await passwordStep(t, 'user01')
  await t.deliverOutbox()
  const link = new URL(/http\S+/.exec(t.mails.at(-1)?.text ?? '')?.[0] ?? '')
  const owner = new TestBrowser(t)
  await owner.open(`${link.pathname}${link.search}`)
  assert.equal((await owner.submit('/auth/reset-password', { password: 'another long sentence' })).status, 200)
  assert.equal((await stolen.send('/auth/second-factor', { code: codes[1] ?? '' })).status, 403)
})

test('a workspace that asks for a second factor lets nobody in without: the first sign-in sets one up', async () => {
  await using t = await startTestApp()
  const admin = await t.addUser('admin01', '$admin')
  await t.addUser('user01')
  const token = await t.sessionToken(admin.id)
  const path = '/api/muster/sign-in-settings'
  const program = await t.serviceToken('$admin')
  assert.equal((await t.post(path, { requiresSecondFactor: true }, { token: program })).json.error, 'right_required')
  assert.equal((await t.post(path, { requiresSecondFactor: true }, { token })).json.requiresSecondFactor, true)
  const browser = new TestBrowser(t)
  const answer = await browser.signIn('user01')
  assert.match(answer.headers.location ?? '', /^\/auth\/set-up-second-factor/)
  assert.equal(browser.cookies.has('muster'), false)
  await browser.open(answer.headers.location ?? '')
  const secret = secretIn(browser.page)
  assert.equal((await browser.submit('/auth/set-up-second-factor', { code: '000000' })).status, 403)
  assert.equal(browser.cookies.has('muster'), false)
  const done = await browser.submit('/auth/set-up-second-factor', { code: codeOf(t, secret) })
  assert.equal(codesIn(done.text).length, 10)
  assert.equal((await browser.open('/auth/account')).status, 200)
  t.clock.advance(60_000)
  await passwordStep(t, 'user01')
})

test('session limits are settings of the workspace, from one minute to thirty days', async () => {
  await using t = await startTestApp()
  const admin = await t.addUser('admin01', '$admin')
  const auth = { token: await t.sessionToken(admin.id) }
  const path = '/api/muster/sign-in-settings'
  for (const minutes of [0, 43_201, 1.5, '60'])
    assert.equal((await t.post(path, { sessionIdleMinutes: minutes }, auth)).status, 400)
  const changed = await t.post(path, { sessionIdleMinutes: 1, sessionMaxMinutes: 2 }, auth)
  assert.deepEqual(changed.json, { requiresSecondFactor: false, sessionIdleMinutes: 1, sessionMaxMinutes: 2 })
  const browser = await signedInBrowser(t, 'admin01')
  t.clock.advance(60_000 - 1)
  assert.equal((await browser.request('GET', '/auth/session')).status, 200)
  t.clock.advance(60_000)
  assert.equal((await browser.request('GET', '/auth/session')).status, 401)
})
