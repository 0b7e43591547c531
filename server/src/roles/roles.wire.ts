import Type, { type Static } from 'typebox'
import { envelopeSchema } from '../lists/envelope.ts'
import type { Role } from './roles.schema.ts'

/** `columns` asks for some keys; the id always comes. */
export const RoleRecord = Type.Object(
  {
    id: Type.String(),
    name: Type.Optional(Type.String({ description: 'Begins with $.' })),
    description: Type.Optional(Type.String({ description: 'What people see; unique.' })),
    clientRole: Type.Optional(Type.Boolean()),
    level: Type.Optional(Type.String({ description: 'workspace or admin-subrole' })),
    memberCount: Type.Optional(Type.String({ description: 'A number as text, as official clients expect it.' })),
    userCount: Type.Optional(Type.String({ description: 'The same number.' })),
  },
  { $id: 'Role' },
)

export const RoleList = envelopeSchema(Type.Unsafe<Static<typeof RoleRecord>>({ $ref: 'Role#' }))

export function toRoleRecord(role: Role): Static<typeof RoleRecord> {
  const count = String(role.memberCount)
  return {
    id: role.id,
    name: role.name,
    description: role.description,
    clientRole: false,
    level: role.level,
    memberCount: count,
    userCount: count,
  }
}
