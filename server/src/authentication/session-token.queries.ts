import { rawRows, type Db } from '../db/db.ts'
import { credentialReader } from './kept-credentials.ts'
import type { PresentRoles } from '../user-roles/held-roles.schema.ts'
import { findPresentRoles } from '../user-roles/present-roles.service.ts'

/** Everything that decides about a session access token, found by one look at its key. */
interface SessionCredential {
  readonly session_id: string
  readonly user_id: string
  readonly username: string
  readonly role: string
  readonly has_more_roles: number
  /** The person's roles at the instant, for those who were ever given one beside the workspace role. */
  readonly ownerRoles?: PresentRoles
  readonly confirmed_at: number
  readonly token_ends_at: number
  readonly last_seen_at: number
  readonly idle_ms: number
  readonly ends_at: number
}

const tokenByHash = `
select s.id as session_id, u.id as user_id, u.username, u.has_more_roles, r.name as role, s.confirmed_at, t.expires_at as token_ends_at,
  s.last_seen_at, s.idle_ms, s.ends_at
from session_tokens t
join sessions s on s.tenant_id = t.tenant_id and s.id = t.session_id
join users u on u.tenant_id = s.tenant_id and u.id = s.user_id and u.enabled = 1
join roles r on r.tenant_id = u.tenant_id and r.id = u.workspace_role_id
where t.tenant_id = (select ?) and t.token_hash = (select ?)`

const readCredential = credentialReader<SessionCredential>(
  // A clock may be set back, too.
  ({ readAt, credential: { ownerRoles } }, now) =>
    ownerRoles === undefined || (readAt <= now && now.getTime() < ownerRoles.until),
)

export function findSessionCredential(
  db: Db,
  tenantId: string,
  hash: string,
  now: Date,
): Promise<SessionCredential | undefined> {
  return readCredential(db, { tenantId, hash, now }, async () => {
    const [credential] = await rawRows<SessionCredential>(db, tokenByHash, [tenantId, hash])
    if (credential?.has_more_roles !== 1) return credential
    const ownerRoles = await findPresentRoles(db, tenantId, credential.user_id, now)
    return ownerRoles === undefined ? undefined : { ...credential, ownerRoles }
  })
}
