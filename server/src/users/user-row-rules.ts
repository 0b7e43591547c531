import type { Selectable } from 'kysely'
import type { User, UserSource } from './users.schema.ts'
import type { UsersTable } from './users.table.ts'

/** The columns of a user's own row, for every statement that reads one. */
export const userRowColumns = [
  'users.id',
  'users.username',
  'users.email',
  'users.first_name',
  'users.last_name',
  'users.enabled',
  'users.email_verified',
  'users.source',
  'users.workspace_role_id',
  'users.attributes',
  'users.locked_until',
  'users.invited_at',
  'users.invited_by',
  'users.invited_by_name',
  'users.accepted_at',
  'users.last_login_at',
  'users.created_at',
  'users.version',
  'users.links_version',
  'users.has_time_bounds',
  'users.has_more_roles',
  'users.modified_at',
] as const

export type UserRow = Omit<
  Selectable<UsersTable>,
  'seq' | 'tenant_id' | 'username_key' | 'email_key' | 'first_name_key' | 'last_name_key' | 'title_key'
>

export function toUser(row: UserRow): User {
  return {
    id: row.id,
    username: row.username,
    email: row.email,
    firstName: row.first_name,
    lastName: row.last_name,
    enabled: row.enabled === 1,
    emailVerified: row.email_verified === 1,
    source: toSource(row.source),
    workspaceRoleId: row.workspace_role_id,
    attributes: JSON.parse(row.attributes),
    lockedUntil: row.locked_until,
    invitedAt: row.invited_at,
    invitedBy: row.invited_by,
    invitedByName: row.invited_by_name,
    acceptedAt: row.accepted_at,
    lastLoginAt: row.last_login_at,
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
    version: row.version,
    linksVersion: row.links_version,
    hasTimeBounds: row.has_time_bounds === 1,
    hasMoreRoles: row.has_more_roles === 1,
  }
}

function toSource(source: string): UserSource {
  return source === 'jit' || source === 'scim' ? source : 'local'
}
