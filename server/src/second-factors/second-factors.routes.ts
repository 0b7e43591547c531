import type { FastifyInstance, FastifyReply } from 'fastify'
import { ApiError } from '../errors/api-error.ts'
import { problem } from '../http/auth-pages.ts'
import { signedInPage, type BrowserSessions, type SignedInRequest } from '../http/browser-session.ts'
import { html, type Html } from '../http/html.ts'
import { sendPage } from '../http/page.ts'
import type { Vault } from '../secrets/vault.ts'
import type { Session } from '../sessions/sessions.schema.ts'
import { overviewPage, recoveryCodesPage, setUpPage } from './second-factors.pages.ts'
import { readSecondFactors } from './second-factors.service.ts'
import { confirmApp, offerApp, removeApp, renewRecoveryCodes } from './totp-set-up.service.ts'

type Request = SignedInRequest<Session>

const overview = '/auth/account/second-factor'

/** What somebody who is signed in has beside a password. */
export function registerSecondFactorRoutes(
  pages: FastifyInstance,
  sessions: BrowserSessions<Session>,
  vault: Vault,
): void {
  const post = (url: string, handle: (request: Request) => Promise<FastifyReply>) =>
    signedInPage(pages, sessions, { method: 'POST', url, isSensitive: true }, handle)

  signedInPage(
    pages,
    sessions,
    { method: 'GET', url: overview, isSensitive: true },
    async ({ ctx, session, reply }) => {
      const factors = await readSecondFactors(ctx, session.userId)
      const content = overviewPage({ csrf: session.csrfToken, factors, problem: html`` })
      return sendPage(reply, 200, 'Second factor', content, '/auth/passkey.js')
    },
  )
  post('/auth/account/totp', (request) => showSetUp(request, vault, 200, html``))
  post('/auth/account/totp/confirm', async (request) => {
    const { ctx, session, reply, field } = request
    try {
      const codes = await confirmApp(ctx, vault, session.userId, field('code'))
      return sendPage(reply, 200, 'Recovery codes', recoveryCodesPage(codes, overview))
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      return showSetUp(request, vault, error.status, problem(error.message))
    }
  })
  post('/auth/account/totp/remove', async ({ ctx, session, reply }) => {
    await removeApp(ctx, session.userId)
    return reply.redirect(overview, 303)
  })
  post('/auth/account/recovery-codes', async ({ ctx, session, reply }) => {
    const codes = await renewRecoveryCodes(ctx, session.userId)
    return sendPage(reply, 200, 'Recovery codes', recoveryCodesPage(codes, overview))
  })
}

async function showSetUp(
  { ctx, session, reply }: Request,
  vault: Vault,
  status: number,
  complaint: Html,
): Promise<FastifyReply> {
  const page = setUpPage({
    action: '/auth/account/totp/confirm',
    csrf: session.csrfToken,
    next: overview,
    offer: await offerApp(ctx, vault, session.userId),
    problem: complaint,
  })
  return sendPage(reply, status, 'Set up an authenticator app', page)
}
