import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashDatabase } from '../../test/database-hash.ts'
import { password, startTestApp, type TestApp } from '../../test/start-test-app.ts'
import { signedInBrowser, TestBrowser } from '../../test/test-browser.ts'
import { usesPostgres } from '../../test/test-database.ts'

const minuteMs = 60_000

async function loginEvents(t: TestApp, query = ''): Promise<{ type: string; userId?: string; details: object }[]> {
  return (await t.get(`/api/service/events/login?${query}`)).json
}

async function sessionsOf(t: TestApp, userId: string): Promise<{ id: string; start: number }[]> {
  return (await t.get(`/api/service/users/${userId}/sessions`)).json
}

test('a person signs in with username or address in any spelling, is led where they wanted to go, and signs out', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  for (const login of ['user01', ' USER01 ', 'user01@example.com', 'User01@EXAMPLE.com', 'ｕser01']) {
    const browser = new TestBrowser(t)
    await browser.open('/auth/sign-in?next=/auth/account')
    const answer = await browser.submit('/auth/sign-in', { login, password })
    assert.deepEqual([answer.status, answer.headers.location], [303, '/auth/account'], login)
  }
  assert.equal((await sessionsOf(t, user.id)).length, 5)
  const { json } = await t.get(`/api/service/users/${user.id}?maxLoginEvents=10`)
  assert.equal(json.lastLoginTime, t.clock.now().getTime())
  const browser = await signedInBrowser(t, 'user01')
  const bearer = await browser.bearer()
  const { csrfToken: csrf } = (await browser.request('GET', '/auth/session')).json
  const out = await browser.send('/auth/sign-out', { csrf })
  assert.deepEqual([out.status, out.headers.location], [303, '/auth/signed-out'])
  assert.equal((await t.get('/api/service/whoami', { token: bearer })).status, 401)
  assert.equal((await sessionsOf(t, user.id)).length, 5)
  const types = (await loginEvents(t, `user=${user.id}`)).map(({ type }) => type)
  assert.deepEqual(types, ['LOGOUT', 'LOGIN', 'LOGIN', 'LOGIN', 'LOGIN', 'LOGIN', 'LOGIN'])
})

test('V-I11 an unknown name, a wrong password, a disabled and a pending person get one answer, and are recorded', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const disabled = await t.addUser('user02')
  await t.post(`/api/service/users/${disabled.id}`, { enabled: false })
  await t.invite('user03@example.com')
  const answers = new Set<string>()
  for (const [login, secret] of [
    ['user01', 'wrong password of somebody'],
    ['user99', password],
    ['user99@example.com', password],
    ['user02', password],
    ['user03@example.com', password],
  ] as const) {
    const browser = new TestBrowser(t)
    await browser.open('/auth/sign-in')
    const { status, headers, text } = await browser.submit('/auth/sign-in', { login, password: secret })
    const { date: _date, 'x-atlan-request-id': _id, 'content-length': _length, ...rest } = headers
    answers.add(JSON.stringify([status, rest, text.replace(`value="${login}"`, '')]))
    assert.equal(browser.cookies.size, 0, 'nothing is set')
  }
  assert.equal(answers.size, 1, [...answers].join('\n'))
  assert.match([...answers][0] ?? '', /^\[403/)
  const events = await loginEvents(t, 'type=LOGIN_ERROR')
  assert.equal(events.length, 5)
  assert.deepEqual(
    events.map(({ userId }) => userId ?? null).toSorted(),
    [user.id, disabled.id, null, null, events[0]?.userId].toSorted(),
  )
  assert.ok(!JSON.stringify(await t.db.selectFrom('events').selectAll().execute()).includes(password))
})

test('the last address wins a name: nobody takes an address over by calling themselves so', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const id = await t.invite('user02@example.com')
  const token = await t.invitationToken(id)
  const body = { token, username: 'user01@example.com', password: 'another long sentence' }
  assert.equal((await t.post('/auth/accept-invite', body, { token: null })).status, 200)
  await signedInBrowser(t, 'user01@example.com')
  assert.equal((await sessionsOf(t, user.id)).length, 1)
  const other = new TestBrowser(t)
  assert.equal((await other.signIn('user01@example.com', 'another long sentence')).status, 403)
})

test('V-K11 one account has one counter for all spellings of its name, and of many guesses at once no more than its limit are judged', async () => {
  const env = { MUSTER_TRUSTED_PROXIES: '127.0.0.1' }
  await using t = await startTestApp({ env })
  await using another = usesPostgres ? await startTestApp({ env, beside: t }) : null
  const user = await t.addUser('user01')
  const spellings = ['user01', 'USER01', ' user01 ', 'ｕｓｅｒ01', 'user01@example.com', 'USER01@example.com']
  const guesses = Array.from({ length: 200 }, (_, index) =>
    // From many addresses, each of which may guess for itself.
    new TestBrowser(index % 2 === 0 ? t : (another ?? t)).send(
      '/auth/sign-in',
      { login: spellings[index % 6] ?? '', password: `wrong guess ${index}` },
      { 'x-forwarded-for': `192.0.2.${index}` },
    ),
  )
  const statuses = (await Promise.all(guesses)).map(({ status }) => status)
  assert.deepEqual([...new Set(statuses)].toSorted(), [403, 429])
  assert.ok(statuses.filter((status) => status === 403).length <= 10, statuses.join(' '))
  const refused = await new TestBrowser(t).signIn('user01')
  assert.equal(refused.status, 429, 'even the right password waits')
  assert.ok(Number(refused.headers['retry-after']) > 0)
  assert.match(String(refused.headers['ratelimit-policy']), /q=10;w=60/)
  const judged = await t.db
    .selectFrom('sign_in_counters')
    .select('failures')
    .where('subject_key', '=', `user:${user.id}`)
    .executeTakeFirstOrThrow()
  assert.ok(judged.failures <= 10)
})

