import type { Actor } from '../access/actor.ts'
import { isWorkspaceRole, permissionsOf, type Right } from '../access/permissions.ts'
import { actorName } from '../api-tokens/api-tokens.schema.ts'
import { noteTokenUse } from '../api-tokens/token-use.service.ts'
import { hashSecret } from '../secrets/secrets.ts'
import { findTokenCredential, type TokenCredential } from './api-token.queries.ts'
import type { Presented } from './authentication.schema.ts'

/** The actor behind an API token, with the current role of its owner or the role it was issued with. */
export async function findApiTokenActor({ db, tenantId, token, now }: Presented): Promise<Actor | undefined> {
  const credential = await findTokenCredential(db, tenantId, hashSecret(token), now)
  if (credential === undefined || !isLive(credential, now) || !ownerMayAct(credential)) return undefined
  noteTokenUse(db, tenantId, credential.id, credential.last_used_at, now)
  const name = credential.ownerRoles?.role ?? credential.role
  const role = name !== null && isWorkspaceRole(name) ? name : null
  return {
    kind: 'api_token',
    id: credential.id,
    name: actorName(credential.client_id),
    userId: credential.owner_id,
    credentialId: credential.id,
    role,
    permissions: permissionsOf(role, credential.ownerRoles?.subRoles),
    rights: new Set<Right>(JSON.parse(credential.rights)),
    expiresAt: credential.expires_at === 0 ? null : credential.expires_at,
    confirmedAt: null,
  }
}

function isLive({ revoked_at: revokedAt, expires_at: expiresAt }: TokenCredential, now: Date): boolean {
  return revokedAt === 0 && (expiresAt === 0 || now.getTime() < expiresAt)
}

/** Disabling an owner suspends the tokens; a person who never accepted the invitation has none that work. */
function ownerMayAct(credential: TokenCredential): boolean {
  if (credential.owner_id === null) return true
  const isPending = (credential.owner_invited_at ?? 0) > 0 && credential.owner_accepted_at === 0
  return credential.owner_enabled === 1 && !isPending
}
