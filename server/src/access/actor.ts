import { permissionsOf, type Permission, type Right, type WorkspaceRole } from './permissions.ts'

export type ActorKind = 'user' | 'api_token' | 'oauth_client' | 'scim_token' | 'system' | 'anonymous'

/** Who does it, with the rights read for this request. */
export interface Actor {
  readonly kind: ActorKind
  /** Id of the user, token or client; 'system' and 'anonymous' otherwise. */
  readonly id: string
  /** What events and created-by fields show. */
  readonly name: string
  /** The user who is "oneself": the signed-in user, or the owner of a personal token. */
  readonly userId: string | null
  /** Id of the credential that was presented; empty where there was none. */
  readonly credentialId: string
  readonly role: WorkspaceRole | null
  readonly permissions: ReadonlySet<Permission>
  readonly rights: ReadonlySet<Right>
  /** Epoch ms at which the credential ends; null when it does not. */
  readonly expiresAt: number | null
  /** Epoch ms at which a signed-in person last proved who they are; null for programs. */
  readonly confirmedAt: number | null
}

const nothing = { userId: null, credentialId: '', rights: new Set<Right>(), expiresAt: null, confirmedAt: null }

export const anonymous: Actor = {
  ...nothing,
  kind: 'anonymous',
  id: 'anonymous',
  name: 'anonymous',
  role: null,
  permissions: permissionsOf(null),
}

/** The host operator and the server's own work. */
export const systemActor: Actor = {
  ...nothing,
  kind: 'system',
  id: 'system',
  name: 'system',
  role: '$admin',
  permissions: permissionsOf('$admin'),
}
