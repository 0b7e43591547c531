import assert from 'node:assert/strict'
import { Secret, TOTP } from 'otpauth'
import { startSso } from '../../src/saml/testdata/sso-world.ts'
import { selectSamlSessions } from '../../src/sessions/sessions.queries.ts'
import { newText } from '../authz-world.ts'
import type { TestApp } from '../start-test-app.ts'
import { signedInBrowser, TestBrowser } from '../test-browser.ts'
import { TestPasskey } from '../test-passkey.ts'
import { dayMs, expectStatus, type Flow } from './flow.ts'

function codeNow(t: TestApp, secret: string): string {
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: t.clock.now().getTime() })
}

/** Signs in with a password as far as the page for the second step. */
async function passwordStep(t: TestApp, login: string): Promise<TestBrowser> {
  const browser = new TestBrowser(t)
  const { headers, text } = await browser.signIn(login)
  assert.match(headers.location ?? '', /^\/auth\/second-factor/, text)
  await browser.open(headers.location ?? '')
  return browser
}

const secondFactors: Flow = {
  what: 'an authenticator app and recovery codes, set up and used',
  act: async (t) => {
    const { username } = await t.addUser(newText())
    const owner = await signedInBrowser(t, username)
    const overview = '/auth/account/second-factor'
    await owner.open(overview)
    await owner.submit('/auth/account/totp')
    const secret = (/<code>([A-Z2-7 ]+)<\/code>/.exec(owner.page)?.[1] ?? '').replaceAll(' ', '')
    const done = await owner.submit('/auth/account/totp/confirm', { code: codeNow(t, secret) })
    const codes = [...done.text.matchAll(/<code>([a-z0-9]{6}-[a-z0-9]{6})<\/code>/g)].map(([, code = '']) => code)
    t.clock.advance(60_000)
    for (const code of [codeNow(t, secret), codes[0] ?? '']) {
      const browser = await passwordStep(t, username)
      await expectStatus(browser.submit('/auth/second-factor', { code }), 303)
    }
    await owner.open(overview)
    await owner.submit('/auth/account/recovery-codes')
    await owner.open(overview)
    await expectStatus(owner.submit('/auth/account/totp/remove'), 303)
  },
}

const passkeys: Flow = {
  what: 'a passkey, added, shown, used to sign in and removed',
  act: async (t) => {
    const { username } = await t.addUser(newText())
    const owner = await signedInBrowser(t, username)
    const { csrfToken: csrf } = (await owner.request('GET', '/auth/session')).json
    const options = await owner.request('POST', '/auth/account/passkeys/options', { 'x-muster-csrf': csrf })
    const passkey = new TestPasskey(options.json.rp.id)
    const origin = `http://127.0.0.1:${t.port}`
    const response = passkey.create({ challenge: options.json.challenge, origin })
    await expectStatus(owner.send('/auth/account/passkeys', { csrf, name: 'Laptop', response }), 303)
    await owner.open('/auth/account/second-factor')
    assert.match(owner.page, /Laptop/)
    await owner.request('POST', '/auth/account/passkeys/options', { 'x-muster-csrf': csrf })
    const browser = new TestBrowser(t)
    const { challenge } = (await browser.request('POST', '/auth/passkey/options')).json
    const signed = passkey.get({ challenge, origin })
    await expectStatus(browser.send('/auth/passkey/sign-in', { response: signed }), 303)
    await passwordStep(t, username)
    const id = passkey.id.toString('base64url')
    await expectStatus(owner.send('/auth/account/passkeys/remove', { csrf, id }), 303)
  },
}

const sessions: Flow = {
  what: 'signing in again and again, from a known browser, by a wrong password, with another role, after days',
  act: async (t) => {
    const { id, username } = await t.addUser(newText())
    const browser = await signedInBrowser(t, username)
    await browser.bearer()
    await browser.send('/auth/sign-out', { csrf: (await browser.request('GET', '/auth/session')).json.csrfToken })
    await browser.signIn(username, 'not the right one')
    await browser.signIn(username)
    await addDevices(t, id)
    await new TestBrowser(t).signIn(username)
    t.clock.advance(10 * 60_000)
    await browser.bearer()
    t.clock.advance(20 * 60_000)
    await browser.bearer()
    await t.get(`/api/muster/users/${id}/sessions`)
    await t.post(`/api/service/users/${id}`, { workspaceRole: '$guest' })
    await browser.open('/auth/account')
    for (let times = 0; times < 2; times += 1)
      await new TestBrowser(t).send('/auth/forgot-password', { login: username })
    await new TestBrowser(t).signIn(newText())
    t.clock.advance(40 * dayMs)
    await signedInBrowser(t, username)
    await t.post(`/api/service/users/${id}`, { enabled: false })
    await t.post(`/api/service/users/${id}/delete`)
  },
}

/** More browsers than one person needs. */
async function addDevices(t: TestApp, userId: string): Promise<void> {
  const rows = Array.from({ length: 60 }, (_, at) => ({
    tenant_id: t.acme.id,
    user_id: userId,
    device_hash: `device ${at}`,
    created_at: at,
    last_seen_at: at,
  }))
  await t.db.engine.transact((trx) => trx.insertInto('known_devices').values(rows).execute())
}

const singleSignOn: Flow = {
  what: 'single sign-on of the same person twice, with groups, days apart',
  act: async (t) => {
    const sso = await startSso(t, { alias: newText() })
    const name = newText()
    await t.addGroup(name)
    const config = { group: name, 'attribute.value': name }
    const mapper = { identityProviderMapper: 'saml-group-idp-mapper', config }
    await expectStatus(t.post(`/api/service/idp/${sso.connection.alias}/mappers`, mapper), 200)
    const person = { nameId: newText(), attributes: { email: [`${newText()}@elsewhere.example`], memberOf: [name] } }
    for (let times = 0; times < 2; times += 1) {
      await expectStatus(sso.signIn({ ...person, sessionIndex: 'one' }), 303)
      await sso.begin()
      t.clock.advance(dayMs)
    }
    const asked = { connectionId: sso.connection.id, nameId: person.nameId, sessionIndexes: ['one'] }
    assert.ok((await selectSamlSessions(t.db, t.acme.id, asked)).length > 0)
    const tests = `/api/muster/sso-connections/${sso.connection.id}/tests`
    await t.post(tests)
    await t.get(tests)
    await t.post(tests)
    await t.post(`/api/muster/sso-connections/${sso.connection.id}`, { displayName: newText() })
  },
}

export const signInFlows: readonly Flow[] = [secondFactors, passkeys, singleSignOn, sessions]
