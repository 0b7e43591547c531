import Type, { type Static } from 'typebox'
import { ApiError } from '../errors/api-error.ts'
import { envelopeSchema } from '../lists/envelope.ts'
import type { Attributes } from '../text/clean-text.ts'
import type { NamedLink } from '../users/users.schema.ts'
import { AttributesRecord, DecentralizedRole, PersonaLink, PurposeLink, toPurposeLink } from '../users/users.wire.ts'
import type { CreatedGroup, Group, GroupChange, NewGroup } from './groups.schema.ts'

const MaybeText = Type.Optional(Type.Union([Type.String(), Type.Null()]))
const MaybeAttributes = Type.Optional(
  Type.Union([
    Type.Record(Type.String(), Type.Union([Type.Array(Type.Union([Type.String(), Type.Null()])), Type.Null()])),
    Type.Null(),
  ]),
)
const Ids = Type.Array(Type.String())

export const CreateGroupBody = Type.Object({
  group: Type.Object({ name: MaybeText, alias: MaybeText, attributes: MaybeAttributes }),
  users: Type.Optional(Type.Union([Ids, Type.Null()])),
})

/** A whole record may come back: what cannot be written is read past. */
export const UpdateGroupBody = Type.Object({ name: MaybeText, alias: MaybeText, attributes: MaybeAttributes })

export const MembersBody = Type.Object({ users: Ids })
export const GroupsBody = Type.Object({ groups: Ids })

export const GroupCreated = Type.Object({
  group: Type.String({ description: 'The id of the group.' }),
  users: Type.Record(Type.String(), Type.Object({ status: Type.Integer(), statusMessage: Type.String() })),
})

export const MembersAdded = Type.Object({ added: Type.Array(Type.String()) })

export const GroupRecord = Type.Object(
  {
    id: Type.String(),
    name: Type.String({ description: 'Internal name.' }),
    alias: Type.Optional(Type.String({ description: 'What people read.' })),
    path: Type.Optional(Type.String()),
    attributes: Type.Optional(AttributesRecord),
    roles: Type.Optional(Type.Array(Type.String())),
    decentralizedRoles: Type.Optional(Type.Array(DecentralizedRole)),
    personas: Type.Optional(Type.Array(PersonaLink)),
    purposes: Type.Optional(Type.Array(PurposeLink)),
    userCount: Type.Optional(Type.Integer()),
    memberCount: Type.Optional(Type.Integer()),
  },
  { $id: 'Group' },
)

export const GroupRef = Type.Unsafe<Static<typeof GroupRecord>>({ $ref: 'Group#' })
export const GroupList = envelopeSchema(GroupRef)

/** Attributes that are fields of their own here. */
const ownAttributes = new Set(['alias', 'isDefault', 'createdAt', 'createdBy', 'updatedAt', 'updatedBy'])

export function fromCreateGroupBody({ group, users }: Static<typeof CreateGroupBody>): NewGroup {
  const given = givenOnly(group.attributes)
  const alias = group.alias ?? given['alias']?.[0] ?? null
  if (!group.name && !alias) {
    throw new ApiError('invalid_body', {
      detail: 'group has neither name nor attributes.alias; send at least one of them.',
    })
  }
  return {
    name: group.name || null,
    alias,
    attributes: customOnly(given),
    isDefault: readDefault(given) ?? false,
    memberIds: users ?? [],
  }
}

/** A value equal to the stored one is no change, so of two aliases the one that differs counts. */
export function fromUpdateGroupBody(body: Static<typeof UpdateGroupBody>, stored: Pick<Group, 'alias'>): GroupChange {
  const given = givenOnly(body.attributes)
  const aliases = new Set([body.alias, given['alias']?.[0]].filter((alias) => typeof alias === 'string'))
  aliases.delete(stored.alias)
  if (aliases.size > 1) {
    throw new ApiError('invalid_body', {
      detail: 'alias and attributes.alias name two different new aliases; send one.',
    })
  }
  const [alias] = aliases
  const isDefault = readDefault(given)
  return {
    ...(typeof body.name === 'string' && body.name !== '' ? { name: body.name } : {}),
    ...(alias === undefined ? {} : { alias }),
    attributes: customOnly(given),
    ...(isDefault === undefined ? {} : { isDefault }),
  }
}

/** Without nulls, which mean "unchanged". */
function givenOnly(attributes: Static<typeof UpdateGroupBody>['attributes']): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(attributes ?? {})
      .filter(([, values]) => values !== null)
      .map(([name, values]) => [name, (values ?? []).filter((value) => value !== null)]),
  )
}

function customOnly(given: Attributes): Attributes {
  return Object.fromEntries(Object.entries(given).filter(([name]) => !ownAttributes.has(name)))
}

function readDefault(given: Attributes): boolean | undefined {
  const text = given['isDefault']?.[0]?.toLowerCase()
  if (text === undefined) return undefined
  if (text !== 'true' && text !== 'false')
    throw new ApiError('invalid_body', { detail: 'attributes.isDefault must be ["true"] or ["false"].' })
  return text === 'true'
}

interface Links {
  readonly personas: readonly NamedLink[]
  readonly purposes: readonly NamedLink[]
}

export function toGroupRecord(group: Group, links: Links): Static<typeof GroupRecord> {
  return {
    id: group.id,
    name: group.name,
    alias: group.alias,
    path: `/${group.name}`,
    attributes: {
      ...Object.fromEntries(Object.entries(group.attributes).map(([name, values]) => [name, [...values]])),
      alias: [group.alias],
      createdAt: [String(group.createdAt)],
      createdBy: [group.createdBy],
      ...(group.updatedAt === 0 ? {} : { updatedAt: [String(group.updatedAt)], updatedBy: [group.updatedBy] }),
      isDefault: [String(group.isDefault)],
    },
    roles: [],
    decentralizedRoles: [],
    personas: links.personas.map(({ id, name, displayName, qualifiedName }) => ({
      id,
      name,
      displayName,
      qualifiedName,
    })),
    purposes: links.purposes.map(toPurposeLink),
    userCount: group.memberCount,
    memberCount: group.memberCount,
  }
}

export function toGroupCreated({ group, members }: CreatedGroup): Static<typeof GroupCreated> {
  const status = (exists: boolean) =>
    exists ? { status: 200, statusMessage: 'success' } : { status: 404, statusMessage: 'user_not_found' }
  return { group: group.id, users: Object.fromEntries(members.map(({ userId, exists }) => [userId, status(exists)])) }
}
