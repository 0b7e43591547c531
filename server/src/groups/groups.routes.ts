import type { FastifyInstance } from 'fastify'
import { operation, type OperationInput } from '../http/operation.ts'
import { project, toEnvelope, toWalked, walkedSchema, type Page } from '../lists/envelope.ts'
import { listQuerySchema, readListQuery, readWalkQuery, walkQuerySchema, type ListQuery } from '../lists/list-query.ts'
import type { Ctx } from '../access/ctx.ts'
import { groupCreatedExample, groupExample } from './group-examples.wire.ts'
import { groupList } from './groups.fields.ts'
import type { Group } from './groups.schema.ts'
import * as groups from './groups.service.ts'
import {
  CreateGroupBody,
  GroupCreated,
  GroupList,
  GroupRecord,
  GroupRef,
  UpdateGroupBody,
  fromCreateGroupBody,
  fromUpdateGroupBody,
  toGroupCreated,
  toGroupRecord,
} from './groups.wire.ts'

const tag = 'Groups'
const listErrors = ['invalid_filter', 'invalid_sort', 'invalid_columns', 'limit_too_large'] as const
const listAnswer = {
  schema: GroupList,
  example: { totalRecord: 1, filterRecord: 1, count: 1, records: [groupExample] },
}

export function registerGroupRoutes(app: FastifyInstance): void {
  app.addSchema(GroupRecord)
  registerLists(app)
  registerWalk(app)
  registerWrites(app)
}

function registerLists(app: FastifyInstance): void {
  const query = listQuerySchema(groupList.rules, groupList.fields)
  // The Python client asks the second address; both answer alike.
  for (const [url, operationId] of [
    ['/api/service/groups', 'listGroups'],
    ['/api/service/v2/groups', 'listGroupsV2'],
  ] as const) {
    operation(
      app,
      {
        method: 'GET',
        url,
        operationId,
        tag,
        summary: 'List groups',
        access: { bearer: 'groups:read' },
        query,
        answer: listAnswer,
        errors: listErrors,
      },
      (input) => answerList(input, groups.listGroups),
    )
  }
  operation(
    app,
    {
      method: 'GET',
      url: '/api/service/users/:id/groups',
      operationId: 'listGroupsOfUser',
      tag,
      summary: 'List the groups of a user',
      access: { bearer: 'self:read' },
      query,
      answer: listAnswer,
      errors: [...listErrors, 'user_not_found'],
    },
    (input) => answerList(input, (ctx, list) => groups.listGroupsOfUser(ctx, input.params['id'] ?? '', list)),
  )
}

async function answerList(
  { ctx, query: raw }: OperationInput<unknown>,
  list: (ctx: Ctx, query: ListQuery) => Promise<Page<Group>>,
) {
  const query = readListQuery(raw, groupList.rules, ctx.limits)
  const page = await list(ctx, query)
  return toEnvelope(page, await recordsOf(ctx, page.items, query))
}

/** How groups are shown, with what is attached to these. */
async function recordsOf(ctx: Ctx, shown: readonly Group[], query: ListQuery): Promise<(group: Group) => unknown> {
  const wantsLinks = query.columns === null || query.columns.has('personas') || query.columns.has('purposes')
  const linksOf = wantsLinks
    ? await groups.listLinksOfGroups(
        ctx,
        shown.map(({ id }) => id),
      )
    : () => ({ personas: [], purposes: [] })
  // The name always comes with a group, whatever the columns.
  const columns = query.columns === null ? null : new Set([...query.columns, 'id', 'name'])
  return (group) => project(toGroupRecord(group, linksOf(group.id)), columns)
}

function registerWalk(app: FastifyInstance): void {
  operation(
    app,
    {
      method: 'GET',
      url: '/api/muster/groups',
      operationId: 'walkGroups',
      tag,
      summary: 'Walk through all groups',
      description: 'As through users: each group that is there throughout comes exactly once.',
      access: { bearer: 'groups:read' },
      isExtension: true,
      query: walkQuerySchema(groupList.rules, groupList.fields),
      answer: { schema: walkedSchema(GroupRef), example: { items: [groupExample], nextCursor: null } },
      errors: [...listErrors, 'invalid_cursor'],
    },
    async ({ ctx, query: raw }) => {
      const query = readWalkQuery(raw, groupList.rules, ctx.limits)
      const page = await groups.walkGroups(ctx, query)
      return toWalked(page, await recordsOf(ctx, page.items, query))
    },
  )
}

function registerWrites(app: FastifyInstance): void {
  const access = { bearer: 'groups:write' } as const
  operation(
    app,
    {
      method: 'POST',
      url: '/api/service/groups',
      operationId: 'createGroup',
      isCreate: true,
      tag,
      summary: 'Create a group, with its first members',
      description:
        'A missing name is derived from the alias. An unknown user is reported in the answer and does not stop the group.',
      access,
      body: CreateGroupBody,
      bodyExamples: [
        { group: { name: 'data_science', attributes: { alias: ['Data Science'], isDefault: ['false'] } }, users: [] },
      ],
      answer: { schema: GroupCreated, example: groupCreatedExample },
      errors: ['group_exists'],
    },
    async ({ ctx, body }) => toGroupCreated(await groups.createGroup(ctx, fromCreateGroupBody(body))),
  )
  operation(
    app,
    {
      method: 'POST',
      url: '/api/service/groups/:id',
      operationId: 'updateGroup',
      tag,
      summary: 'Change a group',
      description: 'attributes merge key by key; the internal name stays for ever.',
      access,
      body: UpdateGroupBody,
      bodyExamples: [{ attributes: { description: ['Everybody who builds models'] } }],
      answer: {},
      errors: ['group_not_found', 'group_name_immutable', 'version_mismatch'],
    },
    async ({ ctx, params, body, ifMatch, reply }) => {
      const id = params['id'] ?? ''
      const group = await groups.updateGroup(
        ctx,
        id,
        fromUpdateGroupBody(body, await groups.getGroup(ctx, id)),
        ifMatch,
      )
      reply.header('etag', groups.groupTag(group))
    },
  )
  operation(
    app,
    {
      method: 'POST',
      url: '/api/service/groups/:id/delete',
      operationId: 'deleteGroup',
      tag,
      summary: 'Delete a group',
      description: 'Memberships and links go with it, users stay.',
      access,
      answer: {},
      errors: ['group_not_found'],
    },
    ({ ctx, params }) => groups.deleteGroup(ctx, params['id'] ?? ''),
  )
}
