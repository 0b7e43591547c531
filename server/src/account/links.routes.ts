import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Ctx } from '../access/ctx.ts'
import { ApiError } from '../errors/api-error.ts'
import { formFields, page, problem } from '../http/auth-pages.ts'
import type { AuthCookies } from '../http/auth-cookies.ts'
import { html, type Html } from '../http/html.ts'
import { sendPage } from '../http/page.ts'
import { readScalar } from '../lists/list-query.ts'
import { forgotForm, linkForm, newPasswordForm } from './account.pages.ts'
import { confirmEmailChange, readEmailChange, readEmailRevert, revertEmailChange } from './email-change.service.ts'
import { readPasswordReset, requestPasswordReset, resetPassword } from './password-reset.service.ts'

const signInLink = html`<nav><a href="/auth/sign-in">Sign in</a></nav>`

/** Pages that mailed links lead to, and the one that asks for a link. Nobody needs to be signed in. */
export function registerLinkRoutes(pages: FastifyInstance, cookies: AuthCookies): void {
  registerForgotten(pages)
  registerReset(pages, cookies)
  const confirm = '/auth/confirm-email'
  linkPage(pages, cookies, confirm, async (ctx, token) => {
    const { email } = await readEmailChange(ctx, token)
    const text = html`From here on <strong>${email}</strong> is your address.`
    return { title: 'Confirm your new address', content: linkForm({ action: confirm, text, button: 'Confirm' }) }
  })
  linkAction(pages, cookies, confirm, async (ctx, token) => {
    await confirmEmailChange(ctx, token)
    return {
      title: 'Your address has changed',
      content: html`<p>Sign in with the new one from now on.</p>${signInLink}`,
    }
  })
  const undo = '/auth/undo-email'
  linkPage(pages, cookies, undo, async (ctx, token) => {
    const { email } = await readEmailRevert(ctx, token)
    const text = html`Your address stays <strong>${email}</strong>. You are signed out everywhere, your password counts no
      more, and we mail you a link for a new one.`
    return { title: 'Keep your address', content: linkForm({ action: undo, text, button: 'Keep it' }) }
  })
  linkAction(pages, cookies, undo, async (ctx, token) => {
    await revertEmailChange(ctx, token)
    return { title: 'Your address stays', content: html`<p>A mail with a link for a new password is on its way.</p>` }
  })
}

function registerForgotten(pages: FastifyInstance): void {
  const url = '/auth/forgot-password'
  page(pages, 'GET', url, async (_request, reply) => sendPage(reply, 200, 'Forgot your password?', forgotForm(html``)))
  page(pages, 'POST', url, async (request, reply) => {
    const login = formFields(request)('login')
    if (login.trim() === '')
      return sendPage(reply, 400, 'Forgot your password?', forgotForm(problem('Type your username or your address.')))
    await requestPasswordReset(request.ctx, login)
    return sendPage(
      reply,
      200,
      'Look into your mail',
      html`<p>If somebody has this name and a confirmed address, a mail with a link is on its way. The link works once, for
          30 minutes.</p>
        <p>No mail? Ask an admin of your workspace, or your identity provider if you sign in there.</p>`,
    )
  })
}

function registerReset(pages: FastifyInstance, cookies: AuthCookies): void {
  const action = '/auth/reset-password'
  const title = 'Choose a new password'
  const form = async (ctx: Ctx, token: string, complaint: Html) =>
    newPasswordForm({ action, csrf: '', problem: complaint, ...(await readPasswordReset(ctx, token)) })
  linkPage(pages, cookies, action, async (ctx, token) => ({ title, content: await form(ctx, token, html``) }))
  page(pages, 'POST', action, async (request, reply) => {
    const token = cookies.read(request, 'link')
    try {
      await resetPassword(request.ctx, token, formFields(request)('password'))
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'weak_password') throw error
      return sendPage(reply, error.status, title, await form(request.ctx, token, problem(error.message)))
    }
    cookies.clear(reply, 'link')
    const content = html`<p>You are signed out everywhere else.</p>${signInLink}`
    return sendPage(reply, 200, 'Your password has changed', content)
  })
}

interface Shown {
  readonly title: string
  readonly content: Html
}

type OfToken = (ctx: Ctx, token: string) => Promise<Shown>

/** The token leaves the address bar before anything is shown; opening a link does not use it up. */
function linkPage(pages: FastifyInstance, cookies: AuthCookies, url: string, show: OfToken): void {
  page(pages, 'GET', url, async (request, reply) => {
    // The query parser gives an object of texts and lists of texts.
    const token = readScalar(request.query as Record<string, unknown>, 'token')
    if (token !== null) {
      cookies.set(reply, 'link', token)
      return reply.redirect(url, 303)
    }
    return answer(request, reply, cookies, show)
  })
}

function linkAction(pages: FastifyInstance, cookies: AuthCookies, url: string, act: OfToken): void {
  page(pages, 'POST', url, (request, reply) =>
    answer(request, reply, cookies, async (ctx, token) => {
      const shown = await act(ctx, token)
      cookies.clear(reply, 'link')
      return shown
    }),
  )
}

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  cookies: AuthCookies,
  show: OfToken,
): Promise<FastifyReply> {
  const { title, content } = await show(request.ctx, cookies.read(request, 'link'))
  return sendPage(reply, 200, title, content)
}
