import assert from 'node:assert/strict'
import { Secret, TOTP } from 'otpauth'
import type { EventName } from '../src/events/event-types.ts'
import { issuePasswordReset } from '../src/account/password-reset.service.ts'
import { makeObject, newText } from './authz-world.ts'
import { newEmail, post, type Scenario } from './scenario.ts'
import { password, type TestApp } from './start-test-app.ts'
import { signedInBrowser, TestBrowser } from './test-browser.ts'
import type { RequestOptions } from './test-client.ts'
import { TestPasskey } from './test-passkey.ts'

/** A person and a browser in which they are signed in. */
async function somebody(t: TestApp) {
  const user = await t.addUser(newText())
  return { user, browser: await signedInBrowser(t, user.username) }
}

interface Sent {
  readonly status: number
  readonly text: string
}

/** A form, and the status that shows it did what it should. */
function form(
  by: string,
  what: string,
  leaves: readonly EventName[],
  arrange: (t: TestApp) => Promise<(as: RequestOptions) => Promise<Sent>>,
  status = 303,
): Scenario {
  return {
    by,
    what,
    leaves,
    arrange: async (t) => {
      const act = await arrange(t)
      return async (as = {}) => {
        const answer = await act(as)
        assert.equal(answer.status, status, answer.text)
      }
    },
  }
}

/** Where the mail about this that waits for somebody leads; nothing is delivered, others' mails wait on. */
async function mailedPath(t: TestApp, userId: string, about: 'confirm_email' | 'email_change'): Promise<string> {
  const rows = await t.db
    .selectFrom('outbox')
    .select('payload')
    .where('tenant_id', '=', t.acme.id)
    .where('subject_id', '=', userId)
    .execute()
  const mail = rows.map(({ payload }) => JSON.parse(payload)).find((waiting) => waiting.about === about)
  return `/auth/${about === 'confirm_email' ? 'confirm' : 'undo'}-email?token=${mail.secret.token}`
}

async function askedForEmail(t: TestApp) {
  const { user, browser } = await somebody(t)
  await browser.open('/auth/account/email')
  await browser.submit('/auth/account/email', { email: newEmail() })
  return { user, browser }
}

async function offeredSecret(browser: TestBrowser): Promise<string> {
  await browser.open('/auth/account/second-factor')
  await browser.submit('/auth/account/totp')
  return (/<code>([A-Z2-7 ]+)<\/code>/.exec(browser.page)?.[1] ?? '').replaceAll(' ', '')
}

function codeNow(t: TestApp, secret: string): string {
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: t.clock.now().getTime() })
}

/** A browser on the page about second factors, of somebody who has an authenticator app. */
async function withApp(t: TestApp): Promise<TestBrowser> {
  const { browser } = await somebody(t)
  const secret = await offeredSecret(browser)
  await browser.submit('/auth/account/totp/confirm', { code: codeNow(t, secret) })
  await browser.open('/auth/account/second-factor')
  return browser
}

/** A passkey as a device makes it for this browser. */
async function madePasskey(t: TestApp, browser: TestBrowser) {
  const { csrfToken: csrf } = (await browser.request('GET', '/auth/session')).json
  const options = await browser.request('POST', '/auth/account/passkeys/options', { 'x-muster-csrf': csrf })
  const passkey = new TestPasskey(options.json.rp.id)
  const origin = `http://127.0.0.1:${t.port}`
  const response = passkey.create({ challenge: options.json.challenge, origin })
  return { csrf, response, id: passkey.id.toString('base64url') }
}

