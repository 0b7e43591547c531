import Type, { type Static } from 'typebox'
import { AdminEventRecord, LoginEventRecord } from '../audit-log/event-records.wire.ts'
import { envelopeSchema } from '../lists/envelope.ts'
import { listQuerySchema } from '../lists/list-query.ts'
import { userColumns, userList } from './users.fields.ts'
import type { NamedLink, User, UserView } from './users.schema.ts'
import { isPending } from './users.schema.ts'

export const AttributesRecord = Type.Record(Type.String(), Type.Array(Type.String()), {
  description:
    'Every value is a list of texts: designation, skills, slack, jira, invitedAt, invitedBy, invitedByName, and any other name.',
})

export const PersonaLink = Type.Object({
  id: Type.String(),
  name: Type.String(),
  displayName: Type.String(),
  qualifiedName: Type.String(),
})

export const PurposeLink = Type.Object({
  id: Type.String(),
  guid: Type.String(),
  name: Type.String(),
  qualifiedName: Type.String(),
})

export const DecentralizedRole = Type.Object({ roleId: Type.String(), level: Type.String(), privilege: Type.String() })

/** Every key may be missing: a member sees directory fields, and `columns` asks for some. */
export const UserRecord = Type.Object(
  {
    id: Type.String(),
    username: Type.Optional(Type.String({ description: 'Provisional while pending, permanent afterwards.' })),
    email: Type.Optional(Type.String()),
    emailVerified: Type.Optional(Type.Boolean()),
    enabled: Type.Optional(Type.Boolean({ description: 'true for pending users too.' })),
    firstName: Type.Optional(Type.String()),
    lastName: Type.Optional(Type.String()),
    workspaceRole: Type.Optional(Type.String()),
    roles: Type.Optional(Type.Array(Type.String())),
    defaultRoles: Type.Optional(Type.Array(Type.String())),
    decentralizedRoles: Type.Optional(Type.Array(DecentralizedRole)),
    groupCount: Type.Optional(Type.Integer()),
    groups: Type.Optional(Type.Array(Type.String({ description: 'Ids.' }))),
    persona: Type.Optional(Type.Array(Type.String({ description: 'Ids, those held through groups included.' }))),
    attributes: Type.Optional(AttributesRecord),
    personas: Type.Optional(Type.Array(PersonaLink)),
    purposes: Type.Optional(Type.Array(PurposeLink)),
    createdTimestamp: Type.Optional(Type.Integer({ description: 'Epoch milliseconds.' })),
    lastLoginTime: Type.Optional(Type.Union([Type.Integer(), Type.Null()])),
    isLocked: Type.Optional(Type.Boolean()),
    isScimUser: Type.Optional(Type.Boolean()),
    status: Type.Optional(Type.String({ description: 'Enabled, Disabled or Pending.' })),
    loginEvents: Type.Optional(Type.Array(LoginEventRecord)),
    adminEvents: Type.Optional(Type.Array(AdminEventRecord)),
  },
  { $id: 'User' },
)

export type UserRecord = Static<typeof UserRecord>
export const UserRef = Type.Unsafe<UserRecord>({ $ref: 'User#' })
export const UserList = envelopeSchema(UserRef)

/** Parameters of every list of users; members' lists allow fewer. */
export const userListQuery = listQuerySchema(userList.rules, userList.fields)

export const UserMinimal = Type.Object(
  {
    id: Type.String(),
    username: Type.String(),
    email: Type.String(),
    emailVerified: Type.Boolean(),
    enabled: Type.Boolean(),
    firstName: Type.String(),
    lastName: Type.String(),
    attributes: AttributesRecord,
    createdTimestamp: Type.Integer(),
  },
  { $id: 'UserMinimal' },
)

/** Stands before the workspace role in every record's `roles`; no role of ours. */
export const compositeRole = 'default-roles-default'

export type UserOwnRecord = ReturnType<typeof toUserRecord>

/** The keys of it, in the record's order. */
export const recordKeys = userColumns.filter((key) => key !== 'loginEvents' && key !== 'adminEvents')

/** A user's record without events, which are read anew each time. */
export function toUserRecord(user: UserView, now: number) {
  return {
    id: user.id,
    username: user.username,
    email: user.email,
    emailVerified: user.emailVerified,
    enabled: user.enabled,
    firstName: user.firstName,
    lastName: user.lastName,
    workspaceRole: user.workspaceRole,
    roles: [compositeRole, user.workspaceRole, ...user.subRoles.map(({ name }) => name)],
    defaultRoles: ['offline_access', 'uma_authorization', '$guest'],
    decentralizedRoles: user.decentralizedRoles,
    groupCount: user.groupIds.length,
    groups: user.groupIds,
    persona: user.personas.map((persona) => persona.id),
    attributes: toAttributes(user),
    personas: user.personas,
    purposes: user.purposes.map(toPurposeLink),
    createdTimestamp: user.createdAt,
    lastLoginTime: user.lastLoginAt === 0 ? null : user.lastLoginAt,
    isLocked: user.lockedUntil > now,
    isScimUser: user.source === 'scim',
    status: !user.enabled ? 'Disabled' : isPending(user) ? 'Pending' : 'Enabled',
  }
}

export function toUserMinimal(user: User): Static<typeof UserMinimal> {
  return {
    id: user.id,
    username: user.username,
    email: user.email,
    emailVerified: user.emailVerified,
    enabled: user.enabled,
    firstName: user.firstName,
    lastName: user.lastName,
    attributes: toAttributes(user),
    createdTimestamp: user.createdAt,
  }
}

/** Who invited whom is kept in columns; clients look for it among the attributes. */
export function toAttributes(
  user: Pick<User, 'attributes' | 'invitedAt' | 'invitedBy' | 'invitedByName'>,
): Record<string, string[]> {
  const attributes = Object.fromEntries(Object.entries(user.attributes).map(([name, values]) => [name, [...values]]))
  if (user.invitedAt === 0) return attributes
  return {
    ...attributes,
    invitedAt: [new Date(user.invitedAt).toISOString()],
    invitedBy: [user.invitedBy],
    invitedByName: [user.invitedByName],
  }
}

export function toPurposeLink({ id, name, qualifiedName }: NamedLink): Static<typeof PurposeLink> {
  return { id, guid: id, name, qualifiedName }
}
