/** One thing one may do. Routes declare one, services authorize one; roles map to them here and nowhere else. */
export type Permission =
  | 'self:read'
  | 'self:write'
  | 'users:read'
  | 'users:read-all-fields'
  | 'users:write'
  | 'groups:read'
  | 'groups:write'
  | 'roles:read'
  | 'personas:read'
  | 'personas:write'
  | 'purposes:read'
  | 'purposes:write'
  | 'tokens:own'
  | 'tokens:all'
  | 'oauth-clients:manage'
  | 'sso-mappers:manage'
  | 'invitations:manage'
  | 'events:read'
  | 'outbox:manage'
  | 'sign-in:read'
  | 'sign-in:manage'

/** Extra rights that only the host operator gives, and only to service tokens. */
export type Right = 'sign-in-settings'

export type WorkspaceRole = '$admin' | '$member' | '$guest'

/** Roles added to a member. */
export type SubRole = '$governance-admin' | '$workflow-admin'

const own: readonly Permission[] = ['self:read', 'self:write']
const directory: readonly Permission[] = ['users:read', 'groups:read', 'roles:read', 'personas:read', 'purposes:read']
const administration: readonly Permission[] = [
  'users:read-all-fields',
  'users:write',
  'groups:write',
  'personas:write',
  'purposes:write',
  'tokens:all',
  'oauth-clients:manage',
  'sso-mappers:manage',
  'invitations:manage',
  'events:read',
  'outbox:manage',
  'sign-in:read',
  'sign-in:manage',
]

/** What a sub-role adds to a member. Workflows are not Muster's, so the role for them says who may and adds nothing here. */
const bySubRole: Readonly<Record<SubRole, readonly Permission[]>> = {
  '$governance-admin': ['personas:write', 'purposes:write'],
  '$workflow-admin': [],
}

const byRole: Readonly<Record<WorkspaceRole, ReadonlySet<Permission>>> = {
  $admin: new Set([...own, ...directory, 'tokens:own', ...administration]),
  $member: new Set([...own, ...directory, 'tokens:own']),
  $guest: new Set(own),
}

const none: ReadonlySet<Permission> = new Set()

export const workspaceRoles: readonly WorkspaceRole[] = ['$admin', '$member', '$guest']

export function isWorkspaceRole(name: string): name is WorkspaceRole {
  return name === '$admin' || name === '$member' || name === '$guest'
}

export function isSubRole(name: string): name is SubRole {
  return name === '$governance-admin' || name === '$workflow-admin'
}

/** What a role allows, and what sub-roles add to a member; a sub-role by itself is a member with it. */
export function permissionsOf(role: string | null, subRoles: readonly string[] = []): ReadonlySet<Permission> {
  if (role !== null && isSubRole(role)) return permissionsOf('$member', [role, ...subRoles])
  if (role === null || !isWorkspaceRole(role)) return none
  if (role !== '$member' || subRoles.length === 0) return byRole[role]
  return new Set([...byRole.$member, ...subRoles.filter(isSubRole).flatMap((name) => bySubRole[name])])
}
