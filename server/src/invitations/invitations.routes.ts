import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'
import { operation, type OperationInput } from '../http/operation.ts'
import { project, toEnvelope, walkableEnvelopeSchema } from '../lists/envelope.ts'
import { listQuerySchema, readListQuery } from '../lists/list-query.ts'
import { InviteAnswer, InviteBody, fromInviteBody, toInviteAnswer } from './invite.wire.ts'
import { inviteUsers } from './invite.service.ts'
import { invitationList } from './invitations.fields.ts'
import * as invitations from './invitations.service.ts'

const InvitationRecord = Type.Object(
  {
    id: Type.String(),
    userId: Type.Optional(Type.String()),
    email: Type.Optional(Type.String()),
    role: Type.Optional(Type.String()),
    state: Type.Optional(Type.String({ description: 'open, accepted, revoked or expired' })),
    inviterName: Type.Optional(Type.String()),
    createdAt: Type.Optional(Type.Integer({ description: 'Epoch milliseconds, as all times.' })),
    expiresAt: Type.Optional(Type.Integer()),
    lastSentAt: Type.Optional(Type.Integer()),
    acceptedAt: Type.Optional(Type.Union([Type.Integer(), Type.Null()])),
    revokedAt: Type.Optional(Type.Union([Type.Integer(), Type.Null()])),
  },
  { $id: 'Invitation' },
)

const InvitationRef = Type.Unsafe<Static<typeof InvitationRecord>>({ $ref: 'Invitation#' })
const Link = Type.Object({ link: Type.String(), expiresAt: Type.Integer() })

const tag = 'Invitations'
const access = { bearer: 'invitations:manage' } as const

/** Where people open their link; built from configuration. */
export type LinkTo = (tenantId: string, token: string) => Promise<string>

export function registerInvitationRoutes(app: FastifyInstance, linkTo: LinkTo): void {
  app.addSchema(InvitationRecord)
  registerInvite(app)
  registerReads(app)
  registerActions(app, linkTo)
}

function registerInvite(app: FastifyInstance): void {
  operation(
    app,
    {
      method: 'POST',
      url: '/api/service/users',
      operationId: 'inviteUsers',
      isCreate: true,
      tag: 'Users',
      summary: 'Invite people',
      description:
        'Two forms: users[] with a role each, or emails[] with one role. Each person is listed at once as pending and gets a mail. ' +
        'A bad address never spoils the others; a repeat creates nothing and mails nothing.',
      access: { bearer: 'users:write' },
      invites: true,
      body: InviteBody,
      bodyExamples: [
        { users: [{ email: 'user01@example.com', roleName: '$member' }] },
        { emails: ['user01@example.com'], roleName: '$member' },
      ],
      answer: {
        schema: InviteAnswer,
        example: { createdUsers: { 'user01@example.com': example.userId }, failedUsers: {} },
      },
      errors: ['role_not_found', 'role_conflict', 'user_exists', 'username_exists', 'invalid_email', 'sso_enforced'],
    },
    async ({ ctx, body }) =>
      toInviteAnswer(await inviteUsers(ctx, fromInviteBody(body, ctx.limits)), body.users ? 'users' : 'emails'),
  )
}

function registerReads(app: FastifyInstance): void {
  operation(
    app,
    {
      method: 'GET',
      url: '/api/muster/invitations',
      operationId: 'listInvitations',
      tag,
      summary: 'List invitations',
      description: 'The newest first unless sorted otherwise.',
      access,
      isExtension: true,
      query: listQuerySchema(invitationList.rules, invitationList.fields),
      answer: {
        schema: walkableEnvelopeSchema(InvitationRef),
        example: { totalRecord: 1, filterRecord: 1, count: 1, records: [example], nextCursor: null },
      },
      errors: ['invalid_filter', 'invalid_sort', 'invalid_columns', 'invalid_cursor', 'limit_too_large'],
    },
    async ({ ctx, query: raw }) => {
      const query = readListQuery(raw, invitationList.rules, ctx.limits)
      const columns = query.columns === null ? null : new Set([...query.columns, 'id'])
      const page = await invitations.listInvitations(ctx, query)
      const { nextCursor } = page
      return { ...toEnvelope(page, (invitation) => project(toRecord(invitation), columns)), nextCursor }
    },
  )
  operation(
    app,
    {
      method: 'GET',
      url: '/api/muster/invitations/:id',
      operationId: 'getInvitation',
      tag,
      summary: 'Read one invitation',
      access,
      isExtension: true,
      answer: { schema: InvitationRef, example },
      errors: ['invitation_not_found'],
    },
    async ({ ctx, params }) => toRecord(await invitations.getInvitation(ctx, params['id'] ?? '')),
  )
}

function registerActions(app: FastifyInstance, linkTo: LinkTo): void {
  const errors = ['invitation_not_found', 'invitation_closed'] as const
  const common = { method: 'POST', tag, access, isExtension: true, errors } as const
  const copyLink = async ({ ctx, params }: OperationInput<unknown>) => {
    const { token, expiresAt } = await invitations.copyInvitationLink(ctx, params['id'] ?? '')
    return { link: await linkTo(ctx.tenantId, token), expiresAt }
  }
  operation(
    app,
    {
      ...common,
      url: '/api/muster/invitations/:id/resend',
      operationId: 'resendInvitation',
      summary: 'Mail a new link, valid for seven days',
      invites: true,
      description: 'Earlier links end.',
      answer: {},
    },
    ({ ctx, params }) => invitations.resendInvitation(ctx, params['id'] ?? ''),
  )
  operation(
    app,
    {
      ...common,
      url: '/api/muster/invitations/:id/revoke',
      operationId: 'revokeInvitation',
      summary: 'End an invitation',
      description: 'The pending user stays, and can be invited again or deleted. A repeat changes nothing.',
      answer: {},
    },
    ({ ctx, params }) => invitations.revokeInvitation(ctx, params['id'] ?? ''),
  )
  operation(
    app,
    {
      ...common,
      url: '/api/muster/invitations/:id/link',
      operationId: 'copyInvitationLink',
      summary: 'A new link to hand over by hand',
      description: 'Shown in this answer only; earlier links end, and mails that still wait are discarded.',
      answer: {
        schema: Link,
        example: { link: 'https://acme.example.com/auth/accept-invite?token=minv_…', expiresAt: 1767927845000 },
      },
      secret: { fields: ['link'], redraw: copyLink },
    },
    copyLink,
  )
}

function toRecord(invitation: invitations.InvitationView): Static<typeof InvitationRecord> {
  return {
    id: invitation.id,
    userId: invitation.userId,
    email: invitation.email,
    role: invitation.role,
    state: invitation.state,
    inviterName: invitation.inviterName,
    createdAt: invitation.createdAt,
    expiresAt: invitation.expiresAt,
    lastSentAt: invitation.lastSentAt,
    acceptedAt: invitation.acceptedAt === 0 ? null : invitation.acceptedAt,
    revokedAt: invitation.revokedAt === 0 ? null : invitation.revokedAt,
  }
}

const example = {
  id: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f17',
  userId: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f13',
  email: 'user01@example.com',
  role: '$member',
  state: 'open',
  inviterName: 'Admin One',
  createdAt: 1767323045000,
  expiresAt: 1767927845000,
  lastSentAt: 1767323045000,
  acceptedAt: null,
  revokedAt: null,
}
