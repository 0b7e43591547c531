import { isIP } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { inTransaction } from '../access/in-transaction.ts'
import { ApiError } from '../errors/api-error.ts'
import { formFields, ownPath, page, problem } from '../http/auth-pages.ts'
import { signedInPage, type BrowserSessions } from '../http/browser-session.ts'
import { html } from '../http/html.ts'
import { sendPage } from '../http/page.ts'
import type { Session } from '../sessions/sessions.schema.ts'
import { beginPending, consumePending } from '../sign-in/pending.service.ts'
import { signInWithPasskey } from '../sign-in/passkey-sign-in.service.ts'
import { passkeyScript } from './passkey-script.ts'
import { addPasskey, passkeyCreation, passkeyRequest, removePasskey, type RelyingParty } from './passkeys.service.ts'

const overview = '/auth/account/second-factor'

interface Options {
  readonly sessions: BrowserSessions<Session>
  readonly baseUrl: (tenantId: string) => Promise<string>
}

/** Making, showing and removing passkeys. */
export function registerPasskeyRoutes(pages: FastifyInstance, { sessions, baseUrl }: Options): void {
  const partyOf = async (request: FastifyRequest): Promise<RelyingParty> => {
    const base = new URL(await baseUrl(request.ctx.tenantId))
    // Browsers bind passkeys to names alone; where no public address is set, it is the name of this machine one came by.
    const own = isIP(base.hostname) === 0 ? base : new URL(`${request.protocol}://${request.host}`)
    return { id: own.hostname, origin: own.origin }
  }

  page(pages, 'GET', '/auth/passkey.js', async (_request, reply) =>
    reply
      .headers({ 'x-content-type-options': 'nosniff', 'cross-origin-resource-policy': 'same-origin' })
      .type('text/javascript; charset=utf-8')
      .send(passkeyScript),
  )

  page(pages, 'POST', '/auth/passkey/options', async (request, reply) => {
    const options = await passkeyRequest(await partyOf(request))
    const data = { challenge: options.challenge }
    const token = await inTransaction(request.ctx, (ctx) =>
      beginPending(ctx, { purpose: 'passkey_sign_in', userId: '', data }),
    )
    sessions.cookies.set(reply, 'pending', token)
    return reply.send(options)
  })

  page(pages, 'POST', '/auth/passkey/sign-in', async (request, reply) => {
    const field = formFields(request)
    const step = await signInWithPasskey(request.ctx, {
      pending: sessions.cookies.read(request, 'pending'),
      response: field('response'),
      party: await partyOf(request),
      device: sessions.cookies.read(request, 'device'),
    })
    if (step.kind === 'signed_in') {
      sessions.cookies.set(reply, 'session', step.started.cookie)
      sessions.cookies.set(reply, 'device', step.device)
    }
    sessions.cookies.clear(reply, 'pending')
    return reply.redirect(ownPath(field('next'), '/auth/account'), 303)
  })

  registerOwnPasskeys(pages, sessions, partyOf)
}

function registerOwnPasskeys(
  pages: FastifyInstance,
  sessions: BrowserSessions<Session>,
  partyOf: (request: FastifyRequest) => Promise<RelyingParty>,
): void {
  const url = '/auth/account/passkeys'
  const post = { method: 'POST', isSensitive: true } as const
  signedInPage(pages, sessions, { ...post, url: `${url}/options` }, async ({ ctx, session, request, reply }) => {
    const options = await passkeyCreation(ctx, session.userId, await partyOf(request))
    const data = { challenge: options.challenge }
    const token = await inTransaction(ctx, (ctx) =>
      beginPending(ctx, { purpose: 'passkey_add', userId: session.userId, data }),
    )
    sessions.cookies.set(reply, 'pending', token)
    return reply.send(options)
  })
  signedInPage(pages, sessions, { ...post, url }, async ({ ctx, session, request, reply, field }) => {
    const token = sessions.cookies.read(request, 'pending')
    const begun = await inTransaction(ctx, (ctx) => consumePending(ctx, token, 'passkey_add'))
    sessions.cookies.clear(reply, 'pending')
    if (begun === undefined || begun.userId !== session.userId)
      return showProblem(reply, 403, 'Adding the passkey took too long; begin again.')
    try {
      await addPasskey(ctx, {
        userId: session.userId,
        name: field('name'),
        challenge: begun.data['challenge'] ?? '',
        response: field('response'),
        party: await partyOf(request),
      })
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      return showProblem(reply, error.status, error.message)
    }
    return reply.redirect(overview, 303)
  })
  signedInPage(pages, sessions, { ...post, url: `${url}/remove` }, async ({ ctx, session, reply, field }) => {
    await removePasskey(ctx, session.userId, field('id'))
    return reply.redirect(overview, 303)
  })
}

function showProblem(reply: FastifyReply, status: number, text: string): FastifyReply {
  const content = html`${problem(text)}
    <nav><a href="${overview}">Back</a></nav>`
  return sendPage(reply, status, 'That did not work', content)
}
