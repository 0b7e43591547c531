import type { FastifyInstance, FastifyReply } from 'fastify'
import { inTransaction } from '../access/in-transaction.ts'
import { ApiError } from '../errors/api-error.ts'
import { problem } from '../http/auth-pages.ts'
import { signedInPage, type BrowserSessions, type SignedInRequest } from '../http/browser-session.ts'
import { html, type Html } from '../http/html.ts'
import { sendPage } from '../http/page.ts'
import { isPasswordOneOfTwo, readSecondFactors } from '../second-factors/second-factors.service.ts'
import type { Session } from '../sessions/sessions.schema.ts'
import { endSessionsOf, listLiveSessions } from '../sessions/sessions.service.ts'
import { revokeSession } from '../sessions/user-sessions.service.ts'
import { getUser } from '../users/users.service.ts'
import { accountPage, backToAccount, newEmailForm, newPasswordForm } from './account.pages.ts'
import { requestEmailChange } from './email-change.service.ts'
import { changePassword } from './password-change.service.ts'

type Request = SignedInRequest<Session>

const none = html``

/** What somebody who is signed in can see and change about their own account. */
export function registerAccountRoutes(pages: FastifyInstance, sessions: BrowserSessions<Session>): void {
  signedInPage(pages, sessions, { method: 'GET', url: '/auth/account' }, async ({ ctx, session, reply }) => {
    const user = await getUser(ctx, session.userId)
    const content = accountPage({
      username: user.username,
      email: user.email,
      csrf: session.csrfToken,
      current: session.id,
      sessions: await listLiveSessions(ctx, session.userId),
      factors: await readSecondFactors(ctx, session.userId),
    })
    return sendPage(reply, 200, 'Your account', content)
  })

  signedInPage(pages, sessions, { method: 'POST', url: '/auth/account/sessions' }, async (request) => {
    const { ctx, session, field, reply } = request
    if (field('session') === 'others')
      await inTransaction(ctx, (ctx) => endSessionsOf(ctx, session.userId, 'revoked', session.id))
    else await endOwn(request, field('session'))
    return reply.redirect('/auth/account', 303)
  })

  registerPassword(pages, sessions)
  registerEmail(pages, sessions)
}

/** One that has ended meanwhile is no mistake: it has ended. */
async function endOwn({ ctx }: Request, id: string): Promise<void> {
  try {
    await revokeSession(ctx, id)
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'session_not_found') throw error
  }
}

function registerPassword(pages: FastifyInstance, sessions: BrowserSessions<Session>): void {
  const url = '/auth/account/password'
  const show = async ({ ctx, session, reply }: Request, status: number, complaint: Html): Promise<FastifyReply> => {
    const lengthMin = (await isPasswordOneOfTwo(ctx, session.userId)) ? 8 : 15
    const form = newPasswordForm({
      action: url,
      username: ctx.actor.name,
      csrf: session.csrfToken,
      lengthMin,
      problem: complaint,
    })
    return sendPage(reply, status, 'Change your password', html`${form} ${backToAccount}`)
  }
  signedInPage(pages, sessions, { method: 'GET', url, isSensitive: true }, (request) => show(request, 200, none))
  signedInPage(pages, sessions, { method: 'POST', url, isSensitive: true }, async (request) => {
    const { ctx, session, cookie, reply, field } = request
    try {
      sessions.cookies.set(reply, 'session', await changePassword(ctx, { session, cookie }, field('password')))
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      return show(request, error.status, problem(error.message))
    }
    const content = html`<p>You are signed out everywhere else.</p>${backToAccount}`
    return sendPage(reply, 200, 'Your password has changed', content)
  })
}

function registerEmail(pages: FastifyInstance, sessions: BrowserSessions<Session>): void {
  const url = '/auth/account/email'
  const show = async ({ ctx, session, reply }: Request, status: number, complaint: Html): Promise<FastifyReply> => {
    const { email } = await getUser(ctx, session.userId)
    const form = newEmailForm({ csrf: session.csrfToken, email, problem: complaint })
    return sendPage(reply, status, 'Change your e-mail address', form)
  }
  signedInPage(pages, sessions, { method: 'GET', url, isSensitive: true }, (request) => show(request, 200, none))
  signedInPage(pages, sessions, { method: 'POST', url, isSensitive: true }, async (request) => {
    const { ctx, session, reply, field } = request
    try {
      await requestEmailChange(ctx, session.userId, field('email'))
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      return show(request, error.status, problem(error.message))
    }
    const content = html`<p>Open the mail we sent to the new address and confirm it there. Until then the old one counts.</p>
      ${backToAccount}`
    return sendPage(reply, 200, 'Look into your mail', content)
  })
}
