import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { inTransaction } from '../access/in-transaction.ts'
import { ApiError } from '../errors/api-error.ts'
import { formFields, ownPath, page, problem } from '../http/auth-pages.ts'
import { signedInPage, type BrowserSessions } from '../http/browser-session.ts'
import { html, type Html } from '../http/html.ts'
import { sendPage } from '../http/page.ts'
import { readScalar } from '../lists/list-query.ts'
import type { Vault } from '../secrets/vault.ts'
import type { Session } from '../sessions/sessions.schema.ts'
import { endSession } from '../sessions/sessions.service.ts'
import { confirmWithPassword } from './confirmation.service.ts'
import { codeForm, confirmForm, signInForm } from './sign-in.pages.ts'
import type { SignInStep } from './sign-in.schema.ts'
import { requirePending, signInWithCode, signInWithPassword } from './sign-in.service.ts'

const home = '/auth/account'
const script = '/auth/passkey.js'
const none = html``

/** Signing in with a password, and what may follow it; signing out; proving again who one is. */
export function registerSignInRoutes(pages: FastifyInstance, sessions: BrowserSessions<Session>, vault: Vault): void {
  const { cookies } = sessions

  page(pages, 'GET', '/auth/sign-in', async (request, reply) => {
    const next = nextOf(request)
    if ((await sessions.find(request, reply)) !== undefined) return reply.redirect(next, 303)
    return showSignIn(reply, 200, { login: '', next, problem: none })
  })

  page(pages, 'POST', '/auth/sign-in', async (request, reply) => {
    const field = formFields(request)
    const next = ownPath(field('next'), home)
    const login = field('login')
    if (login.trim() === '' || field('password') === '')
      return showSignIn(reply, 400, { login, next, problem: problem('Type your name and your password.') })
    try {
      const device = cookies.read(request, 'device')
      const step = await signInWithPassword(request.ctx, { login, password: field('password'), device })
      await endPrevious(request, reply, sessions)
      return takeStep(reply, step, next)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      const refused = reply.headers(error.headers)
      return showSignIn(refused, error.status, { login, next, problem: problem(error.message) })
    }
  })

  page(pages, 'GET', '/auth/second-factor', async (request, reply) => {
    await requirePending(request.ctx, cookies.read(request, 'pending'), 'second_factor')
    return showCode(reply, 200, nextOf(request), none)
  })

  page(pages, 'POST', '/auth/second-factor', async (request, reply) => {
    const field = formFields(request)
    const next = ownPath(field('next'), home)
    const pending = cookies.read(request, 'pending')
    await requirePending(request.ctx, pending, 'second_factor')
    try {
      const device = cookies.read(request, 'device')
      const step = await signInWithCode(request.ctx, vault, { pending, code: field('code'), device })
      return takeStep(reply, step, next)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      return showCode(reply.headers(error.headers), error.status, next, problem(error.message))
    }
  })

  /** Sets the cookies that a step calls for and leads on. */
  function takeStep(reply: FastifyReply, step: SignInStep, next: string): FastifyReply {
    if (step.kind === 'signed_in') {
      cookies.set(reply, 'session', step.started.cookie)
      cookies.set(reply, 'device', step.device)
      cookies.clear(reply, 'pending')
      return reply.redirect(next, 303)
    }
    cookies.set(reply, 'pending', step.token)
    const following = step.kind === 'enrol' ? '/auth/set-up-second-factor' : '/auth/second-factor'
    return reply.redirect(`${following}?next=${encodeURIComponent(next)}`, 303)
  }

  registerSignOut(pages, sessions)
  registerConfirmation(pages, sessions)
}

/** Signing in again ends what the browser was signed in as before: no session outlives its cookie. */
async function endPrevious(
  request: FastifyRequest,
  reply: FastifyReply,
  sessions: BrowserSessions<Session>,
): Promise<void> {
  const previous = await sessions.find(request, reply)
  if (previous !== undefined)
    await inTransaction(previous.ctx, (ctx) => endSession(ctx, previous.session, 'signed_out'))
}

function registerSignOut(pages: FastifyInstance, sessions: BrowserSessions<Session>): void {
  signedInPage(pages, sessions, { method: 'POST', url: '/auth/sign-out' }, async ({ ctx, session, reply }) => {
    await inTransaction(ctx, (ctx) => endSession(ctx, session, 'signed_out'))
    sessions.cookies.clear(reply, 'session')
    return reply.redirect('/auth/signed-out', 303)
  })
  page(pages, 'GET', '/auth/signed-out', async (_request, reply) =>
    sendPage(
      reply,
      200,
      'You are signed out',
      html`<p>Nobody can go on from here without signing in again.</p>
        <nav><a href="/auth/sign-in">Sign in</a></nav>`,
    ),
  )
}

function registerConfirmation(pages: FastifyInstance, sessions: BrowserSessions<Session>): void {
  const url = '/auth/confirm'
  const show = (reply: FastifyReply, status: number, values: Parameters<typeof confirmForm>[0]) =>
    sendPage(reply, status, 'Confirm who you are', confirmForm(values))
  signedInPage(pages, sessions, { method: 'GET', url }, async ({ ctx, session, request, reply }) =>
    show(reply, 200, { csrf: session.csrfToken, next: nextOf(request), username: ctx.actor.name, problem: none }),
  )
  signedInPage(pages, sessions, { method: 'POST', url }, async ({ ctx, session, cookie, reply, field }) => {
    const next = ownPath(field('next'), home)
    try {
      const renewed = await confirmWithPassword(ctx, { session, cookie, password: field('password') })
      sessions.cookies.set(reply, 'session', renewed)
      return reply.redirect(next, 303)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      const values = { csrf: session.csrfToken, next, username: ctx.actor.name, problem: problem(error.message) }
      return show(reply.headers(error.headers), error.status, values)
    }
  })
}

function nextOf(request: FastifyRequest): string {
  // The query parser gives an object of texts and lists of texts.
  const text = readScalar(request.query as Record<string, unknown>, 'next')
  return ownPath(text ?? '', home)
}

function showSignIn(reply: FastifyReply, status: number, values: Parameters<typeof signInForm>[0]): FastifyReply {
  return sendPage(reply, status, 'Sign in', signInForm(values), script)
}

function showCode(reply: FastifyReply, status: number, next: string, complaint: Html): FastifyReply {
  return sendPage(reply, status, 'Second factor', codeForm({ next, problem: complaint }), script)
}
