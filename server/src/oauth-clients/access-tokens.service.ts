import type { Ctx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { ApiError } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import { hashSecret, newSecret } from '../secrets/secrets.ts'
import * as queries from './access-tokens.queries.ts'
import { clientActor } from './client-actor-rules.ts'
import { findClientRole } from './oauth-clients.queries.ts'
import type { AccessToken, ClientCredentials } from './oauth-clients.schema.ts'

/**
 * Exchanges a client's secret for an access token. Nobody is signed in yet: the secret itself is what is checked,
 * and an unknown id and a wrong secret take the same way.
 *
 * @throws invalid_token
 * @source contract/rest-api.md, O6
 */
export async function issueAccessToken(
  ctx: Ctx,
  { clientId, secret }: ClientCredentials,
  lifetimeSeconds: number,
): Promise<AccessToken> {
  const secretHash = hashSecret(secret)
  const token = newSecret('moat_')
  return inTransaction(ctx, async (ctx) => {
    const now = ctx.now.getTime()
    const client = await queries.holdClientBySecret(ctx.db, ctx.tenantId, { clientId, secretHash, at: now })
    if (client === undefined) throw wrongCredentials()
    const expiresAt = now + lifetimeSeconds * 1000
    await queries.deleteExpired(ctx.db, ctx.tenantId, client.id, now)
    await queries.insertAccessToken(ctx.db, {
      tenant_id: ctx.tenantId,
      token_hash: hashSecret(token),
      oauth_client_id: client.id,
      issued_at: now,
      expires_at: expiresAt,
    })
    const role = (await findClientRole(ctx.db, ctx.tenantId, client.id)) ?? ''
    const actor = clientActor({ id: client.id, clientId, role, expiresAt })
    const data = { clientId }
    await recordEvent(
      { ...ctx, actor },
      { type: 'oauth_client.token_issued', subjectId: client.id, data, personal: {} },
    )
    return { token, lifetimeSeconds }
  })
}

function wrongCredentials(): ApiError {
  return new ApiError('invalid_token', {
    detail: 'No OAuth client of this workspace has this id and this secret; it may have been deleted.',
    headers: { 'www-authenticate': 'Bearer realm="muster", error="invalid_token"' },
  })
}
