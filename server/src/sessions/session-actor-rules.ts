import type { Actor } from '../access/actor.ts'
import { isWorkspaceRole, permissionsOf, type Right } from '../access/permissions.ts'

interface SignedInUser {
  readonly userId: string
  readonly username: string
  readonly role: string
  readonly confirmedAt: number
  readonly expiresAt: number
}

/** A person who is signed in, with the rights of the role they have now. */
export function userActor({ userId, username, role, confirmedAt, expiresAt }: SignedInUser): Actor {
  const workspaceRole = isWorkspaceRole(role) ? role : null
  return {
    kind: 'user',
    id: userId,
    name: username,
    userId,
    role: workspaceRole,
    permissions: permissionsOf(workspaceRole),
    rights: new Set<Right>(),
    expiresAt,
    confirmedAt,
  }
}
