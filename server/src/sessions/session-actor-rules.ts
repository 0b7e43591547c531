import type { Actor } from '../access/actor.ts'
import { isWorkspaceRole, permissionsOf, type Right } from '../access/permissions.ts'

interface SignedInUser {
  readonly userId: string
  readonly username: string
  readonly sessionId: string
  /** At the instant, by grant or by right. */
  readonly role: string
  readonly subRoles: readonly string[]
  readonly confirmedAt: number
  readonly expiresAt: number
}

/** A person who is signed in, with the rights of the role they have now. */
export function userActor(user: SignedInUser): Actor {
  const { userId, username, sessionId, role, subRoles, confirmedAt, expiresAt } = user
  const workspaceRole = isWorkspaceRole(role) ? role : null
  return {
    kind: 'user',
    id: userId,
    name: username,
    userId,
    credentialId: sessionId,
    role: workspaceRole,
    permissions: permissionsOf(workspaceRole, subRoles),
    rights: new Set<Right>(),
    expiresAt,
    confirmedAt,
  }
}
