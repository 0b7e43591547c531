import formbody from '@fastify/formbody'
import type { FastifyInstance, FastifyReply } from 'fastify'
import Type, { type Static } from 'typebox'
import { ApiError } from '../errors/api-error.ts'
import { operation } from '../http/operation.ts'
import { html, type Html } from '../http/html.ts'
import { sendPage } from '../http/page.ts'
import { readScalar } from '../lists/list-query.ts'
import { userMinimalExample } from '../users/user-examples.wire.ts'
import { toUserMinimal } from '../users/users.wire.ts'
import { acceptInvitation, getOffer } from './acceptance.service.ts'
import type { InvitationOffer } from './invitations.schema.ts'

const MaybeText = Type.Optional(Type.Union([Type.String(), Type.Null()]))

const AcceptBody = Type.Object({
  token: MaybeText,
  username: MaybeText,
  firstName: MaybeText,
  lastName: MaybeText,
  password: Type.String({ maxLength: 1_000 }),
})

const path = '/auth/accept-invite'
const cookieName = 'muster-invite'
const headers = { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer', 'x-content-type-options': 'nosniff' }

/** Accepting an invitation: JSON for programs, one plain form for people. */
export async function registerAcceptanceRoutes(app: FastifyInstance, isSecure: boolean): Promise<void> {
  const cookie = { path: '/auth/', httpOnly: true, sameSite: 'lax', secure: isSecure, maxAge: 1800 } as const
  await app.register(async (pages) => {
    pages.addHook('onRequest', async (_request, reply) => void reply.headers(headers))
    await pages.register(formbody)
    // The token leaves the address bar before the page is shown; opening the link does not use it up.
    pages.get(path, { schema: { hide: true }, config: { access: 'public' } }, async (request, reply) => {
      const token = readScalar(request.query as Record<string, unknown>, 'token')
      if (token !== null) return reply.setCookie(cookieName, token, cookie).redirect(path, 303)
      return showForm(reply, () => getOffer(request.ctx, request.cookies[cookieName] ?? ''))
    })
    operation(
      pages,
      {
        method: 'POST',
        url: path,
        operationId: 'acceptInvitation',
        tag: 'Invitations',
        summary: 'Accept an invitation',
        description:
          'With the token of the link. The username is permanent from here on; address and role come from the invitation.',
        access: 'public',
        isExtension: true,
        takesForm: true,
        body: AcceptBody,
        bodyExamples: [
          {
            token: 'minv_…',
            username: 'user01',
            firstName: 'First',
            lastName: 'Last',
            password: 'a long sentence of your own',
          },
        ],
        answer: { schema: Type.Unsafe<unknown>({ $ref: 'UserMinimal#' }), example: userMinimalExample },
        errors: ['invalid_invitation', 'weak_password', 'username_exists'],
      },
      async ({ ctx, body, request, reply }) => {
        const isForm = (request.headers['content-type'] ?? '')
          .toLowerCase()
          .startsWith('application/x-www-form-urlencoded')
        const token = body.token ?? (isForm ? request.cookies[cookieName] : undefined) ?? ''
        const accept = () => acceptInvitation(ctx, toAcceptance(body, token))
        if (!isForm) return toUserMinimal(await accept())
        try {
          const user = await accept()
          return sendPage(
            reply.clearCookie(cookieName, cookie),
            200,
            'Welcome',
            html`<p>Your account <strong>${user.username}</strong> is ready.</p>
              <nav><a href="/auth/sign-in">Sign in</a></nav>`,
          )
        } catch (error) {
          if (!(error instanceof ApiError)) throw error
          return showForm(reply, () => getOffer(ctx, token), { error, typed: body })
        }
      },
    )
  })
}

function toAcceptance(body: Static<typeof AcceptBody>, token: string) {
  return {
    token,
    username: body.username || null,
    firstName: body.firstName ?? null,
    lastName: body.lastName ?? null,
    password: body.password,
  }
}

interface Attempt {
  readonly error: ApiError
  readonly typed: Static<typeof AcceptBody>
}

async function showForm(
  reply: FastifyReply,
  readOffer: () => Promise<InvitationOffer>,
  attempt?: Attempt,
): Promise<FastifyReply> {
  try {
    const offer = await readOffer()
    return sendPage(reply, attempt?.error.status ?? 200, 'Accept your invitation', formFor(offer, attempt))
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return sendPage(reply, error.status, 'This link does not work', html`<p role="alert">${error.message}</p>`)
  }
}

function formFor(offer: InvitationOffer, attempt?: Attempt): Html {
  const typed = attempt?.typed
  const problem = attempt === undefined ? html`` : html`<p role="alert" id="problem">${attempt.error.message}</p>`
  const email = html`<strong>${offer.email}</strong>`
  const opening = offer.inviterName === null ? html`${email} is invited` : html`${offer.inviterName} invited ${email}`
  return html`<p>${opening} to the workspace ${offer.workspace} with the role ${offer.role.slice(1)}.</p>
    ${problem}
    <form method="post" action="${path}">
      <label
        >Username <small>Permanent: it cannot be changed later.</small>
        <input
          name="username"
          value="${typed?.username ?? offer.username}"
          required
          maxlength="100"
          autocomplete="username"
      /></label>
      <label
        >First name
        <input
          name="firstName"
          value="${typed?.firstName ?? offer.firstName}"
          maxlength="1000"
          autocomplete="given-name"
      /></label>
      <label
        >Last name
        <input name="lastName" value="${typed?.lastName ?? offer.lastName}" maxlength="1000" autocomplete="family-name"
      /></label>
      <label
        >Password <small>15 characters or more; a sentence works well.</small>
        <input name="password" type="password" required minlength="15" maxlength="1000" autocomplete="new-password"
      /></label>
      <button>Accept invitation</button>
    </form>`
}
