import type { FastifyInstance } from 'fastify'
import { invalidToken } from '../errors/api-error.ts'
import type { BrowserSessions } from '../http/browser-session.ts'
import { operation, type OperationInput } from '../http/operation.ts'
import { isSameOrigin } from '../http/same-origin.ts'
import type { Session } from './sessions.schema.ts'
import { issueAccessToken } from './sessions.service.ts'
import { CurrentSession, SessionToken } from './sessions.wire.ts'

const tag = 'Sessions'

type Asked = Pick<OperationInput<unknown>, 'request' | 'reply'>

/** What a console needs of the browser's session: who is signed in, and a bearer for the API, which reads no cookies. */
export function registerSessionTokenRoutes(app: FastifyInstance, sessions: BrowserSessions<Session>): void {
  operation(
    app,
    {
      method: 'GET',
      url: '/auth/session',
      operationId: 'getCurrentSession',
      tag,
      summary: 'Who is signed in with this browser',
      description: 'With the session cookie, from a page of the same origin.',
      access: 'public',
      isExtension: true,
      answer: { schema: CurrentSession, example: currentExample },
      errors: ['invalid_token'],
    },
    async ({ request, reply }) => {
      void reply.header('cache-control', 'no-store')
      const found = isSameOrigin(request) ? await sessions.find(request, reply) : undefined
      if (found === undefined) throw invalidToken('')
      const { session, ctx } = found
      return {
        userId: session.userId,
        username: ctx.actor.name,
        role: ctx.actor.role ?? '',
        csrfToken: session.csrfToken,
        confirmedAt: session.confirmedAt,
        idleSeconds: Math.floor(session.idleMs / 1_000),
        endsAt: session.endsAt,
      }
    },
  )
  const issue = async ({ request, reply }: Asked) => {
    void reply.header('cache-control', 'no-store')
    const found = await sessions.find(request, reply)
    // Without proof the cookie is no credential: the answer is that to none.
    if (found === undefined || !sessions.isProven(request, found.session)) throw invalidToken('')
    const { token, expiresInSeconds } = await issueAccessToken(found.ctx, found.session)
    return { accessToken: token, tokenType: 'Bearer', expiresIn: expiresInSeconds }
  }
  operation(
    app,
    {
      method: 'POST',
      url: '/auth/session/token',
      operationId: 'issueSessionToken',
      tag,
      summary: 'Trade the session for a short bearer token',
      description:
        'With the session cookie and its X-Muster-CSRF, from a page of the same origin. The token lives for five minutes at most and ends with the session; its rights are those of the user at each request.',
      access: 'public',
      isExtension: true,
      answer: { schema: SessionToken, example: { accessToken: 'msess_…', tokenType: 'Bearer', expiresIn: 300 } },
      errors: ['invalid_token'],
      secret: { fields: ['accessToken'], redraw: issue },
    },
    issue,
  )
}

const currentExample = {
  userId: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f13',
  username: 'user01',
  role: '$member',
  csrfToken: 'mcsrf_…',
  confirmedAt: 1767323045000,
  idleSeconds: 3600,
  endsAt: 1767409445000,
}
