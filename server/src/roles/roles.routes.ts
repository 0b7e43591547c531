import type { FastifyInstance } from 'fastify'
import { operation } from '../http/operation.ts'
import { project, toEnvelope } from '../lists/envelope.ts'
import { listQuerySchema, readListQuery } from '../lists/list-query.ts'
import { roleList } from './roles.fields.ts'
import { listRoles } from './roles.service.ts'
import { RoleList, RoleRecord, toRoleRecord } from './roles.wire.ts'

export function registerRoleRoutes(app: FastifyInstance): void {
  app.addSchema(RoleRecord)
  operation(
    app,
    {
      method: 'GET',
      url: '/api/service/roles',
      operationId: 'listRoles',
      tag: 'Roles',
      summary: 'List roles',
      description:
        'Workspace roles come first, so that the first page always holds $admin, $member and $guest. Changes of roles need these ids.',
      access: { bearer: 'roles:read' },
      query: listQuerySchema(roleList.rules, roleList.fields),
      answer: { schema: RoleList, example: roleListExample },
      errors: ['invalid_filter', 'invalid_sort', 'invalid_columns', 'limit_too_large'],
    },
    async ({ ctx, query: raw }) => {
      const query = readListQuery(raw, roleList.rules, ctx.limits)
      const columns = query.columns === null ? null : new Set([...query.columns, 'id'])
      return toEnvelope(await listRoles(ctx, query), (role) => project(toRoleRecord(role), columns))
    },
  )
}

const roleListExample = {
  totalRecord: 3,
  filterRecord: 3,
  count: 1,
  records: [
    {
      id: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f10',
      name: '$member',
      description: 'Member',
      clientRole: false,
      level: 'workspace',
      memberCount: '10',
      userCount: '10',
    },
  ],
}
