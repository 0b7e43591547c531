import type { FastifyInstance } from 'fastify'
import { operation } from '../http/operation.ts'
import { project, toEnvelope } from '../lists/envelope.ts'
import { listQuerySchema, readListQuery } from '../lists/list-query.ts'
import { decentralizedRoleList } from './decentralized-roles.fields.ts'
import * as roles from './decentralized-roles.service.ts'
import {
  AssignDecentralizedRoleBody,
  DecentralizedRoleList,
  DecentralizedRoleRecord,
  DecentralizedRoleRef,
  fromAssignDecentralizedRoleBody,
  toDecentralizedRoleRecord,
} from './decentralized-roles.wire.ts'

const tag = 'Roles of users'
const url = '/api/muster/users/:id/decentralized-roles'

export function registerDecentralizedRoleRoutes(app: FastifyInstance): void {
  app.addSchema(DecentralizedRoleRecord)
  operation(
    app,
    {
      method: 'GET',
      url,
      operationId: 'listDecentralizedRoles',
      tag,
      summary: 'List the decentralized roles of a user',
      description:
        'Those that ended and those yet to come included; `state` tells them apart. People may see their own. ' +
        'The user’s record shows role, level and privilege of the active ones.',
      access: { bearer: 'self:read', others: 'users:read-all-fields' },
      isExtension: true,
      query: listQuerySchema(decentralizedRoleList.rules),
      answer: {
        schema: DecentralizedRoleList,
        example: { totalRecord: 1, filterRecord: 1, count: 1, records: [example] },
      },
      errors: ['user_not_found', 'invalid_filter', 'invalid_sort', 'invalid_columns', 'limit_too_large'],
    },
    async ({ ctx, params, query: raw }) => {
      const query = readListQuery(raw, decentralizedRoleList.rules, ctx.limits)
      const columns = query.columns === null ? null : new Set([...query.columns, 'id'])
      return toEnvelope(await roles.listDecentralizedRoles(ctx, params['id'] ?? '', query), (role) =>
        project(toDecentralizedRoleRecord(role, ctx.now), columns),
      )
    },
  )
  registerWrites(app)
}

function registerWrites(app: FastifyInstance): void {
  const access = { bearer: 'users:write' } as const
  operation(
    app,
    {
      method: 'POST',
      url,
      operationId: 'assignDecentralizedRole',
      tag,
      summary: 'Give a user a role on one thing',
      description: 'The same role on the same thing again changes privilege and bounds.',
      access,
      isExtension: true,
      body: AssignDecentralizedRoleBody,
      bodyExamples: [{ roleId: example.roleId, level: 'connection', privilege: 'admin', objectId: example.objectId }],
      answer: { schema: DecentralizedRoleRef, example },
      errors: ['user_not_found', 'role_not_found'],
    },
    async ({ ctx, params, body }) => {
      const wanted = fromAssignDecentralizedRoleBody(body)
      return toDecentralizedRoleRecord(await roles.assignDecentralizedRole(ctx, params['id'] ?? '', wanted), ctx.now)
    },
  )
  operation(
    app,
    {
      method: 'DELETE',
      url: `${url}/:heldId`,
      operationId: 'unassignDecentralizedRole',
      tag,
      summary: 'Take a decentralized role away',
      description: 'One that is not there is passed over, so that a repeat answers the same.',
      access,
      isExtension: true,
      answer: {},
      errors: ['user_not_found'],
    },
    ({ ctx, params }) => roles.unassignDecentralizedRole(ctx, params['id'] ?? '', params['heldId'] ?? ''),
  )
}

const example = {
  id: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f18',
  roleId: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f10',
  roleName: '$member',
  level: 'connection',
  privilege: 'admin',
  objectId: 'default/warehouse/1767323045',
  validFrom: null,
  expiresAt: null,
  state: 'active',
  givenAt: 1767323045000,
  givenBy: 'admin01',
}
