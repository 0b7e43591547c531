import formbody from '@fastify/formbody'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { inTransaction } from '../access/in-transaction.ts'
import { signedInPage, type BrowserSessions } from '../http/browser-session.ts'
import type { Session } from '../sessions/sessions.schema.ts'
import { endSession } from '../sessions/sessions.service.ts'
import { listUsableConnections } from '../sso-connections/sso-connections.service.ts'
import { beginSignIn, beginTest, type BegunSignIn } from './begin-sign-in.service.ts'
import { finishSignIn } from './finish-sign-in.service.ts'
import { logoutByIdp, logoutUrlFor } from './logout.service.ts'
import { describeServiceProvider } from './metadata.service.ts'
import { ownPath } from './own-path.ts'
import type { SamlDeps } from './saml-deps.ts'
import * as pages from './saml-pages.ts'
import { SamlRefusal } from './saml-refusal.ts'
import { requireTest } from './sso-tests.service.ts'
import type { LogoutMessage } from './verify-logout.ts'

/** Security contract, section 6: the ACS form. */
const formMaxBytes = 256 * 1024
/** Always Secure and SameSite=None: the answer is posted from the IdP's site. Browsers keep it on loopback too. */
const browserCookie = '__Host-muster-saml'
const cookieOptions = { path: '/', httpOnly: true, secure: true, sameSite: 'none', maxAge: 600 } as const
const open = { schema: { hide: true }, config: { access: 'public' } } as const

/** Single sign-on as browsers meet it. Answers of IdPs come from other sites; nothing here believes a session cookie. */
export async function registerSamlRoutes(
  app: FastifyInstance,
  deps: SamlDeps,
  sessions: BrowserSessions<Session>,
): Promise<void> {
  await app.register(async (scope) => {
    // Browsers post forms here and nothing else.
    scope.removeAllContentTypeParsers()
    await scope.register(formbody, { bodyLimit: formMaxBytes })
    scope.addHook('onRequest', async (_request, reply) => void reply.header('cache-control', 'no-store'))
    scope.get('/auth/saml', open, async (request, reply) =>
      pages.sendConnections(reply, await listUsableConnections(request.ctx), ownPath(query(request, 'next'))),
    )
    scope.get('/auth/saml/:alias/metadata', open, async (request, reply) => {
      const metadata = await describeServiceProvider(request.ctx, deps, alias(request))
      if (metadata === undefined) return pages.sendNotServed(reply)
      return reply.type('application/samlmetadata+xml; charset=utf-8').send(metadata)
    })
    registerSignIn(scope, deps, sessions)
    registerLogout(scope, deps)
    registerForSignedIn(scope, deps, sessions)
  })
}

function registerSignIn(scope: FastifyInstance, deps: SamlDeps, { cookies }: BrowserSessions<Session>): void {
  scope.get('/auth/saml/:alias/login', open, async (request, reply) => {
    const browser = request.cookies[browserCookie] ?? ''
    const beginning = { alias: alias(request), browser, returnPath: ownPath(query(request, 'next')) }
    const token = query(request, 'test')
    const begun =
      token === ''
        ? await beginSignIn(request.ctx, deps, beginning)
        : await beginTest(request.ctx, deps, { ...beginning, token })
    return begun === undefined ? pages.sendNotServed(reply) : sendToIdp(reply, begun)
  })
  scope.post('/auth/saml/:alias/acs', { ...open, bodyLimit: formMaxBytes }, async (request, reply) => {
    const posted = {
      alias: alias(request),
      response: field(request, 'SAMLResponse'),
      relayState: field(request, 'RelayState'),
      browser: request.cookies[browserCookie] ?? '',
    }
    return refusing(request, reply, async () => {
      const finished = await finishSignIn(request.ctx, deps, posted)
      if (finished.kind === 'not-served') return pages.sendNotServed(reply)
      if (finished.kind === 'tested') return pages.sendTest(reply, await requireTest(request.ctx, finished.testId))
      cookies.set(reply, 'session', finished.cookie)
      return reply.redirect(finished.path, 303)
    })
  })
}

