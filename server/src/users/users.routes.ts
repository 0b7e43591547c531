import type { FastifyInstance } from 'fastify'
import { notFound } from '../errors/api-error.ts'
import { operation } from '../http/operation.ts'
import { envelopeText, walkedSchema, walkedText } from '../lists/envelope.ts'
import { readListQuery, readWalkQuery, walkQuerySchema } from '../lists/list-query.ts'
import { userList } from './users.fields.ts'
import type { UserDocuments } from './user-documents.wire.ts'
import { userExample } from './user-examples.wire.ts'
import * as users from './users.service.ts'
import { UserList, UserMinimal, UserRecord, UserRef, userListQuery } from './users.wire.ts'

export function registerUserRoutes(app: FastifyInstance, documents: UserDocuments): void {
  app.addSchema(UserRecord)
  app.addSchema(UserMinimal)
  operation(
    app,
    {
      method: 'GET',
      url: '/api/service/users',
      operationId: 'listUsers',
      tag: 'Users',
      summary: 'List users',
      description:
        'Pending users are listed too. Members see directory fields; hidden ones can be neither filtered nor sorted by.',
      access: { bearer: 'users:read' },
      query: userListQuery,
      answer: { schema: UserList, example: { totalRecord: 42, filterRecord: 42, count: 1, records: [userExample] } },
      errors: ['invalid_filter', 'invalid_sort', 'invalid_columns', 'limit_too_large'],
    },
    async ({ ctx, query: raw }) => {
      const query = readListQuery(raw, users.userListShape(ctx).rules, ctx.limits)
      const page = await users.listUsers(ctx, query)
      const load = (ids: readonly string[], withLinks: boolean) => users.getUserViews(ctx, ids, withLinks)
      const texts = await documents.texts(ctx, page.items, {
        columns: query.columns,
        maxLoginEvents: query.maxLoginEvents,
        load,
      })
      return envelopeText({ ...page, items: texts })
    },
  )
  registerWalk(app, documents)
  operation(
    app,
    {
      method: 'GET',
      url: '/api/service/users/:id',
      operationId: 'getUser',
      tag: 'Users',
      summary: 'Read one user',
      access: { bearer: 'self:read' },
      answer: { schema: UserRef, example: userExample },
      errors: ['user_not_found'],
    },
    async ({ ctx, params, reply }) => {
      const id = params['id'] ?? ''
      const view = documents.has(ctx, id) ? undefined : await users.getReadableUserView(ctx, id)
      const version = view ?? (await users.getUserVersion(ctx, id))
      const load = async (ids: readonly string[]) => (view === undefined ? users.getUserViews(ctx, ids) : [view])
      const isOwn = ctx.actor.userId === id
      const [text] = await documents.texts(ctx, [version], { columns: null, maxLoginEvents: 1, load, isOwn })
      if (text === undefined) throw notFound('user_not_found')
      reply.header('etag', users.userTag(version))
      return text
    },
  )
}

function registerWalk(app: FastifyInstance, documents: UserDocuments): void {
  operation(
    app,
    {
      method: 'GET',
      url: '/api/muster/users',
      operationId: 'walkUsers',
      tag: 'Users',
      summary: 'Walk through all users',
      description:
        'Page by page behind a cursor, at the same price at any depth: whoever is there from the first page to the last comes exactly once, ' +
        'whoever is added or deleted meanwhile. Sorted by id unless asked otherwise. Members see directory fields.',
      access: { bearer: 'users:read' },
      isExtension: true,
      query: walkQuerySchema(userList.rules, userList.fields),
      answer: { schema: walkedSchema(UserRef), example: { items: [userExample], nextCursor: null } },
      errors: ['invalid_filter', 'invalid_sort', 'invalid_columns', 'invalid_cursor', 'limit_too_large'],
    },
    async ({ ctx, query: raw }) => {
      const query = readWalkQuery(raw, users.userListShape(ctx).rules, ctx.limits)
      const page = await users.walkUsers(ctx, query)
      const load = (ids: readonly string[], withLinks: boolean) => users.getUserViews(ctx, ids, withLinks)
      const { columns, maxLoginEvents } = query
      return walkedText({ ...page, items: await documents.texts(ctx, page.items, { columns, maxLoginEvents, load }) })
    },
  )
}
