import { rawRows, type Db } from '../db/db.ts'
import { credentialReader } from './kept-credentials.ts'

/** Everything that decides about an access token; one whose client was deleted is gone with it. */
interface AccessTokenCredential {
  readonly id: string
  readonly client_id: string
  readonly role: string
  readonly expires_at: number
}

const tokenByHash = `
select c.id, c.client_id, r.name as role, a.expires_at
from access_tokens a
join oauth_clients c on c.tenant_id = a.tenant_id and c.id = a.oauth_client_id
join roles r on r.tenant_id = c.tenant_id and r.id = c.role_id
where a.tenant_id = (select ?) and a.token_hash = (select ?)`

const readCredential = credentialReader<AccessTokenCredential>()

export function findAccessTokenCredential(
  db: Db,
  tenantId: string,
  hash: string,
): Promise<AccessTokenCredential | undefined> {
  return readCredential(db, { tenantId, hash }, async () => {
    const [credential] = await rawRows<AccessTokenCredential>(db, tokenByHash, [tenantId, hash])
    return credential
  })
}
