import Type, { type Static } from 'typebox'
import { boundsBody, boundsRecord, fromBoundsBody, toBoundsRecord } from '../bounds/bounds.wire.ts'
import { envelopeSchema } from '../lists/envelope.ts'
import type { DecentralizedRole, NewDecentralizedRole } from './decentralized-roles.schema.ts'

export const AssignDecentralizedRoleBody = Type.Object({
  roleId: Type.String(),
  level: Type.String({ minLength: 1, description: 'The kind of thing the role is held on, such as connection.' }),
  privilege: Type.String({ minLength: 1 }),
  objectId: Type.Optional(Type.Union([Type.String(), Type.Null()], { description: 'Which thing it is held on.' })),
  ...boundsBody,
})

export const DecentralizedRoleRecord = Type.Object(
  {
    id: Type.String(),
    roleId: Type.Optional(Type.String()),
    roleName: Type.Optional(Type.String()),
    level: Type.Optional(Type.String()),
    privilege: Type.Optional(Type.String()),
    objectId: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    ...boundsRecord,
    givenAt: Type.Optional(Type.Integer()),
    givenBy: Type.Optional(Type.String()),
  },
  { $id: 'DecentralizedRole' },
)

export const DecentralizedRoleRef = Type.Unsafe<Static<typeof DecentralizedRoleRecord>>({ $ref: 'DecentralizedRole#' })
export const DecentralizedRoleList = envelopeSchema(DecentralizedRoleRef)

export function fromAssignDecentralizedRoleBody(
  body: Static<typeof AssignDecentralizedRoleBody>,
): NewDecentralizedRole {
  const { roleId, level, privilege } = body
  return { roleId, level, privilege, objectId: body.objectId ?? '', bounds: fromBoundsBody(body) }
}

export function toDecentralizedRoleRecord(role: DecentralizedRole, now: Date): Static<typeof DecentralizedRoleRecord> {
  return {
    id: role.id,
    roleId: role.roleId,
    roleName: role.roleName,
    level: role.level,
    privilege: role.privilege,
    objectId: role.objectId === '' ? null : role.objectId,
    ...toBoundsRecord(role.bounds, now),
    givenAt: role.givenAt,
    givenBy: role.givenBy,
  }
}
