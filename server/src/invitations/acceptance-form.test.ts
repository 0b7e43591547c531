import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { password, startTestApp, type TestApp } from '../../test/start-test-app.ts'
import type { Answer } from '../../test/test-client.ts'

const path = '/auth/accept-invite'

/** What a browser without JavaScript does: open the link, follow the redirect, send the form. */
class Browser {
  readonly #app: TestApp
  cookie = ''

  constructor(app: TestApp) {
    this.#app = app
  }

  async open(url: string): Promise<Answer> {
    const answer = await this.#app.get(url, { token: null, headers: this.#headers() })
    this.#keepCookie(answer)
    return answer
  }

  async send(fields: Readonly<Record<string, string>>, type = 'application/x-www-form-urlencoded'): Promise<Answer> {
    const headers = { ...this.#headers(), 'content-type': type }
    const answer = await this.#app.request('POST', path, {
      token: null,
      rawBody: new URLSearchParams(fields).toString(),
      headers,
    })
    this.#keepCookie(answer)
    return answer
  }

  #headers(): Record<string, string> {
    return this.cookie === '' ? {} : { cookie: this.cookie }
  }

  #keepCookie(answer: Answer): void {
    const [set] = answer.headers['set-cookie'] ?? []
    if (set !== undefined) this.cookie = /^[^=]+=;/.test(set) ? '' : (set.split(';')[0] ?? '')
  }
}

function assertPage(answer: Answer, status: number): void {
  assert.equal(answer.status, status, answer.text)
  assert.match(answer.headers['content-type'] ?? '', /^text\/html/)
  const csp = String(answer.headers['content-security-policy'])
  const style = /<style>([\s\S]*?)<\/style>/.exec(answer.text)?.[1] ?? ''
  const hash = createHash('sha256').update(style).digest('base64')
  assert.equal(
    csp,
    `default-src 'none'; style-src 'sha256-${hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  )
  assert.equal(answer.headers['referrer-policy'], 'no-referrer')
  assert.equal(answer.headers['x-content-type-options'], 'nosniff')
  assert.equal(answer.headers['cross-origin-opener-policy'], 'same-origin')
  assert.equal(answer.headers['cache-control'], 'no-store')
  assert.ok(!answer.text.includes('<script') && !/ (style|on\w+)="/.test(answer.text), 'nothing the policy would block')
}

function valueOf(page: string, name: string): string | undefined {
  const value = new RegExp(`name="${name}"[^>]*? value="([^"]*)"`).exec(page)?.[1]
  return value
    ?.replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
}

test('a person accepts with a browser that runs no script: link, form, welcome', async () => {
  await using t = await startTestApp()
  const entry = {
    email: 'user01@example.com',
    username: 'jane',
    firstName: 'Jane',
    lastName: 'Doe',
    roleName: '$guest',
  }
  const id = (await t.post('/api/service/users', { users: [entry] })).json.createdUsers[entry.email]
  const browser = new Browser(t)
  await browser.open(`${path}?token=${await t.invitationToken(id)}`)
  const page = await browser.open(path)
  assertPage(page, 200)
  assert.match(page.text, /<strong>user01@example\.com<\/strong> is invited to the workspace acme with the role guest/)
  assert.deepEqual(
    ['username', 'firstName', 'lastName'].map((name) => valueOf(page.text, name)),
    ['jane', 'Jane', 'Doe'],
  )
  const welcome = await browser.send({ username: 'jane.doe', firstName: 'Jane', lastName: 'Döe & Söhne', password })
  assertPage(welcome, 200)
  assert.match(welcome.text, /jane\.doe/)
  assert.equal(browser.cookie, '', 'the token is forgotten')
  const { json } = await t.get(`/api/service/users/${id}`)
  assert.deepEqual([json.status, json.username, json.lastName], ['Enabled', 'jane.doe', 'Döe & Söhne'])
})

test('the token leaves the address bar at once, into a cookie that scripts and other sites do not get', async () => {
  await using t = await startTestApp({ env: { MUSTER_PUBLIC_URL: 'https://muster.example.com' } })
  const token = await t.invitationToken(await t.invite('user01@example.com'))
  const answer = await t.get(`${path}?token=${token}`, { token: null })
  assert.equal(answer.status, 303)
  assert.equal(answer.headers.location, path)
  assert.equal(answer.headers['referrer-policy'], 'no-referrer')
  assert.equal(answer.headers['cache-control'], 'no-store')
  const [cookie = '', ...more] = answer.headers['set-cookie'] ?? []
  assert.deepEqual(more, [])
  const parts = cookie.split('; ')
  assert.equal(parts[0], `muster-invite=${token}`)
  for (const attribute of ['Path=/auth/', 'HttpOnly', 'Secure', 'SameSite=Lax'])
    assert.ok(parts.includes(attribute), `${attribute} in ${cookie}`)
  assert.ok(!/domain/i.test(cookie))
  const page = await t.get(path, { token: null, headers: { cookie: `muster-invite=${token}` } })
  assert.ok(!page.text.includes(token), 'the page does not repeat it')
})

