import type { Trx } from '../db/db.ts'
import type { AccessTokensTable } from './access-tokens.table.ts'

const expiredPerIssue = 100

/**
 * The client of this id and secret, held until the transaction ends, so that it cannot be deleted beside a new token.
 * One look at the index of secrets, whether the id exists or not.
 */
export async function holdClientBySecret(
  trx: Trx,
  tenantId: string,
  { clientId, secretHash, at }: { readonly clientId: string; readonly secretHash: string; readonly at: number },
): Promise<{ id: string } | undefined> {
  return trx
    .updateTable('oauth_clients')
    .set({ last_used_at: at })
    .where('tenant_id', '=', tenantId)
    .where('secret_hash', '=', secretHash)
    .where('client_id', '=', clientId)
    .returning('id')
    .executeTakeFirst()
}

export async function insertAccessToken(trx: Trx, row: AccessTokensTable): Promise<void> {
  await trx.insertInto('access_tokens').values(row).execute()
}

/** Takes away what the client no longer can use; more than one new token leaves behind, and never many at once. */
export async function deleteExpired(trx: Trx, tenantId: string, oauthClientId: string, now: number): Promise<void> {
  await trx
    .deleteFrom('access_tokens')
    .where('tenant_id', '=', tenantId)
    .where('token_hash', 'in', (eb) =>
      eb
        .selectFrom('access_tokens')
        .select('token_hash')
        .where('tenant_id', '=', tenantId)
        .where('oauth_client_id', '=', oauthClientId)
        .where('expires_at', '<=', now)
        .limit(expiredPerIssue),
    )
    .execute()
}

export async function deleteTokensOfClient(trx: Trx, tenantId: string, oauthClientId: string): Promise<void> {
  await trx
    .deleteFrom('access_tokens')
    .where('tenant_id', '=', tenantId)
    .where('oauth_client_id', '=', oauthClientId)
    .execute()
}
