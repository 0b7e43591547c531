import Type, { type Static } from 'typebox'
import { isSubRole } from '../access/permissions.ts'
import { ApiError } from '../errors/api-error.ts'
import type { UserChange } from './users.schema.ts'
import { compositeRole } from './users.wire.ts'

const MaybeText = Type.Optional(Type.Union([Type.String(), Type.Null()]))
const MaybeBoolean = Type.Optional(Type.Union([Type.Boolean(), Type.Null()]))
const MaybeIds = Type.Optional(Type.Union([Type.Array(Type.String(), { maxItems: 1_000 }), Type.Null()]))

/** A whole record may come back: what cannot be written is read past, null means unchanged. */
export const UpdateUserBody = Type.Object({
  id: MaybeText,
  username: MaybeText,
  email: MaybeText,
  firstName: MaybeText,
  lastName: MaybeText,
  enabled: MaybeBoolean,
  attributes: Type.Optional(
    Type.Union([
      Type.Record(Type.String(), Type.Union([Type.Array(Type.Union([Type.String(), Type.Null()])), Type.Null()])),
      Type.Null(),
    ]),
  ),
  workspaceRole: MaybeText,
  roles: Type.Optional(Type.Union([Type.Array(Type.String(), { maxItems: 100 }), Type.Null()])),
  groups: Type.Optional(Type.Union([Type.Array(Type.Unknown(), { maxItems: 1_000 }), Type.Null()])),
  persona: MaybeIds,
})

interface Stored {
  readonly id: string
  readonly username: string
  readonly workspaceRole: string
}

/**
 * Reads an update. Values equal to the stored ones are no change.
 *
 * @throws username_immutable · read_only_field · role_conflict
 * @source contract/rest-api.md, U4
 */
export function fromUpdateUserBody(body: Static<typeof UpdateUserBody>, stored: Stored): UserChange {
  if (isGiven(body.id) && body.id !== stored.id) {
    throw new ApiError('read_only_field', { detail: 'id in the body is not the id in the address; leave it out.' })
  }
  if (isGiven(body.username) && body.username !== stored.username) {
    throw new ApiError('username_immutable', {
      detail: 'The username cannot change; leave it out, or send the stored one.',
    })
  }
  const workspaceRole = readRole(body, stored.workspaceRole)
  return {
    ...(isGiven(body.email) ? { email: body.email } : {}),
    ...(isGiven(body.firstName) ? { firstName: body.firstName } : {}),
    ...(isGiven(body.lastName) ? { lastName: body.lastName } : {}),
    ...(isGiven(body.enabled) ? { enabled: body.enabled } : {}),
    ...(isGiven(body.attributes) ? { attributes: readAttributes(body.attributes) } : {}),
    ...(workspaceRole === undefined ? {} : { workspaceRole }),
    ...(isGiven(body.groups) ? { groupIds: body.groups.map(idOf) } : {}),
    ...(isGiven(body.persona) ? { personaIds: body.persona } : {}),
  }
}

function isGiven<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined
}

/** The role from either key; two different new values for one thing are refused. */
function readRole(body: Static<typeof UpdateUserBody>, current: string): string | undefined {
  // Sub-roles come back with a whole record; they are given elsewhere.
  const fromRoles = (body.roles ?? []).filter((name) => name !== compositeRole && !isSubRole(name))
  const wanted = new Set([...(isGiven(body.workspaceRole) ? [body.workspaceRole] : []), ...fromRoles])
  wanted.delete(current)
  if (wanted.size > 1) {
    throw new ApiError('role_conflict', {
      detail: `The body names two roles, ${[...wanted].join(' and ')}; a user has one workspace role.`,
    })
  }
  return [...wanted][0]
}

/** What the server writes by itself comes back unread. */
const serverAttributes = new Set(['invitedAt', 'invitedBy', 'invitedByName'])

function readAttributes(
  attributes: Readonly<Record<string, readonly (string | null)[] | null>>,
): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(attributes)
      .filter(([name, values]) => values !== null && !serverAttributes.has(name))
      .map(([name, values]) => [name, (values ?? []).filter((value) => value !== null)]),
  )
}

/** Newer Java models hold a user's groups as objects. */
function idOf(entry: unknown): string {
  if (typeof entry === 'string') return entry
  if (typeof entry === 'object' && entry !== null && 'id' in entry && typeof entry.id === 'string') return entry.id
  throw new ApiError('invalid_body', { detail: 'groups must be a list of group ids.' })
}

export const ChangeRoleBody = Type.Object({
  roleId: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  role_id: Type.Optional(Type.Union([Type.String(), Type.Null()])),
})

/** @throws role_not_found */
export function fromChangeRoleBody(body: Static<typeof ChangeRoleBody>): string {
  const id = body.roleId ?? body.role_id
  if (!isGiven(id) || id === '') {
    throw new ApiError('role_not_found', {
      detail: 'roleId is missing; send the id of a role from GET /api/service/roles.',
    })
  }
  return id
}

export const SetRolesBody = Type.Object({ roles: Type.Array(Type.String(), { maxItems: 100 }) })

export const DeleteUserBody = Type.Object({ transferToUserId: Type.Optional(Type.Union([Type.String(), Type.Null()])) })
