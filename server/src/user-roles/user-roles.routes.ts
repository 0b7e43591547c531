import type { FastifyInstance } from 'fastify'
import type { Ctx } from '../access/ctx.ts'
import type { ErrorCode } from '../errors/catalogue.ts'
import { operation } from '../http/operation.ts'
import { project, toEnvelope, type Page } from '../lists/envelope.ts'
import { listQuerySchema, readListQuery, type ListQuery } from '../lists/list-query.ts'
import type { ListShape } from '../lists/list-shape.ts'
import { roleGrantList, subRoleList } from './held-roles.fields.ts'
import type { HeldRole, NewHeldRole } from './held-roles.schema.ts'
import {
  GiveRoleBody,
  HeldRoleList,
  HeldRoleRecord,
  HeldRoleRef,
  fromGiveRoleBody,
  toHeldRoleRecord,
} from './held-roles.wire.ts'
import { giveRoleGrant, listRoleGrants, removeRoleGrant } from './role-grants.service.ts'
import { assignSubRole, listSubRoles, unassignSubRole } from './sub-roles.service.ts'

const tag = 'Roles of users'
const roleId = '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f10'
const validFrom = 1767323045000
const expiresAt = validFrom + 28_800_000

const grantExample = {
  roleId,
  name: '$admin',
  description: 'Admin',
  validFrom,
  expiresAt,
  state: 'active',
  givenAt: validFrom,
  givenBy: 'admin01',
}
const subRoleExample = {
  ...grantExample,
  name: '$governance-admin',
  description: 'Governance Admin',
  validFrom: null,
  expiresAt: null,
}

export function registerUserRoleRoutes(app: FastifyInstance): void {
  app.addSchema(HeldRoleRecord)
  registerRoleGrants(app)
  registerSubRoles(app)
}

function registerRoleGrants(app: FastifyInstance): void {
  registerList(app, 'role-grants', {
    operationId: 'listRoleGrants',
    summary: 'List the role grants of a user',
    shape: roleGrantList,
    example: grantExample,
    list: listRoleGrants,
  })
  registerGive(app, 'role-grants', {
    operationId: 'giveRoleGrant',
    summary: 'Give a user another workspace role for a time',
    description:
      'While it is valid the granted role stands in for the user’s own, everywhere and to the millisecond. ' +
      'The same role again changes the bounds. A change of the user’s role ends all grants.',
    bodyExample: { roleId, validFrom: '2026-01-02T03:04:05Z', expiresAt: '2026-01-02T11:04:05Z' },
    example: grantExample,
    errors: ['role_not_found', 'role_grant_conflict', 'last_admin'],
    give: giveRoleGrant,
  })
  registerTake(app, 'role-grants', {
    operationId: 'removeRoleGrant',
    summary: 'End a role grant, or take one back',
    take: removeRoleGrant,
  })
}

function registerSubRoles(app: FastifyInstance): void {
  registerList(app, 'sub-roles', {
    operationId: 'listSubRoles',
    summary: 'List the sub-roles of a user',
    shape: subRoleList,
    example: subRoleExample,
    list: listSubRoles,
  })
  registerGive(app, 'sub-roles', {
    operationId: 'assignSubRole',
    summary: 'Add a sub-role to a member',
    description:
      'Shown in `roles` beside the workspace role while the user is a $member. The same again with other bounds changes the bounds. ' +
      'Another workspace role takes sub-roles away; a role grant suspends them.',
    bodyExample: { roleId },
    example: subRoleExample,
    errors: ['role_not_found', 'sub_role_needs_member'],
    give: assignSubRole,
  })
  registerTake(app, 'sub-roles', {
    operationId: 'unassignSubRole',
    summary: 'Take a sub-role away',
    take: unassignSubRole,
  })
}

type Kind = 'role-grants' | 'sub-roles'

interface Texts {
  readonly operationId: string
  readonly summary: string
}

interface Listing extends Texts {
  readonly shape: ListShape
  readonly example: object
  readonly list: (ctx: Ctx, userId: string, query: ListQuery) => Promise<Page<HeldRole>>
}

function registerList(app: FastifyInstance, kind: Kind, { operationId, summary, shape, example, list }: Listing): void {
  operation(
    app,
    {
      method: 'GET',
      url: `/api/muster/users/:id/${kind}`,
      operationId,
      tag,
      summary,
      description:
        'Those that ended and those yet to come included; `state` tells them apart. People may see their own.',
      access: { bearer: 'self:read', others: 'users:read-all-fields' },
      isExtension: true,
      query: listQuerySchema(shape.rules),
      answer: { schema: HeldRoleList, example: { totalRecord: 1, filterRecord: 1, count: 1, records: [example] } },
      errors: ['user_not_found', 'invalid_filter', 'invalid_sort', 'invalid_columns', 'limit_too_large'],
    },
    async ({ ctx, params, query: raw }) => {
      const query = readListQuery(raw, shape.rules, ctx.limits)
      const columns = query.columns === null ? null : new Set([...query.columns, 'roleId'])
      return toEnvelope(await list(ctx, params['id'] ?? '', query), (role) =>
        project(toHeldRoleRecord(role, ctx.now), columns),
      )
    },
  )
}

interface Giving extends Texts {
  readonly description: string
  readonly bodyExample: { readonly roleId: string; readonly validFrom?: string; readonly expiresAt?: string }
  readonly example: object
  readonly errors: readonly ErrorCode[]
  readonly give: (ctx: Ctx, userId: string, role: NewHeldRole) => Promise<HeldRole>
}

function registerGive(app: FastifyInstance, kind: Kind, spec: Giving): void {
  const { operationId, summary, description, bodyExample, example, errors, give } = spec
  operation(
    app,
    {
      method: 'POST',
      url: `/api/muster/users/:id/${kind}`,
      operationId,
      tag,
      summary,
      description,
      access: { bearer: 'users:write' },
      isExtension: true,
      body: GiveRoleBody,
      bodyExamples: [bodyExample],
      answer: { schema: HeldRoleRef, example },
      errors: ['user_not_found', ...errors],
    },
    async ({ ctx, params, body }) =>
      toHeldRoleRecord(await give(ctx, params['id'] ?? '', fromGiveRoleBody(body)), ctx.now),
  )
}

interface Taking extends Texts {
  readonly take: (ctx: Ctx, userId: string, roleId: string) => Promise<void>
}

function registerTake(app: FastifyInstance, kind: Kind, { operationId, summary, take }: Taking): void {
  operation(
    app,
    {
      method: 'DELETE',
      url: `/api/muster/users/:id/${kind}/:roleId`,
      operationId,
      tag,
      summary,
      description: 'One that is not there is passed over, so that a repeat answers the same.',
      access: { bearer: 'users:write' },
      isExtension: true,
      answer: {},
      errors: ['user_not_found'],
    },
    ({ ctx, params }) => take(ctx, params['id'] ?? '', params['roleId'] ?? ''),
  )
}