test('the cookie of a link is worth nothing at another tenant, and no credential anywhere (V-T4)', async () => {
  await using t = await startTestApp()
  const token = await t.invitationToken(await t.invite('user01@example.com'))
  const headers = { cookie: `muster-invite=${token}; __Host-muster=${t.acme.token}` }
  const elsewhere = { token: null, host: t.other.host, headers }
  assert.equal((await t.get(path, elsewhere)).status, 400)
  const form = { ...headers, 'content-type': 'application/x-www-form-urlencoded' }
  const rawBody = new URLSearchParams({ username: 'jane', password }).toString()
  assert.equal((await t.request('POST', path, { ...elsewhere, headers: form, rawBody })).status, 400)
  for (const host of [t.acme.host, t.other.host])
    assert.equal((await t.get('/api/service/whoami', { token: null, host, headers })).status, 401)
  assert.equal((await t.get(path, { token: null, headers })).status, 200, 'at its own tenant it still opens the form')
})

test('without https the cookie works too', async () => {
  await using t = await startTestApp()
  const token = await t.invitationToken(await t.invite('user01@example.com'))
  const answer = await t.get(`${path}?token=${token}`, { token: null })
  assert.ok(!/secure/i.test(String(answer.headers['set-cookie'])))
})

test('a mistake in the form keeps what was typed, says what is wrong, and never repeats the password', async () => {
  await using t = await startTestApp()
  await t.addUser('taken')
  const id = await t.invite('user01@example.com')
  const browser = new Browser(t)
  await browser.open(`${path}?token=${await t.invitationToken(id)}`)
  const typed = { username: 'jane', firstName: '<b>"Jane"</b>', lastName: "O'Neil & Co" }
  const secret = 'never shown again at all'
  const mistakes: readonly (readonly [Record<string, string>, number, RegExp])[] = [
    [{ ...typed, password: 'too short' }, 400, /9 characters/],
    [{ ...typed, password: 'x'.repeat(129) }, 400, /129 characters/],
    [{ ...typed, password: 'a'.repeat(20) }, 400, /guess/],
    [{ ...typed, username: 'taken', password: secret }, 409, /taken/],
    [{ ...typed, username: 'has blank', password: secret }, 400, /username/],
    [{ ...typed, username: 'service-account-x', password: secret }, 400, /username/],
    [{ ...typed, firstName: 'a\u202eb', password: secret }, 400, /firstName/],
  ]
  for (const [fields, status, text] of mistakes) {
    const page = await browser.send(fields)
    assertPage(page, status)
    assert.match(/<p role="alert"[^>]*>([^<]*)</.exec(page.text)?.[1] ?? '', text)
    for (const name of ['username', 'firstName', 'lastName']) assert.equal(valueOf(page.text, name), fields[name])
    assert.ok(!page.text.includes(fields['password'] ?? ''), 'not the password')
  }
  assert.equal((await browser.send({ ...typed, password })).status, 200)
  assert.equal((await t.get(`/api/service/users/${id}`)).json.firstName, typed.firstName)
})

test('markup in names is text on the page', async () => {
  await using t = await startTestApp()
  const evil = '<img src=x onerror=alert(1)>"\'&'
  const admin = await t.addUser('admin01', '$admin')
  await t.post(`/api/service/users/${admin.id}`, { firstName: evil, lastName: evil })
  const { json } = await t.post('/api/service/users', {
    users: [{ email: 'user01@example.com', firstName: evil, lastName: evil }],
  })
  const browser = new Browser(t)
  await browser.open(`${path}?token=${await t.invitationToken(json.createdUsers['user01@example.com'])}`)
  const page = await browser.open(path)
  assertPage(page, 200)
  assert.ok(!page.text.includes('<img'))
  assert.equal(valueOf(page.text, 'firstName'), evil)
})

test('a wrong link is one page with one text, whatever is wrong with it; without a link too', async () => {
  await using t = await startTestApp()
  const id = await t.invite('user01@example.com')
  const used = await t.invitationToken(id)
  await t.post(path, { token: used, password }, { token: null })
  const texts = new Set<string>()
  for (const token of ['minv_unknown', used, 'x', '../../etc/passwd']) {
    const browser = new Browser(t)
    await browser.open(`${path}?token=${encodeURIComponent(token)}`)
    for (const page of [await browser.open(path), await browser.send({ username: 'x', password })]) {
      assertPage(page, 400)
      texts.add(page.text)
    }
  }
  texts.add((await new Browser(t).open(path)).text)
  assert.equal(texts.size, 1)
})

test('the form is read as a form in every spelling of its type', async () => {
  await using t = await startTestApp()
  for (const [index, type] of [
    'application/x-www-form-urlencoded',
    'application/x-www-form-urlencoded; charset=utf-8',
    'Application/X-WWW-Form-Urlencoded',
  ].entries()) {
    const browser = new Browser(t)
    await browser.open(`${path}?token=${await t.invitationToken(await t.invite(`user${index}@example.com`))}`)
    assertPage(await browser.send({ password }, type), 200)
  }
})

test('a form with a field twice, or without a password, changes nothing', async () => {
  await using t = await startTestApp()
  const token = await t.invitationToken(await t.invite('user01@example.com'))
  const cookie = `muster-invite=${token}`
  for (const rawBody of [
    '',
    'username=x',
    `password=${password}&username=a&username=b`,
    `password=${password}&password=${password}`,
    `token=${token}&token=x&password=${password}`,
  ]) {
    const answer = await t.request('POST', path, {
      token: null,
      rawBody,
      headers: { cookie, 'content-type': 'application/x-www-form-urlencoded' },
    })
    assert.equal(answer.status, 400, rawBody)
  }
  assert.equal((await t.post(path, { token, password }, { token: null })).status, 200)
})
