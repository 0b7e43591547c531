import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inflateRawSync } from 'node:zlib'
import { hashDatabase } from '../../test/database-hash.ts'
import { startTestApp, type TestApp } from '../../test/start-test-app.ts'
import type { Answer } from '../../test/test-client.ts'
import { inTransaction } from '../access/in-transaction.ts'
import type { StartedSession } from '../sessions/sessions.service.ts'
import { changeSettings } from '../tenants/tenants.service.ts'
import { startSso, type Begun } from './testdata/sso-world.ts'

async function sendForm(t: TestApp, path: string, { cookie, session }: StartedSession): Promise<Answer> {
  const answer = await t.request('POST', path, {
    token: null,
    rawBody: new URLSearchParams({ csrf: session.csrfToken }).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', cookie: `muster=${cookie}` },
  })
  assert.equal(answer.status, 200, answer.text)
  return answer
}

/** Somebody who is signed in asks the IdP who they are there. */
async function beginLink(t: TestApp, started: StartedSession): Promise<Begun> {
  const { cookie } = started
  const page = await t.get('/auth/saml/okta/link', { token: null, headers: { cookie: `muster=${cookie}` } })
  assert.equal(page.status, 200)
  const leading = await sendForm(t, '/auth/saml/okta/link', started)
  const location = new URL(/content="0; url=([^"]+)"/.exec(leading.text)?.[1]?.replaceAll('&amp;', '&') ?? '')
  const xml = inflateRawSync(Buffer.from(location.searchParams.get('SAMLRequest') ?? '', 'base64')).toString()
  return {
    requestId: / ID="([^"]+)"/.exec(xml)?.[1] ?? '',
    cookie: String(leading.headers['set-cookie']).split(';')[0] ?? '',
    location,
  }
}

test('an account is linked by whoever is signed in with it, and to nobody else', async () => {
  await using t = await startTestApp()
  const sso = await startSso(t)
  const user = await t.addUser('person1')
  const begun = await beginLink(t, await t.startSession(user.id))
  const values = sso.values(begun, { attributes: { email: ['quite.another@elsewhere.example'] } })
  const linked = await sso.post(await sso.idp.respond(values), { cookie: begun.cookie })
  assert.deepEqual([linked.status, linked.headers.location], [303, '/auth/account'])
  const identities = await t.db.selectFrom('external_identities').select('user_id').execute()
  assert.deepEqual(identities, [{ user_id: user.id }])
  assert.equal((await sso.signIn()).status, 303)
})

test('V-A12: a link that was begun is worth nothing once its session was ended or has run out', async () => {
  await using t = await startTestApp()
  const sso = await startSso(t)
  const user = await t.addUser('person1')
  await inTransaction(t.operator(), (ctx) => changeSettings(ctx, { sessionIdleMinutes: 1 }))
  const ways: Readonly<Record<string, (started: StartedSession) => Promise<unknown>>> = {
    'signed out': (started) => sendForm(t, '/auth/saml/sign-out', started),
    'idle for too long': async () => t.clock.advance(60_000),
  }
  for (const [what, leave] of Object.entries(ways)) {
    const started = await t.startSession(user.id)
    const begun = await beginLink(t, started)
    await leave(started)
    // The person is signed in elsewhere: who sits at this browser now is somebody else.
    await t.startSession(user.id)
    const before = await hashDatabase(t.db)
    const answer = await sso.post(await sso.idp.respond(sso.values(begun)), { cookie: begun.cookie })
    assert.equal(answer.status, 403, what)
    assert.equal(await hashDatabase(t.db), before, what)
  }
  const events = await t.get('/api/service/events/login?type=IDENTITY_PROVIDER_LOGIN_ERROR')
  const reason = 'user: whoever wanted to link this account has signed out meanwhile'
  assert.deepEqual(
    events.json.map(({ details }: { details: { reason: string } }) => details.reason),
    [reason, reason],
  )
})
