import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ApiError } from '../errors/api-error.ts'
import type { AuthCookies } from '../http/auth-cookies.ts'
import { formFields, ownPath, page, problem } from '../http/auth-pages.ts'
import { html, type Html } from '../http/html.ts'
import { sendPage } from '../http/page.ts'
import { readScalar } from '../lists/list-query.ts'
import { recoveryCodesPage, setUpPage } from './second-factors.pages.ts'
import { offerApp } from './totp-set-up.service.ts'
import type { Vault } from '../secrets/vault.ts'
import { requirePending, signInWithFirstCode } from '../sign-in/sign-in.service.ts'

const url = '/auth/set-up-second-factor'
const home = '/auth/account'

/** The step of somebody whose workspace asks for a second factor that they do not have yet. */
export function registerEnrolmentRoutes(pages: FastifyInstance, cookies: AuthCookies, vault: Vault): void {
  const show = async (request: FastifyRequest, reply: FastifyReply, next: string, refusal: ApiError | null) => {
    const { userId } = await requirePending(request.ctx, cookies.read(request, 'pending'), 'enrol')
    const complaint: Html =
      refusal === null ? html`<p>Your workspace asks for a second factor.</p>` : problem(refusal.message)
    const offer = await offerApp(request.ctx, vault, userId)
    const content = setUpPage({ action: url, csrf: '', next, offer, problem: complaint })
    return sendPage(reply, refusal?.status ?? 200, 'Set up an authenticator app', content)
  }

  page(pages, 'GET', url, (request, reply) => {
    // The query parser gives an object of texts and lists of texts.
    const next = readScalar(request.query as Record<string, unknown>, 'next')
    return show(request, reply, ownPath(next ?? '', home), null)
  })

  page(pages, 'POST', url, async (request, reply) => {
    const field = formFields(request)
    const next = ownPath(field('next'), home)
    const pending = cookies.read(request, 'pending')
    const device = cookies.read(request, 'device')
    try {
      const given = { pending, code: field('code'), device }
      const { step, recoveryCodes } = await signInWithFirstCode(request.ctx, vault, given)
      if (step.kind === 'signed_in') {
        cookies.set(reply, 'session', step.started.cookie)
        cookies.set(reply, 'device', step.device)
        cookies.clear(reply, 'pending')
      }
      return sendPage(reply, 200, 'Recovery codes', recoveryCodesPage(recoveryCodes, next))
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      return show(request, reply.headers(error.headers), next, error)
    }
  })
}
