import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { operation } from '../http/operation.ts'
import { SessionDetail, SessionRecord, toSessionDetail, toSessionRecord } from './sessions.wire.ts'
import { listSessionsOf, revokeSession, revokeSessionsOf } from './user-sessions.service.ts'

const tag = 'Sessions'
const ofUser = '/api/muster/users/:id/sessions'

export function registerSessionRoutes(app: FastifyInstance): void {
  operation(
    app,
    {
      method: 'GET',
      url: '/api/service/users/:id/sessions',
      operationId: 'listUserSessions',
      tag,
      summary: 'Where a user is signed in',
      description: 'A bare array, newest first. One’s own, or anybody’s for admins.',
      access: { bearer: 'self:read' },
      answer: { schema: Type.Array(SessionRecord), example: [recordExample] },
      errors: ['user_not_found'],
    },
    async ({ ctx, params }) => {
      const { sessions, username } = await listSessionsOf(ctx, params['id'] ?? '')
      return sessions.map((session) => toSessionRecord(session, username))
    },
  )
  operation(
    app,
    {
      method: 'GET',
      url: ofUser,
      operationId: 'listSessions',
      tag,
      summary: 'Where and how a user is signed in',
      description: 'Newest first, with the browser and how the person signed in.',
      access: { bearer: 'self:read' },
      isExtension: true,
      answer: { schema: Type.Object({ records: Type.Array(SessionDetail) }), example: { records: [detailExample] } },
      errors: ['user_not_found'],
    },
    async ({ ctx, params }) => ({
      records: (await listSessionsOf(ctx, params['id'] ?? '')).sessions.map(toSessionDetail),
    }),
  )
  operation(
    app,
    {
      method: 'DELETE',
      url: '/api/muster/sessions/:id',
      operationId: 'revokeSession',
      tag,
      summary: 'End a session',
      description: 'At once, on every node. One’s own, or anybody’s for admins.',
      access: { bearer: 'self:write' },
      isExtension: true,
      answer: { status: 204 },
      errors: ['session_not_found'],
    },
    async ({ ctx, params }) => revokeSession(ctx, params['id'] ?? ''),
  )
  operation(
    app,
    {
      method: 'POST',
      url: `${ofUser}/end`,
      operationId: 'revokeSessions',
      tag,
      summary: 'Sign a user out everywhere',
      description: 'Ends every session at once, this one included.',
      access: { bearer: 'self:write', others: 'users:write' },
      isExtension: true,
      answer: { schema: Type.Object({ ended: Type.Integer() }), example: { ended: 2 } },
      errors: ['user_not_found'],
    },
    async ({ ctx, params }) => ({ ended: await revokeSessionsOf(ctx, params['id'] ?? '') }),
  )
}

const recordExample = {
  id: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f21',
  username: 'user01',
  userId: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f13',
  ipAddress: '192.0.2.7',
  start: 1767323045000,
  lastAccess: 1767324045000,
  clients: { 'atlan-frontend': 'atlan-frontend' },
}

const detailExample = {
  id: recordExample.id,
  userId: recordExample.userId,
  method: 'password',
  secondFactor: 'totp',
  address: '192.0.2.7',
  userAgent: 'Mozilla/5.0',
  startedAt: 1767323045000,
  lastSeenAt: 1767324045000,
  confirmedAt: 1767323045000,
  endsAt: 1767409445000,
}
