import { rawRows, type Db } from '../db/db.ts'
import { credentialReader } from './kept-credentials.ts'

/** Everything that decides about a session access token, found by one look at its key. */
interface SessionCredential {
  readonly user_id: string
  readonly username: string
  readonly role: string
  readonly confirmed_at: number
  readonly token_ends_at: number
  readonly last_seen_at: number
  readonly idle_ms: number
  readonly ends_at: number
}

const tokenByHash = `
select u.id as user_id, u.username, r.name as role, s.confirmed_at, t.expires_at as token_ends_at,
  s.last_seen_at, s.idle_ms, s.ends_at
from session_tokens t
join sessions s on s.tenant_id = t.tenant_id and s.id = t.session_id
join users u on u.tenant_id = s.tenant_id and u.id = s.user_id and u.enabled = 1
join roles r on r.tenant_id = u.tenant_id and r.id = u.workspace_role_id
where t.tenant_id = (select ?) and t.token_hash = (select ?)`

const readCredential = credentialReader<SessionCredential>()

export function findSessionCredential(db: Db, tenantId: string, hash: string): Promise<SessionCredential | undefined> {
  return readCredential(db, { tenantId, hash }, async () => {
    const [credential] = await rawRows<SessionCredential>(db, tokenByHash, [tenantId, hash])
    return credential
  })
}
