import Type, { type Static } from 'typebox'
import type { Session } from './sessions.schema.ts'

/** Keycloak's form, as official clients know it (contract, 6.8). */
export const SessionRecord = Type.Object({
  id: Type.String(),
  username: Type.String(),
  userId: Type.String(),
  ipAddress: Type.String(),
  start: Type.Integer({ description: 'Epoch milliseconds.' }),
  lastAccess: Type.Integer({ description: 'Epoch milliseconds.' }),
  clients: Type.Record(Type.String(), Type.String(), { description: 'Id to name.' }),
})

export function toSessionRecord(session: Session, username: string): Static<typeof SessionRecord> {
  return {
    id: session.id,
    username,
    userId: session.userId,
    ipAddress: session.address,
    start: session.startedAt,
    lastAccess: session.lastSeenAt,
    clients: { 'atlan-frontend': 'atlan-frontend' },
  }
}

export const SessionDetail = Type.Object({
  id: Type.String(),
  userId: Type.String(),
  method: Type.String({ description: 'password, saml or passkey.' }),
  secondFactor: Type.String({ description: 'totp, recovery_code, passkey, or empty.' }),
  address: Type.String(),
  userAgent: Type.String(),
  startedAt: Type.Integer({ description: 'Epoch milliseconds.' }),
  lastSeenAt: Type.Integer(),
  confirmedAt: Type.Integer({ description: 'When the person last proved who they are.' }),
  endsAt: Type.Integer({ description: 'When it ends whatever happens.' }),
})

export function toSessionDetail(session: Session): Static<typeof SessionDetail> {
  const { id, userId, method, secondFactor, address, userAgent, startedAt, lastSeenAt, confirmedAt, endsAt } = session
  return { id, userId, method, secondFactor, address, userAgent, startedAt, lastSeenAt, confirmedAt, endsAt }
}

export const CurrentSession = Type.Object({
  userId: Type.String(),
  username: Type.String(),
  role: Type.String(),
  csrfToken: Type.String({ description: 'To be sent as X-Muster-CSRF when trading the session for a token.' }),
  confirmedAt: Type.Integer({ description: 'Epoch milliseconds; critical settings need this within five minutes.' }),
  idleSeconds: Type.Integer(),
  endsAt: Type.Integer(),
})

export const SessionToken = Type.Object({
  accessToken: Type.String(),
  tokenType: Type.String(),
  expiresIn: Type.Integer({ description: 'Seconds.' }),
})
