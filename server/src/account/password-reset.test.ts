import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashDatabase } from '../../test/database-hash.ts'
import { password, startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { signedInBrowser, TestBrowser } from '../../test/test-browser.ts'

const minuteMs = 60_000
const newPassword = 'a wholly other sentence'

/** Asks for a link and answers the address it was mailed with, if one was. */
async function askForLink(
  t: TestApp,
  login: string,
  headers: Record<string, string> = {},
): Promise<string | undefined> {
  const known = t.mails.length
  const answer = await new TestBrowser(t).send('/auth/forgot-password', { login }, headers)
  assert.equal(answer.status, 200, answer.text)
  await t.deliverOutbox()
  const [mail] = t.mails.slice(known)
  return mail === undefined ? undefined : /http\S+/.exec(mail.text)?.[0]
}

function pathOf(link: string | undefined): string {
  const url = new URL(link ?? '')
  return `${url.pathname}${url.search}`
}

async function reset(t: TestApp, path: string, secret = newPassword): Promise<{ status: number; text: string }> {
  const browser = new TestBrowser(t)
  await browser.open(path)
  return browser.send('/auth/reset-password', { password: secret })
}

test('a forgotten password is replaced by a mailed link, once; every session ends and the old password opens nothing', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const before = await signedInBrowser(t, 'user01')
  const bearer = await before.bearer()
  const link = await askForLink(t, ' USER01@example.com ')
  assert.equal(t.mails.at(-1)?.to, 'user01@example.com')
  const browser = new TestBrowser(t)
  await browser.open(pathOf(link))
  assert.equal(browser.path, '/auth/reset-password', 'the token leaves the address bar')
  assert.equal((await browser.submit('/auth/reset-password', { password: 'passwordpassword' })).status, 400)
  assert.match(browser.page, /role="alert"/)
  assert.equal((await browser.submit('/auth/reset-password', { password: newPassword })).status, 200)
  assert.equal((await t.get('/api/service/whoami', { token: bearer })).status, 401)
  assert.equal((await before.request('GET', '/auth/session')).status, 401)
  assert.equal((await new TestBrowser(t).signIn('user01')).status, 403)
  assert.equal((await new TestBrowser(t).signIn('user01', newPassword)).status, 303)
  assert.equal((await reset(t, pathOf(link))).status, 400, 'the link was used')
  await t.deliverOutbox()
  assert.match(t.mails.at(-1)?.subject ?? '', /Your password for acme has changed/)
  const types = (await t.get(`/api/service/events/login?user=${user.id}`)).json.map(
    ({ type }: { type: string }) => type,
  )
  assert.deepEqual(types.slice(0, 5), ['LOGIN', 'LOGIN_ERROR', 'UPDATE_PASSWORD', 'LOGOUT', 'SEND_RESET_PASSWORD'])
})

test('V-I11 asking for a link answers and does the same for known, unknown, pending, disabled and unproven accounts; a mail goes to the first alone', async () => {
  await using t = await startTestApp()
  await t.addUser('user01')
  await t.invite('user02@example.com')
  const disabled = await t.addUser('user03')
  await t.post(`/api/service/users/${disabled.id}`, { enabled: false })
  const moved = await t.addUser('user04')
  await t.post(`/api/service/users/${moved.id}`, { email: 'moved@example.com' })
  const answers = new Set<string>()
  const rows: number[] = []
  const count = async () => {
    const { n } = await t.db
      .selectFrom('outbox')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .executeTakeFirstOrThrow()
    return n
  }
  await t.deliverOutbox()
  const mailsBefore = t.mails.length
  for (const login of ['user01', 'user02@example.com', 'user03', 'moved@example.com', 'user99']) {
    const outbox = await count()
    const { status, headers, text } = await new TestBrowser(t).send('/auth/forgot-password', { login })
    const { date: _date, 'x-atlan-request-id': _id, ...rest } = headers
    answers.add(JSON.stringify([status, rest, text]))
    rows.push((await count()) - outbox)
  }
  assert.equal(answers.size, 1, [...answers].join('\n'))
  assert.deepEqual(rows, [1, 1, 1, 1, 1])
  await t.deliverOutbox()
  assert.deepEqual(
    t.mails.slice(mailsBefore).map(({ to }) => to),
    ['user01@example.com'],
  )
  const kept = await t.db.selectFrom('outbox').select('payload').where('kind', '=', 'password-reset-mail').execute()
  assert.ok(!JSON.stringify(kept).includes('msut_'), 'the outbox holds no way in')
})

