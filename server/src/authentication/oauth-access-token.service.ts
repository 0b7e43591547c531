import type { Actor } from '../access/actor.ts'
import { clientActor } from '../oauth-clients/client-actor-rules.ts'
import { hashSecret } from '../secrets/secrets.ts'
import type { Presented } from './authentication.schema.ts'
import { findAccessTokenCredential } from './oauth-access-token.queries.ts'

/** The OAuth client behind an access token, with its current role. */
export async function findOAuthClientActor({ db, tenantId, token, now }: Presented): Promise<Actor | undefined> {
  const credential = await findAccessTokenCredential(db, tenantId, hashSecret(token))
  if (credential === undefined || now.getTime() >= credential.expires_at) return undefined
  return clientActor({
    id: credential.id,
    clientId: credential.client_id,
    role: credential.role,
    expiresAt: credential.expires_at,
  })
}
