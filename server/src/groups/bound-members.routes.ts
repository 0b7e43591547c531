import type { FastifyInstance } from 'fastify'
import { operation } from '../http/operation.ts'
import { project, toEnvelope } from '../lists/envelope.ts'
import { listQuerySchema, readListQuery } from '../lists/list-query.ts'
import { boundMemberList } from './bound-members.fields.ts'
import {
  BoundMemberList,
  MembersSet,
  SetMembersBody,
  fromSetMembersBody,
  toBoundMemberRecord,
  toMembersSet,
} from './bound-members.wire.ts'
import { listBoundMembers, setMembers } from './group-members.service.ts'

const tag = 'Groups'
const url = '/api/muster/groups/:id/members'
const access = { bearer: 'groups:write' } as const

export function registerBoundMemberRoutes(app: FastifyInstance): void {
  operation(
    app,
    {
      method: 'GET',
      url,
      operationId: 'listBoundGroupMembers',
      tag,
      summary: 'List the memberships of a group with their bounds in time',
      description: 'Those that ended and those yet to come included; `state` tells them apart.',
      access,
      isExtension: true,
      query: listQuerySchema(boundMemberList.rules),
      answer: { schema: BoundMemberList, example: { totalRecord: 1, filterRecord: 1, count: 1, records: [example] } },
      errors: ['group_not_found', 'invalid_filter', 'invalid_sort', 'invalid_columns', 'limit_too_large'],
    },
    async ({ ctx, params, query: raw }) => {
      const query = readListQuery(raw, boundMemberList.rules, ctx.limits)
      const columns = query.columns === null ? null : new Set([...query.columns, 'userId'])
      return toEnvelope(await listBoundMembers(ctx, params['id'] ?? '', query), (member) =>
        project(toBoundMemberRecord(member, ctx.now), columns),
      )
    },
  )
  operation(
    app,
    {
      method: 'POST',
      url,
      operationId: 'setGroupMembers',
      tag,
      summary: 'Add users to a group, each within bounds of time',
      description:
        'A member counts, everywhere and to the millisecond, from validFrom on and no longer at expiresAt; what is left out is open. ' +
        'Who is in the group with other bounds gets these. One unknown user and nothing changes.',
      access,
      isExtension: true,
      body: SetMembersBody,
      bodyExamples: [{ members: [{ userId: example.userId, expiresAt: '2026-02-01T00:00:00Z' }] }],
      answer: { schema: MembersSet, example: { members: [setExample] } },
      errors: ['group_not_found', 'user_not_found'],
    },
    async ({ ctx, params, body }) => {
      const members = fromSetMembersBody(body)
      await setMembers(ctx, params['id'] ?? '', members)
      return toMembersSet(members, ctx.now)
    },
  )
}

const setExample = {
  userId: '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f13',
  validFrom: null,
  expiresAt: 1769904000000,
  state: 'active',
}
const example = { ...setExample, username: 'user01', addedAt: 1767323045000 }