test('V-I13 a link is asked for three times an hour at most, whether anybody has the name or not', async () => {
  await using t = await startTestApp()
  await t.addUser('user01')
  for (const spellings of [
    ['user01', 'USER01@example.com', ' user01 ', 'user01'],
    ['user99', 'USER99', ' user99', 'user99'],
  ]) {
    const statuses: number[] = []
    for (const login of spellings)
      statuses.push((await new TestBrowser(t).send('/auth/forgot-password', { login })).status)
    assert.deepEqual(statuses, [200, 200, 200, 429])
  }
  t.clock.advance(60 * minuteMs)
  assert.equal((await new TestBrowser(t).send('/auth/forgot-password', { login: 'user01' })).status, 200)
})

test('V-I1 V-I2 V-I3 a link that is altered, elsewhere, too old, replaced, used at once by many or of somebody disabled changes nothing', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const good = pathOf(await askForLink(t, 'user01'))
  const token = new URLSearchParams(good.split('?')[1]).get('token') ?? ''
  const flipped = `${token.slice(0, -2)}${token.endsWith('AA') ? 'BB' : 'AA'}`
  const untouched = await hashDatabase(t.db)
  const texts = new Set<string>()
  const refuse = async (browser: TestBrowser, shown: string) => {
    await browser.request('GET', `/auth/reset-password?token=${shown}`)
    const page = await browser.request('GET', '/auth/reset-password')
    const sent = await browser.send('/auth/reset-password', { password: newPassword })
    assert.deepEqual([page.status, sent.status], [400, 400], shown)
    texts.add(page.text)
    texts.add(sent.text)
  }
  await refuse(new TestBrowser(t), flipped)
  await refuse(new TestBrowser(t), `${token}x`)
  await refuse(new TestBrowser(t), '')
  await refuse(new TestBrowser(t, t.other), token)
  t.clock.advance(30 * minuteMs)
  await refuse(new TestBrowser(t), token)
  assert.equal(await hashDatabase(t.db), untouched)
  t.clock.advance(60 * minuteMs)
  const first = pathOf(await askForLink(t, 'user01')).split('token=')[1] ?? ''
  const second = pathOf(await askForLink(t, 'user01')).split('token=')[1] ?? ''
  await refuse(new TestBrowser(t), first)
  await t.post(`/api/service/users/${user.id}`, { enabled: false })
  await refuse(new TestBrowser(t), second)
  await t.post(`/api/service/users/${user.id}`, { enabled: true })
  const statuses = (
    await Promise.all(Array.from({ length: 8 }, () => reset(t, `/auth/reset-password?token=${second}`)))
  ).map(({ status }) => status)
  assert.deepEqual(statuses.toSorted(), [200, 400, 400, 400, 400, 400, 400, 400])
  assert.equal(texts.size, 1, [...texts].join('\n'))
})

test('V-I7 the link in the mail is that of the configuration, whatever the request says about its host', async () => {
  await using t = await startTestApp({ env: { MUSTER_PUBLIC_URL: 'https://muster.example.com' } })
  await t.addUser('user01')
  for (const headers of [
    { 'x-forwarded-host': 'evil.example' },
    { forwarded: 'host=evil.example' },
    { 'x-original-host': 'evil.example', referer: 'https://evil.example/' },
  ]) {
    const link = await askForLink(t, 'user01', headers)
    assert.match(link ?? '', /^https:\/\/muster\.example\.com\/auth\/reset-password\?token=msut_/)
  }
})

test('a new password by link opens what too many wrong ones had closed', async () => {
  await using t = await startTestApp()
  await t.addUser('user01')
  await new TestBrowser(t).signIn('user01', 'wrong')
  await t.db.engine.transact((trx) =>
    trx.updateTable('sign_in_counters').set({ failures: 100 }).where('subject_key', 'like', 'user:%').execute(),
  )
  assert.equal((await new TestBrowser(t).signIn('user01', password)).status, 429)
  assert.equal((await reset(t, pathOf(await askForLink(t, 'user01')))).status, 200)
  assert.equal((await new TestBrowser(t).signIn('user01', newPassword)).status, 303)
})
