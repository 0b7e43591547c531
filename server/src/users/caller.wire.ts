import Type, { type Static } from 'typebox'
import type { Actor } from '../access/actor.ts'
import type { CallerView } from './caller.service.ts'
import { DecentralizedRole, type UserMinimal } from './users.wire.ts'

const Held = Type.Object({ id: Type.String(), roleId: Type.String(), roleName: Type.String(), name: Type.String() })

export const WhoAmI = Type.Object(
  {
    userId: Type.String(),
    username: Type.String(),
    workspaceRole: Type.String(),
    designation: Type.String(),
    profileRole: Type.String(),
    profileRoleOther: Type.String(),
    assignedRole: Type.Object({
      id: Type.String(),
      name: Type.String(),
      description: Type.String(),
      level: Type.String(),
      summary: Type.String(),
    }),
    roles: Type.Array(Held, { description: 'Token actors hold $api-token-default-access beside their role.' }),
    defaultRoles: Type.Array(Type.String()),
    decentralizedRoles: Type.Array(DecentralizedRole),
    groups: Type.Array(Type.Object({ id: Type.String(), name: Type.String(), path: Type.String() })),
    personas: Type.Array(Held),
    purposes: Type.Array(Held),
    permissions: Type.Array(Type.String()),
  },
  { $id: 'WhoAmI' },
)

export function toWhoAmI({ actor, user, rightsOf, role, tokenRole, groups }: CallerView): Static<typeof WhoAmI> {
  const attribute = (name: string) => user?.attributes[name]?.[0] ?? ''
  const held = [role, ...(rightsOf?.subRoles ?? []), tokenRole].filter((candidate) => candidate !== null)
  return {
    userId: actor.id,
    username: user?.username ?? actor.name,
    workspaceRole: actor.role ?? '',
    designation: attribute('designation'),
    profileRole: attribute('profileRole'),
    profileRoleOther: attribute('profileRoleOther'),
    assignedRole: {
      id: role?.id ?? '',
      name: role?.name ?? '',
      description: role?.description ?? '',
      level: role?.level ?? '',
      summary: '',
    },
    roles: held.map(({ id, name }) => ({ id, roleId: id, roleName: name, name })),
    defaultRoles: ['offline_access', 'uma_authorization', '$guest'],
    decentralizedRoles: [...(rightsOf?.decentralizedRoles ?? [])],
    groups: groups.map(({ id, name }) => ({ id, name, path: `/${name}` })),
    personas: (user?.personas ?? []).map(({ id, name }) => ({ id, roleId: '', roleName: '', name })),
    purposes: (user?.purposes ?? []).map(({ id, name }) => ({ id, roleId: '', roleName: '', name })),
    permissions: [...actor.permissions].toSorted(),
  }
}

/** A program has no address and no names; clients look at the username. */
export function toCallerMinimal(actor: Actor): Static<typeof UserMinimal> {
  return {
    id: actor.id,
    username: actor.name,
    email: '',
    emailVerified: false,
    enabled: true,
    firstName: '',
    lastName: '',
    attributes: {},
    createdTimestamp: 0,
  }
}
