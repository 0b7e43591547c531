import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { operation } from '../http/operation.ts'
import { listEvents } from './audit-log.service.ts'
import { AdminEventQuery, LoginEventQuery, readAdminEventQuery, readLoginEventQuery } from './audit-log.wire.ts'
import { AdminEventRecord, LoginEventRecord, toAdminEvent, toLoginEvent } from './event-records.wire.ts'

export function registerAuditLogRoutes(app: FastifyInstance): void {
  const access = { bearer: 'events:read' } as const
  operation(
    app,
    {
      method: 'GET',
      url: '/api/service/events/main',
      operationId: 'listAdminEvents',
      tag: 'Events',
      summary: 'What was changed, and by whom',
      description:
        'Newest first; an empty array ends the paging. Enum values may carry a prefix up to a dot, as the Python client sends them.',
      access,
      query: AdminEventQuery,
      answer: { schema: Type.Array(AdminEventRecord), example: [adminExample] },
      errors: ['limit_too_large'],
    },
    async ({ ctx, query }) => (await listEvents(ctx, readAdminEventQuery(query, ctx.limits))).map(toAdminEvent),
  )
  operation(
    app,
    {
      method: 'GET',
      url: '/api/service/events/login',
      operationId: 'listLoginEvents',
      tag: 'Events',
      summary: 'Sign-ins',
      description: 'Newest first; an empty array ends the paging.',
      access,
      query: LoginEventQuery,
      answer: { schema: Type.Array(LoginEventRecord), example: [loginExample] },
      errors: ['limit_too_large'],
    },
    async ({ ctx, query }) => (await listEvents(ctx, readLoginEventQuery(query, ctx.limits))).map(toLoginEvent),
  )
}

const adminExample = {
  operationType: 'CREATE',
  realmId: 'default',
  representation: '{"name":"data_science"}',
  resourcePath: 'groups/0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f12',
  resourceType: 'GROUP',
  time: 1767323045000,
  authDetails: {
    clientId: 'atlan-frontend',
    ipAddress: '192.0.2.7',
    realmId: 'default',
    userId: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f13',
  },
}

const loginExample = {
  clientId: 'atlan-frontend',
  details: {},
  ipAddress: '192.0.2.7',
  realmId: 'default',
  time: 1767323045000,
  type: 'LOGIN',
  userId: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f13',
}
