import { hash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Actor } from '../access/actor.ts'
import type { Ctx } from '../access/ctx.ts'
import type { AuthCookies } from './auth-cookies.ts'
import { formFields, page, problem } from './auth-pages.ts'
import { html } from './html.ts'
import { sendPage } from './page.ts'
import { isSameOrigin } from './same-origin.ts'

/** What the platform needs to know of a session; the feature's own type has more. */
interface SessionLike {
  readonly csrfToken: string
  readonly confirmedAt: number
}

interface Found<S> {
  readonly session: S
  readonly actor: Actor
}

/** What app.ts hands over from the feature that keeps sessions. */
interface SessionSource<S> {
  readonly cookies: AuthCookies
  find(ctx: Ctx, cookie: string): Promise<Found<S> | undefined>
  /** Notes that the session is in use; answers what the cookie must hold from here on, when that changed. */
  keepAlive(ctx: Ctx, session: S, cookie: string): Promise<string | undefined>
}

/** A request of somebody who is signed in with this browser. */
export interface SignedInRequest<S> {
  readonly ctx: Ctx
  readonly session: S
  /** What the cookie holds now. */
  readonly cookie: string
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly field: (name: string) => string
}

/** The one reader of session cookies; the API below /api knows none. */
export interface BrowserSessions<S> {
  readonly cookies: AuthCookies
  find(request: FastifyRequest, reply: FastifyReply): Promise<SignedInRequest<S> | undefined>
  /** Whether the request shows that a page of this very session sent it. */
  isProven(request: FastifyRequest, session: S): boolean
}

export const csrfHeader = 'x-muster-csrf'

export function browserSessions<S extends SessionLike>(source: SessionSource<S>): BrowserSessions<S> {
  const { cookies } = source
  return {
    cookies,
    async find(request, reply) {
      const cookie = cookies.read(request, 'session')
      if (cookie === '') return undefined
      const found = await source.find(request.ctx, cookie)
      if (found === undefined) return undefined
      const renewed = await source.keepAlive(request.ctx, found.session, cookie)
      if (renewed !== undefined) cookies.set(reply, 'session', renewed)
      return {
        ctx: { ...request.ctx, actor: found.actor },
        session: found.session,
        cookie: renewed ?? cookie,
        request,
        reply,
        field: formFields(request),
      }
    },
    isProven(request, session) {
      const header = request.headers[csrfHeader]
      const shown = typeof header === 'string' ? header : formFields(request)('csrf')
      return isSameOrigin(request) && isSameText(shown, session.csrfToken)
    },
  }
}

/** Without a hint in the time it takes. */
function isSameText(a: string, b: string): boolean {
  return timingSafeEqual(hash('sha256', a, 'buffer'), hash('sha256', b, 'buffer'))
}

const confirmationMs = 5 * 60_000

interface SignedInPage {
  readonly method: 'GET' | 'POST'
  readonly url: string
  /** Whether the person must have proved within five minutes who they are. */
  readonly isSensitive?: true
}

/** A page for people who are signed in; others are led to the sign-in and back, and forms must prove where they come from. */
export function signedInPage<S extends SessionLike>(
  pages: FastifyInstance,
  sessions: BrowserSessions<S>,
  { method, url, isSensitive }: SignedInPage,
  handle: (request: SignedInRequest<S>) => Promise<FastifyReply>,
): void {
  page(pages, method, url, async (request, reply) => {
    const found = await sessions.find(request, reply)
    const back = method === 'GET' ? request.url : '/auth/account'
    if (found === undefined) {
      if (method === 'GET') return reply.redirect(`/auth/sign-in?next=${encodeURIComponent(back)}`, 303)
      return sendPage(
        reply,
        401,
        'You are signed out',
        html`${problem('Nothing was changed: sign in, then do it again.')}
        <nav><a href="/auth/sign-in">Sign in</a></nav>`,
      )
    }
    if (method === 'POST' && !sessions.isProven(request, found.session)) {
      return sendPage(
        reply,
        401,
        'That did not work',
        html`${problem('Nothing was changed: this form was not sent from a page of yours. Open the page anew and send it from there.')}
        <nav><a href="/auth/account">Your account</a></nav>`,
      )
    }
    const age = found.ctx.now.getTime() - found.session.confirmedAt
    if (isSensitive === true && age > confirmationMs)
      return reply.redirect(`/auth/confirm?next=${encodeURIComponent(back)}`, 303)
    return handle(found)
  })
}
