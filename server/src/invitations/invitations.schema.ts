export const invitationLifetimeMs = 7 * 24 * 60 * 60 * 1000

export type InvitationState = 'open' | 'accepted' | 'revoked' | 'expired'

/** Times are epoch ms, 0 where the thing never happened. */
export interface Invitation {
  readonly id: string
  readonly userId: string
  readonly email: string
  readonly roleId: string
  readonly inviterKind: string
  readonly inviterId: string
  readonly inviterName: string
  readonly createdAt: number
  readonly expiresAt: number
  readonly lastSentAt: number
  readonly acceptedAt: number
  readonly revokedAt: number
}

export function invitationState(
  invitation: Pick<Invitation, 'acceptedAt' | 'revokedAt' | 'expiresAt'>,
  now: number,
): InvitationState {
  if (invitation.acceptedAt > 0) return 'accepted'
  if (invitation.revokedAt > 0) return 'revoked'
  return now < invitation.expiresAt ? 'open' : 'expired'
}

/** What the invited person sees before accepting, and what the form is filled with. */
export interface InvitationOffer {
  readonly email: string
  readonly username: string
  readonly firstName: string
  readonly lastName: string
  /** Null for a program. */
  readonly inviterName: string | null
  readonly workspace: string
  readonly role: string
}

export interface Acceptance {
  readonly token: string
  /** Null keeps the provisional name. */
  readonly username: string | null
  readonly firstName: string | null
  readonly lastName: string | null
  readonly password: string
}
