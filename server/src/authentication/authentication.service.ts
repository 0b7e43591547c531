import type { Actor } from '../access/actor.ts'
import { isWorkspaceRole, permissionsOf, type Right } from '../access/permissions.ts'
import { noteTokenUse } from '../api-tokens/token-use.service.ts'
import { actorName } from '../api-tokens/api-tokens.schema.ts'
import type { Db } from '../db/db.ts'
import { invalidToken } from '../errors/api-error.ts'
import { hashSecret } from '../secrets/secrets.ts'
import { findTokenCredential, type TokenCredential } from './authentication.queries.ts'

interface Presented {
  readonly db: Db
  readonly tenantId: string
  readonly token: string
  readonly now: Date
}

/**
 * The actor behind a bearer token, with the rights of this very moment.
 * Unknown, expired, revoked, foreign and wrong-kind tokens, and those of disabled owners, get one and the same answer.
 *
 * @throws invalid_token
 * @source contract/rest-api.md, 2.2
 */
export async function authenticate({ db, tenantId, token, now }: Presented): Promise<Actor> {
  // The prefix is public; other kinds of credentials open other doors.
  if (!token.startsWith('mst_')) throw invalidToken()
  const credential = await findTokenCredential(db, tenantId, hashSecret(token))
  if (credential === undefined || !isLive(credential, now) || !ownerMayAct(credential)) throw invalidToken()
  noteTokenUse(db, tenantId, credential.id, credential.last_used_at, now)
  const role = credential.role !== null && isWorkspaceRole(credential.role) ? credential.role : null
  return {
    kind: 'api_token',
    id: credential.id,
    name: actorName(credential.client_id),
    userId: credential.owner_id,
    role,
    permissions: permissionsOf(role),
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