test('V-K11 the owner on a known device is not locked out, guess 101 is refused for good, and a name nobody has looks the same', async () => {
  await using t = await startTestApp()
  await t.addUser('user01')
  const owner = await signedInBrowser(t, 'user01')
  const outcome: Record<string, string> = {}
  for (const login of ['user01', 'user99']) {
    const guess = async () => {
      t.clock.advance(6 * minuteMs)
      return (await new TestBrowser(t).send('/auth/sign-in', { login, password: 'wrong' })).status
    }
    assert.equal(await guess(), 403)
    const counters = (await t.db.selectFrom('sign_in_counters').select(['subject_key', 'failures']).execute()).filter(
      ({ subject_key: key, failures }) => /^(user|name):/.test(key) && failures === 1,
    )
    assert.equal(counters.length, 1)
    // As 98 more would: each costs a real hash.
    await t.db.engine.transact((trx) =>
      trx
        .updateTable('sign_in_counters')
        .set({ failures: 99 })
        .where('subject_key', '=', counters[0]?.subject_key ?? '')
        .execute(),
    )
    assert.equal(await guess(), 403, 'the hundredth')
    t.clock.advance(60 * minuteMs)
    const closed = await new TestBrowser(t).send('/auth/sign-in', { login, password })
    assert.equal(closed.status, 429)
    outcome[login] = closed.text.replace(`value="${login}"`, '')
  }
  assert.equal(outcome['user01'], outcome['user99'])
  const again = new TestBrowser(t)
  again.cookies.set('muster-device', owner.cookies.get('muster-device') ?? '')
  assert.equal((await again.signIn('user01')).status, 303)
})

test('an address from which too much is tried is refused, whatever names it tries', async () => {
  await using t = await startTestApp()
  for (let guess = 0; guess < 60; guess += 1)
    assert.equal(
      (await new TestBrowser(t).send('/auth/sign-in', { login: `user${guess}`, password: 'wrong' })).status,
      403,
    )
  const untouched = await hashDatabase(t.db)
  assert.equal((await new TestBrowser(t).send('/auth/sign-in', { login: 'somebody', password: 'wrong' })).status, 429)
  t.clock.advance(minuteMs)
  assert.equal((await new TestBrowser(t).send('/auth/sign-in', { login: 'somebody', password: 'wrong' })).status, 403)
  assert.notEqual(await hashDatabase(t.db), untouched)
})

test('V-W5 a sign-in leads to a path of this host and nowhere else', async () => {
  await using t = await startTestApp()
  await t.addUser('user01')
  for (const next of [
    '//evil.example',
    '/\\evil.example',
    'https://evil.example',
    '/%0d%0a',
    'javascript:x',
    '/\u0000',
    `/${'a'.repeat(400)}`,
    '',
    '/a b',
  ]) {
    const browser = new TestBrowser(t)
    const answer = await browser.send('/auth/sign-in', { login: 'user01', password, next })
    const expected = next === '/%0d%0a' ? next : '/auth/account'
    assert.deepEqual([answer.status, answer.headers.location], [303, expected], next)
    t.clock.advance(minuteMs)
  }
})

test('of the browsers somebody has signed in with, the newest fifty are known', async () => {
  await using t = await startTestApp()
  const user = await t.addUser('user01')
  const at = t.clock.now().getTime()
  const rows = Array.from({ length: 60 }, (_, index) => ({
    tenant_id: t.acme.id,
    user_id: user.id,
    device_hash: `device ${index}`,
    created_at: at - index,
    last_seen_at: at - index - 1,
  }))
  await t.db.engine.transact((trx) => trx.insertInto('known_devices').values(rows).execute())
  const browser = await signedInBrowser(t, 'user01')
  const known = await t.db.selectFrom('known_devices').select('device_hash').execute()
  assert.equal(known.length, 50)
  assert.ok(
    known.some(({ device_hash: hash }) => hash === 'device 48') &&
      known.every(({ device_hash: hash }) => hash !== 'device 49'),
  )
  assert.equal((await browser.send('/auth/sign-in', { login: 'user01', password })).status, 303)
  assert.equal(
    (await t.db.selectFrom('known_devices').select('device_hash').execute()).length,
    50,
    'a known one is no new one',
  )
})
