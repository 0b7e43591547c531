import assert from 'node:assert/strict'
import type { EventName } from '../src/events/event-types.ts'
import { makeObject, newText } from './authz-world.ts'
import { post, type Scenario } from './scenario.ts'
import { password, type TestApp } from './start-test-app.ts'
import { signedInBrowser, TestBrowser } from './test-browser.ts'

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
export function form(
  by: string,
  what: string,
  leaves: readonly EventName[],
  arrange: (t: TestApp) => Promise<() => Promise<Sent>>,
  status = 303,
): Scenario {
  return {
    by,
    what,
    leaves,
    arrange: async (t) => {
      const act = await arrange(t)
      return async () => {
        const answer = await act()
        assert.equal(answer.status, status, answer.text)
      }
    },
  }
}

export const ofSignIn: readonly Scenario[] = [
  form('POST /auth/sign-in', 'the right password', ['session.started'], async (t) => {
    const { username } = await t.addUser(newText())
    return () => new TestBrowser(t).signIn(username)
  }),
  form(
    'POST /auth/sign-in',
    'a wrong password',
    ['sign_in.refused'],
    async (t) => {
      const { username } = await t.addUser(newText())
      return () => new TestBrowser(t).signIn(username, 'not the right one')
    },
    403,
  ),
  form('POST /auth/sign-out', 'signed in', ['session.ended'], async (t) => {
    const { browser } = await somebody(t)
    const csrf = (await browser.request('GET', '/auth/session')).json.csrfToken
    return () => browser.send('/auth/sign-out', { csrf })
  }),
  form('POST /auth/confirm', 'the right password', ['session.confirmed'], async (t) => {
    const { browser } = await somebody(t)
    await browser.open('/auth/confirm')
    return () => browser.submit('/auth/confirm', { password })
  }),
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
