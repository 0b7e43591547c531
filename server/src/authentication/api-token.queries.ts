import { rawRows, type Db } from '../db/db.ts'
import { credentialReader } from './kept-credentials.ts'
import type { PresentRoles } from '../user-roles/held-roles.schema.ts'
import { findPresentRoles } from '../user-roles/present-roles.service.ts'

/** Everything that decides about an API token, found by one look at a unique index. */
export interface TokenCredential {
  readonly id: string
  readonly client_id: string
  readonly owner_id: string | null
  readonly rights: string
  readonly expires_at: number
  readonly revoked_at: number
  readonly last_used_at: number
  readonly role: string | null
  /** The owner's roles at the instant, for owners who were ever given one beside the workspace role; they stand in for `role`. */
  readonly ownerRoles?: PresentRoles
  readonly owner_enabled: number | null
  readonly owner_invited_at: number | null
  readonly owner_accepted_at: number | null
  readonly owner_has_more_roles: number | null
}

const tokenByHash = `
select t.id, t.client_id, t.owner_id, t.rights, t.expires_at, t.revoked_at, t.last_used_at, r.name as role,
  u.enabled as owner_enabled, u.invited_at as owner_invited_at, u.accepted_at as owner_accepted_at,
  u.has_more_roles as owner_has_more_roles
from api_tokens t
left join users u on u.tenant_id = t.tenant_id and u.id = t.owner_id
left join roles r on r.tenant_id = t.tenant_id and r.id = coalesce(u.workspace_role_id, t.role_id)
where t.token_hash = (select ?) and t.tenant_id = (select ?)`

const readCredential = credentialReader<TokenCredential>(
  // A clock may be set back, too.
  ({ readAt, credential: { ownerRoles } }, now) =>
    ownerRoles === undefined || (readAt <= now && now.getTime() < ownerRoles.until),
)

export function findTokenCredential(
  db: Db,
  tenantId: string,
  hash: string,
  now: Date,
): Promise<TokenCredential | undefined> {
  return readCredential(db, { tenantId, hash, now }, async () => {
    const [credential] = await rawRows<TokenCredential>(db, tokenByHash, [hash, tenantId])
    return credential?.owner_has_more_roles === 1 ? withOwnerRoles(db, tenantId, credential, now) : credential
  })
}

/** Undefined when the owner was deleted just now. */
async function withOwnerRoles(
  db: Db,
  tenantId: string,
  credential: TokenCredential,
  now: Date,
): Promise<TokenCredential | undefined> {
  const ownerRoles = await findPresentRoles(db, tenantId, credential.owner_id ?? '', now)
  return ownerRoles === undefined ? undefined : { ...credential, ownerRoles }
}
