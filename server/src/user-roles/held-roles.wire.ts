import Type, { type Static } from 'typebox'
import { boundsBody, boundsRecord, fromBoundsBody, toBoundsRecord } from '../bounds/bounds.wire.ts'
import { envelopeSchema } from '../lists/envelope.ts'
import type { HeldRole, NewHeldRole } from './held-roles.schema.ts'

/** Of both kinds; a role grant must have an end, which the service asks for. */
export const GiveRoleBody = Type.Object({ roleId: Type.String(), ...boundsBody })

export const HeldRoleRecord = Type.Object(
  {
    roleId: Type.String(),
    name: Type.Optional(Type.String()),
    description: Type.Optional(Type.String()),
    ...boundsRecord,
    givenAt: Type.Optional(Type.Integer()),
    givenBy: Type.Optional(Type.String()),
  },
  { $id: 'HeldRole' },
)

export const HeldRoleRef = Type.Unsafe<Static<typeof HeldRoleRecord>>({ $ref: 'HeldRole#' })
export const HeldRoleList = envelopeSchema(HeldRoleRef)

export function fromGiveRoleBody(body: Static<typeof GiveRoleBody>): NewHeldRole {
  return { roleId: body.roleId, bounds: fromBoundsBody(body) }
}

export function toHeldRoleRecord(role: HeldRole, now: Date): Static<typeof HeldRoleRecord> {
  return {
    roleId: role.roleId,
    name: role.name,
    description: role.description,
    ...toBoundsRecord(role.bounds, now),
    givenAt: role.givenAt,
    givenBy: role.givenBy,
  }
}