/** What somebody does who is signed in with this browser: these pages read the session cookie, and forms prove where they come from. */
function registerForSignedIn(scope: FastifyInstance, deps: SamlDeps, sessions: BrowserSessions<Session>): void {
  const link = '/auth/saml/:alias/link'
  signedInPage(
    scope,
    sessions,
    { method: 'GET', url: link, isSensitive: true },
    async ({ ctx, session, request, reply }) => {
      const usable = await listUsableConnections(ctx)
      const connection = usable.find((one) => one.alias === alias(request))
      return connection === undefined
        ? pages.sendNotServed(reply)
        : pages.sendLinkForm(reply, connection, session.csrfToken)
    },
  )
  signedInPage(
    scope,
    sessions,
    { method: 'POST', url: link, isSensitive: true },
    async ({ ctx, session, request, reply }) => {
      const browser = request.cookies[browserCookie] ?? ''
      const beginning = { alias: alias(request), browser, returnPath: '/auth/account', link: session }
      const begun = await beginSignIn(ctx, deps, beginning)
      return begun === undefined ? pages.sendNotServed(reply) : sendToIdp(reply, begun, 'by-page')
    },
  )
  signedInPage(scope, sessions, { method: 'POST', url: '/auth/saml/sign-out' }, async ({ ctx, session, reply }) => {
    const url = await logoutUrlFor(ctx, deps, session)
    await inTransaction(ctx, (ctx) => endSession(ctx, session, 'signed_out'))
    sessions.cookies.clear(reply, 'session')
    return url === undefined ? pages.sendSignedOut(reply) : pages.sendOnToLogout(reply, url)
  })
}

function registerLogout(scope: FastifyInstance, deps: SamlDeps): void {
  const url = '/auth/saml/:alias/logout'
  scope.get(url, open, async (request, reply) => {
    const asked = request.url.includes('?') ? request.url.slice(request.url.indexOf('?') + 1) : ''
    // An answer to our own request ends nothing here: the session was ended before the request was sent.
    if (!/(?:^|&)SAMLRequest=/.test(asked)) return pages.sendSignedOut(reply)
    return answerLogout(request, reply, deps, { binding: 'redirect', query: asked })
  })
  scope.post(url, { ...open, bodyLimit: formMaxBytes }, async (request, reply) => {
    const asked = field(request, 'SAMLRequest')
    if (asked === '') return pages.sendSignedOut(reply)
    return answerLogout(request, reply, deps, {
      binding: 'post',
      field: asked,
      relayState: field(request, 'RelayState'),
    })
  })
}

function answerLogout(
  request: FastifyRequest,
  reply: FastifyReply,
  deps: SamlDeps,
  message: LogoutMessage,
): Promise<FastifyReply> {
  return refusing(request, reply, async () => {
    const answer = await logoutByIdp(request.ctx, deps, { alias: alias(request), message })
    if (answer === undefined) return pages.sendNotServed(reply)
    return answer === null ? pages.sendSignedOut(reply) : reply.redirect(answer, 303)
  })
}

/** One page for every refusal; the reason is in the log. */
async function refusing(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: () => Promise<FastifyReply>,
): Promise<FastifyReply> {
  try {
    return await answer()
  } catch (error) {
    if (!(error instanceof SamlRefusal)) throw error
    request.log.info({ reason: error.reason }, 'SAML message refused')
    return pages.sendRefusal(reply, request.id)
  }
}

/** After a form only a page may lead to another site. */
function sendToIdp(
  reply: FastifyReply,
  { outgoing, browser }: BegunSignIn,
  how: 'by-redirect' | 'by-page' = 'by-redirect',
): FastifyReply {
  const known = reply.setCookie(browserCookie, browser, cookieOptions)
  return how === 'by-redirect' ? pages.sendOutgoing(known, outgoing) : pages.sendOutgoingPage(known, outgoing)
}

function alias(request: FastifyRequest): string {
  return text(request.params, 'alias')
}

/** A parameter that is sent twice counts as none. */
function query(request: FastifyRequest, name: string): string {
  return text(request.query, name)
}

function field(request: FastifyRequest, name: string): string {
  return text(request.body, name)
}

function text(values: unknown, name: string): string {
  const value: unknown =
    typeof values === 'object' && values !== null && Object.hasOwn(values, name) ? Reflect.get(values, name) : undefined
  return typeof value === 'string' && value.isWellFormed() && !value.includes('\0') ? value : ''
}
