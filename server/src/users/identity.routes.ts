import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { may } from '../access/authorize.ts'
import { ApiError } from '../errors/api-error.ts'
import { operation } from '../http/operation.ts'
import { readScalar, readValues } from '../lists/list-query.ts'
import { directoryAttributes } from './users.fields.ts'
import { listGroupIdentities, listUserIdentities } from './identity.service.ts'
import type { UserIdentity } from './identity.schema.ts'
import { AttributesRecord, toAttributes } from './users.wire.ts'

const userColumns = ['firstName', 'lastName', 'createdTimestamp', 'groups']

const UserIdentityRecord = Type.Object({
  id: Type.String(),
  username: Type.String(),
  email: Type.String(),
  enabled: Type.Boolean(),
  attributes: AttributesRecord,
  firstName: Type.Optional(Type.String()),
  lastName: Type.Optional(Type.String()),
  createdTimestamp: Type.Optional(Type.Integer()),
  groups: Type.Optional(Type.Array(Type.Object({ id: Type.String(), name: Type.String() }))),
})

const GroupIdentityRecord = Type.Object({
  id: Type.String(),
  name: Type.String(),
  attributes: Type.Object({ alias: Type.String({ description: 'Plain text here, unlike everywhere else.' }) }),
})

const Query = Type.Object({
  filter: Type.String({ description: '{"id":{"$in":[…]}} with up to 500 ids.' }),
  columns: Type.Optional(Type.Array(Type.String())),
})

/** Bulk look-ups of the Java client: bare arrays, all matches in one answer. */
export function registerIdentityRoutes(app: FastifyInstance): void {
  operation(
    app,
    {
      method: 'GET',
      url: '/api/service/identity/users',
      operationId: 'listUserIdentities',
      tag: 'Users',
      summary: 'Look up to 500 users up by id',
      access: { bearer: 'users:read' },
      query: Query,
      answer: {
        schema: Type.Array(UserIdentityRecord),
        example: [{ id: example, username: 'user01', email: 'user01@example.com', enabled: true, attributes: {} }],
      },
      errors: ['invalid_filter', 'invalid_columns'],
    },
    async ({ ctx, query }) => {
      const columns = readColumns(query, userColumns)
      const users = await listUserIdentities(ctx, readScalar(query, 'filter'), columns.has('groups'))
      return users.map((user) => toRecord(user, columns, may(ctx, 'users:read-all-fields')))
    },
  )
  operation(
    app,
    {
      method: 'GET',
      url: '/api/service/identity/groups',
      operationId: 'listGroupIdentities',
      tag: 'Groups',
      summary: 'Look up to 500 groups up by id',
      access: { bearer: 'groups:read' },
      query: Query,
      answer: {
        schema: Type.Array(GroupIdentityRecord),
        example: [{ id: example, name: 'data_science', attributes: { alias: 'Data Science' } }],
      },
      errors: ['invalid_filter', 'invalid_columns'],
    },
    async ({ ctx, query }) => {
      readColumns(query, ['attributes'])
      const groups = await listGroupIdentities(ctx, readScalar(query, 'filter'))
      return groups.map(({ id, name, alias }) => ({ id, name, attributes: { alias } }))
    },
  )
}

const example = '0190f2c4-5b1e-7c3a-9d44-0a7c1e5b2f12'
const always = ['id', 'username', 'email', 'enabled', 'attributes', 'name']

function readColumns(query: Readonly<Record<string, unknown>>, allowed: readonly string[]): Set<string> {
  const names = readValues(query, 'columns')
  const unknown = names.find((name) => !allowed.includes(name) && !always.includes(name))
  if (unknown !== undefined)
    throw new ApiError('invalid_columns', { detail: `columns names an unknown column; use ${allowed.join(', ')}.` })
  return new Set(names)
}

function toRecord(user: UserIdentity, columns: ReadonlySet<string>, isWhole: boolean) {
  const attributes = Object.fromEntries(
    Object.entries(toAttributes(user)).filter(([name]) => isWhole || directoryAttributes.has(name)),
  )
  return {
    id: user.id,
    username: user.username,
    email: user.email,
    enabled: user.enabled,
    attributes,
    ...(columns.has('firstName') ? { firstName: user.firstName } : {}),
    ...(columns.has('lastName') ? { lastName: user.lastName } : {}),
    ...(columns.has('createdTimestamp') ? { createdTimestamp: user.createdAt } : {}),
    ...(columns.has('groups') ? { groups: user.groups } : {}),
  }
}