export const ofSignIn: readonly Scenario[] = [
  form('POST /auth/sign-in', 'the right password', ['session.started'], async (t) => {
    const { username } = await t.addUser(newText())
    return (as) => new TestBrowser(t).at(as).signIn(username)
  }),
  form(
    'POST /auth/sign-in',
    'a wrong password',
    ['sign_in.refused'],
    async (t) => {
      const { username } = await t.addUser(newText())
      return (as) => new TestBrowser(t).at(as).signIn(username, 'not the right one')
    },
    403,
  ),
  form('POST /auth/sign-out', 'signed in', ['session.ended'], async (t) => {
    const { browser } = await somebody(t)
    const csrf = (await browser.request('GET', '/auth/session')).json.csrfToken
    return (as) => browser.at(as).send('/auth/sign-out', { csrf })
  }),
  form('POST /auth/confirm', 'the right password', ['session.confirmed'], async (t) => {
    const { browser } = await somebody(t)
    await browser.open('/auth/confirm')
    return (as) => browser.at(as).submit('/auth/confirm', { password })
  }),
  post(
    'POST /api/muster/sign-in-settings',
    'another limit',
    async () => ({ path: '/api/muster/sign-in-settings', body: { sessionMaxMinutes: 1_000 } }),
    ['tenant.sign_in_changed'],
    [],
  ),
  form(
    'POST /auth/account/totp/confirm',
    'the code of the app',
    ['totp.added', 'recovery_codes.made'],
    async (t) => {
      const { browser } = await somebody(t)
      const secret = await offeredSecret(browser)
      return (as) => browser.at(as).submit('/auth/account/totp/confirm', { code: codeNow(t, secret) })
    },
    200,
  ),
  form(
    'POST /auth/account/recovery-codes',
    'an app is set up',
    ['recovery_codes.made'],
    async (t) => {
      const browser = await withApp(t)
      return (as) => browser.at(as).submit('/auth/account/recovery-codes')
    },
    200,
  ),
  form('POST /auth/account/totp/remove', 'an app is set up', ['totp.removed'], async (t) => {
    const browser = await withApp(t)
    return (as) => browser.at(as).submit('/auth/account/totp/remove')
  }),
  form('POST /auth/account/passkeys', 'what the device answered', ['passkey.added'], async (t) => {
    const { browser } = await somebody(t)
    const { csrf, response } = await madePasskey(t, browser)
    return (as) => browser.at(as).send('/auth/account/passkeys', { csrf, name: 'Laptop', response })
  }),
  form('POST /auth/account/passkeys/remove', 'one that is there', ['passkey.removed'], async (t) => {
    const { browser } = await somebody(t)
    const { csrf, response, id } = await madePasskey(t, browser)
    await browser.send('/auth/account/passkeys', { csrf, name: 'Laptop', response })
    return (as) => browser.at(as).send('/auth/account/passkeys/remove', { csrf, id })
  }),
  form(
    'POST /auth/forgot-password',
    'a name somebody has',
    ['password.reset_requested'],
    async (t) => {
      const { username } = await t.addUser(newText())
      return (as) => new TestBrowser(t).at(as).send('/auth/forgot-password', { login: username })
    },
    200,
  ),
  form(
    'POST /auth/reset-password',
    'a good link and password, signed in elsewhere',
    ['session.ended', 'password.changed'],
    async (t) => {
      const { user } = await somebody(t)
      const browser = new TestBrowser(t)
      await browser.open(`/auth/reset-password?token=${await issuePasswordReset(t.operator(), user.id)}`)
      return (as) => browser.at(as).submit('/auth/reset-password', { password: 'another long sentence' })
    },
    200,
  ),
  form(
    'POST /auth/account/password',
    'a good one, signed in elsewhere',
    ['session.ended', 'password.changed', 'session.confirmed'],
    async (t) => {
      const { user, browser } = await somebody(t)
      await t.startSession(user.id)
      await browser.open('/auth/account/password')
      return (as) => browser.at(as).submit('/auth/account/password', { password: 'another long sentence' })
    },
    200,
  ),
  form(
    'POST /auth/account/email',
    'a good address',
    ['email.change_requested'],
    async (t) => {
      const { browser } = await somebody(t)
      await browser.open('/auth/account/email')
      return (as) => browser.at(as).submit('/auth/account/email', { email: newEmail() })
    },
    200,
  ),
  form(
    'POST /auth/confirm-email',
    'a good link',
    ['email.changed'],
    async (t) => {
      const { user, browser } = await askedForEmail(t)
      await browser.open(await mailedPath(t, user.id, 'confirm_email'))
      return (as) => browser.at(as).submit('/auth/confirm-email')
    },
    200,
  ),
  form(
    'POST /auth/undo-email',
    'a good link after the change',
    ['email.changed', 'session.ended', 'password.changed'],
    async (t) => {
      const { user, browser } = await askedForEmail(t)
      await browser.open(await mailedPath(t, user.id, 'confirm_email'))
      await browser.submit('/auth/confirm-email')
      await browser.open(await mailedPath(t, user.id, 'email_change'))
      return (as) => browser.at(as).submit('/auth/undo-email')
    },
    200,
  ),
  post(
    'DELETE /api/muster/sessions/{id}',
    'a live one',
    async (t) => ({ path: `/api/muster/sessions/${await makeObject(t, 'session')}` }),
    ['session.ended'],
  ),
  post(
    'POST /api/muster/users/{id}/sessions/end',
    'signed in twice',
    async (t) => {
      const { user } = await somebody(t)
      await t.startSession(user.id)
      return { path: `/api/muster/users/${user.id}/sessions/end` }
    },
    ['session.ended', 'session.ended'],
    [],
  ),
]
