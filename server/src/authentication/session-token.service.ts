import type { Actor } from '../access/actor.ts'
import { hashSecret } from '../secrets/secrets.ts'
import { userActor } from '../sessions/session-actor-rules.ts'
import { isLive } from '../sessions/sessions.schema.ts'
import type { Presented } from './authentication.schema.ts'
import { findSessionCredential } from './session-token.queries.ts'

/** The person behind a session access token, with their current role. It ends with its session. */
export async function findSessionActor({ db, tenantId, token, now }: Presented): Promise<Actor | undefined> {
  const found = await findSessionCredential(db, tenantId, hashSecret(token))
  if (found === undefined || now.getTime() >= found.token_ends_at) return undefined
  const times = { lastSeenAt: found.last_seen_at, idleMs: found.idle_ms, endsAt: found.ends_at }
  if (!isLive(times, now.getTime())) return undefined
  return userActor({
    userId: found.user_id,
    username: found.username,
    role: found.role,
    confirmedAt: found.confirmed_at,
    expiresAt: found.token_ends_at,
  })
}
