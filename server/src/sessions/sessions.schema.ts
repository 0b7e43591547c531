export type SignInMethod = 'password' | 'saml' | 'passkey'

/** A signed-in browser. Times are epoch ms. */
export interface Session {
  readonly id: string
  readonly userId: string
  readonly csrfToken: string
  readonly method: SignInMethod
  /** `totp`, `recovery_code`, `passkey`, or empty. */
  readonly secondFactor: string
  readonly startedAt: number
  readonly lastSeenAt: number
  readonly confirmedAt: number
  readonly idleMs: number
  readonly endsAt: number
  readonly isStale: boolean
  readonly address: string
  readonly userAgent: string
  readonly connectionId: string
  readonly nameId: string
  readonly sessionIndex: string
}

/** Whoever signs in, once everything was checked. */
export interface NewSession {
  readonly userId: string
  readonly method: SignInMethod
  readonly secondFactor: string
  readonly saml?: {
    readonly connectionId: string
    readonly nameId: string
    readonly sessionIndex: string
    /** As the IdP says: no session lasts longer. Epoch ms; 0: it does not say. */
    readonly notOnOrAfter: number
  }
}

/** Says whether a session still counts at this moment. */
export function isLive(
  { lastSeenAt, idleMs, endsAt }: Pick<Session, 'lastSeenAt' | 'idleMs' | 'endsAt'>,
  now: number,
): boolean {
  return now < endsAt && now < lastSeenAt + idleMs
}

export const accessTokenSeconds = 300
