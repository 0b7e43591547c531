import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { operation } from '../http/operation.ts'
import { getCaller } from './caller.service.ts'
import { toCallerMinimal, toWhoAmI, WhoAmI } from './caller.wire.ts'
import { userMinimalExample } from './user-examples.wire.ts'
import { toUserMinimal } from './users.wire.ts'

export function registerCallerRoutes(app: FastifyInstance): void {
  app.addSchema(WhoAmI)
  const access = { bearer: 'self:read' } as const
  operation(
    app,
    {
      method: 'GET',
      url: '/api/service/users/current',
      operationId: 'getCurrentUser',
      tag: 'Users',
      summary: 'Who am I, in short',
      description: 'For an API token the username is service-account-apikey-<uuid>.',
      access,
      answer: { schema: Type.Unsafe<unknown>({ $ref: 'UserMinimal#' }), example: userMinimalExample },
    },
    async ({ ctx }) => {
      const { actor, user } = await getCaller(ctx)
      return user === null ? toCallerMinimal(actor) : toUserMinimal(user)
    },
  )
  operation(
    app,
    {
      method: 'GET',
      url: '/api/service/whoami',
      operationId: 'whoAmI',
      tag: 'Users',
      summary: 'Who am I, with roles, groups and permissions',
      access,
      answer: { schema: Type.Unsafe<unknown>({ $ref: 'WhoAmI#' }), example: whoAmIExample },
    },
    async ({ ctx }) => toWhoAmI(await getCaller(ctx)),
  )
}

const member = '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f10'
const whoAmIExample = {
  userId: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f13',
  username: 'user01',
  workspaceRole: '$member',
  designation: 'Analyst',
  profileRole: '',
  profileRoleOther: '',
  assignedRole: { id: member, name: '$member', description: 'Member', level: 'workspace', summary: '' },
  roles: [{ id: member, roleId: member, roleName: '$member', name: '$member' }],
  defaultRoles: ['offline_access', 'uma_authorization', '$guest'],
  decentralizedRoles: [],
  groups: [{ id: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f12', name: 'data_science', path: '/data_science' }],
  personas: [],
  purposes: [],
  permissions: ['self:read', 'self:write', 'users:read'],
}
