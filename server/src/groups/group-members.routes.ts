import type { FastifyInstance } from 'fastify'
import { operation } from '../http/operation.ts'
import { envelopeText } from '../lists/envelope.ts'
import { readListQuery } from '../lists/list-query.ts'
import type { UserDocuments } from '../users/user-documents.wire.ts'
import { userExample } from '../users/user-examples.wire.ts'
import { getUserViews, listUsers, userListShape } from '../users/users.service.ts'
import { UserList, userListQuery } from '../users/users.wire.ts'
import * as members from './group-members.service.ts'
import { getGroup } from './groups.service.ts'
import { GroupsBody, MembersAdded, MembersBody } from './groups.wire.ts'

const tag = 'Groups'
const exampleId = '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f13'

export function registerGroupMemberRoutes(app: FastifyInstance, documents: UserDocuments): void {
  operation(
    app,
    {
      method: 'GET',
      url: '/api/service/groups/:id/members',
      operationId: 'listGroupMembers',
      tag,
      summary: 'List the members of a group',
      access: { bearer: 'groups:read' },
      query: userListQuery,
      answer: { schema: UserList, example: { totalRecord: 1, filterRecord: 1, count: 1, records: [userExample] } },
      errors: ['group_not_found', 'invalid_filter', 'invalid_sort', 'invalid_columns', 'limit_too_large'],
    },
    async ({ ctx, params, query: raw }) => {
      const query = readListQuery(raw, userListShape(ctx).rules, ctx.limits)
      const group = await getGroup(ctx, params['id'] ?? '')
      const page = await listUsers(ctx, query, {
        groupId: group.id,
        memberCount: group.memberCount,
        isTimed: group.timedMembers > 0,
      })
      const load = (ids: readonly string[], withLinks: boolean) => getUserViews(ctx, ids, withLinks)
      const texts = await documents.texts(ctx, page.items, {
        columns: query.columns,
        maxLoginEvents: query.maxLoginEvents,
        load,
      })
      return envelopeText({ ...page, items: texts })
    },
  )
  registerChanges(app)
}

function registerChanges(app: FastifyInstance): void {
  const access = { bearer: 'groups:write' } as const
  operation(
    app,
    {
      method: 'POST',
      url: '/api/service/groups/:id/members',
      operationId: 'addGroupMembers',
      tag,
      summary: 'Add users to a group',
      description: 'Those in it already stay; one unknown user and nobody is added. A repeat gives the same answer.',
      access,
      body: MembersBody,
      bodyExamples: [{ users: [exampleId] }],
      answer: { schema: MembersAdded, example: { added: [exampleId] } },
      errors: ['group_not_found', 'user_not_found'],
    },
    async ({ ctx, params, body }) => ({ added: await members.addMembers(ctx, params['id'] ?? '', body.users) }),
  )
  operation(
    app,
    {
      method: 'POST',
      url: '/api/service/groups/:id/members/remove',
      operationId: 'removeGroupMembers',
      tag,
      summary: 'Remove users from a group',
      description: 'Users who are no members are passed over.',
      access,
      body: MembersBody,
      bodyExamples: [{ users: [exampleId] }],
      answer: {},
      errors: ['group_not_found'],
    },
    ({ ctx, params, body }) => members.removeMembers(ctx, params['id'] ?? '', body.users),
  )
  operation(
    app,
    {
      method: 'POST',
      url: '/api/service/users/:id/groups',
      operationId: 'addUserToGroups',
      tag,
      summary: 'Add a user to groups',
      access,
      body: GroupsBody,
      bodyExamples: [{ groups: ['0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f12'] }],
      answer: {},
      errors: ['user_not_found', 'group_not_found'],
    },
    ({ ctx, params, body }) => members.addUserToGroups(ctx, params['id'] ?? '', body.groups),
  )
}
