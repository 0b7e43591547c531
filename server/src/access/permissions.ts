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

export function permissionsOf(role: string | null): ReadonlySet<Permission> {
  return role !== null && isWorkspaceRole(role) ? byRole[role] : none
}
