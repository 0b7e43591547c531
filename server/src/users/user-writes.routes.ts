import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { operation } from '../http/operation.ts'
import { userMinimalExample } from './user-examples.wire.ts'
import {
  ChangeRoleBody,
  DeleteUserBody,
  SetRolesBody,
  UpdateUserBody,
  fromChangeRoleBody,
  fromUpdateUserBody,
} from './user-bodies.wire.ts'
import { deleteUser } from './user-deletion.service.ts'
import { changeRoleById, changeRoleByIds } from './user-roles.service.ts'
import { updateUser } from './user-update.service.ts'
import { currentUserTag, getUserView } from './users.service.ts'
import { toUserMinimal } from './users.wire.ts'

const exampleId = '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f15'
const tag = 'Users'

export function registerUserWriteRoutes(app: FastifyInstance): void {
  registerUpdate(app)
  registerRoleChanges(app)
  operation(
    app,
    {
      method: 'POST',
      url: '/api/service/users/:id/delete',
      operationId: 'deleteUser',
      tag,
      summary: 'Delete a user for good',
      description:
        'Name and address are free again; the events stay. What the user alone owned goes to transferToUserId.',
      access: { bearer: 'users:write' },
      body: DeleteUserBody,
      bodyOptional: true,
      bodyExamples: [{ transferToUserId: exampleId }],
      answer: {},
      errors: ['user_not_found', 'cannot_disable_self', 'last_admin', 'managed_by_scim', 'transfer_target_disabled'],
    },
    ({ ctx, params, body }) => deleteUser(ctx, params['id'] ?? '', body.transferToUserId ?? null),
  )
}

function registerUpdate(app: FastifyInstance): void {
  operation(
    app,
    {
      method: 'POST',
      url: '/api/service/users/:id',
      operationId: 'updateUser',
      tag,
      summary: 'Change a user',
      description:
        'null means unchanged; whole records may be sent back. attributes merge key by key, [] clears one. ' +
        'groups and persona are full replacements. People may change their own names and attributes, admins everything.',
      access: { bearer: 'self:write', others: 'users:write' },
      isReserved: true,
      body: UpdateUserBody,
      bodyExamples: [{ firstName: 'Jane', enabled: true }],
      answer: { schema: Type.Unsafe<unknown>({ $ref: 'UserMinimal#' }), example: userMinimalExample },
      errors: [
        'user_not_found',
        'group_not_found',
        'persona_not_found',
        'user_exists',
        'invalid_email',
        'role_not_found',
        'role_conflict',
        'username_immutable',
        'read_only_field',
        'cannot_disable_self',
        'last_admin',
        'managed_by_scim',
        'api_deactivation_off',
        'version_mismatch',
      ],
    },
    async ({ ctx, params, body, ifMatch, reply }) => {
      const id = params['id'] ?? ''
      const change = fromUpdateUserBody(body, await getUserView(ctx, id))
      const user = await updateUser(ctx, id, change, ifMatch)
      reply.header('etag', await currentUserTag(ctx, id))
      return toUserMinimal(user)
    },
  )
}

function registerRoleChanges(app: FastifyInstance): void {
  const access = { bearer: 'users:write' } as const
  operation(
    app,
    {
      method: 'POST',
      url: '/api/service/users/:id/roles/update',
      operationId: 'changeUserRole',
      tag,
      summary: 'Change the workspace role',
      access,
      body: ChangeRoleBody,
      bodyExamples: [{ roleId: exampleId }],
      answer: {},
      errors: ['user_not_found', 'role_not_found', 'last_admin'],
    },
    ({ ctx, params, body }) => changeRoleById(ctx, params['id'] ?? '', fromChangeRoleBody(body)),
  )
  operation(
    app,
    {
      method: 'PUT',
      url: '/api/service/users/:id/roles',
      operationId: 'setUserRoles',
      tag,
      summary: 'Change the workspace role, from a list of role ids',
      description: 'The first workspace role counts. Ids only: for a name the refusal gives the id to send.',
      access,
      body: SetRolesBody,
      bodyExamples: [{ roles: [exampleId] }],
      answer: { status: 204 },
      errors: ['user_not_found', 'role_not_found', 'last_admin'],
    },
    ({ ctx, params, body }) => changeRoleByIds(ctx, params['id'] ?? '', body.roles),
  )
}
