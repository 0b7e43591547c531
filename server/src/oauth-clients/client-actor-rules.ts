import type { Actor } from '../access/actor.ts'
import { isWorkspaceRole, permissionsOf } from '../access/permissions.ts'
import { actorName } from '../api-tokens/api-tokens.schema.ts'

interface ActingClient {
  readonly id: string
  readonly clientId: string
  /** Its name at this moment. */
  readonly role: string
  /** Epoch ms at which the access token ends. */
  readonly expiresAt: number
}

/** A client is an actor of its own and nobody's: it has its role, and no right that only the host operator gives. */
export function clientActor({ id, clientId, role, expiresAt }: ActingClient): Actor {
  return {
    kind: 'oauth_client',
    id,
    name: actorName(clientId),
    userId: null,
    // Its access tokens live minutes and have no id of their own.
    credentialId: id,
    role: isWorkspaceRole(role) ? role : null,
    permissions: permissionsOf(role),
    rights: new Set(),
    expiresAt,
    confirmedAt: null,
  }
}
