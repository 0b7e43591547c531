/** What an IdP says of a person, read from the bytes that its signature covers and from nowhere else. Times are epoch ms. */
export interface SignedAssertion {
  readonly id: string
  readonly issuer: string
  readonly nameId: string
  /** Empty where the IdP does not say. */
  readonly nameIdFormat: string
  /** Empty where the IdP has none. */
  readonly sessionIndex: string
  /** 0 where the IdP sets no end. */
  readonly sessionNotOnOrAfter: number
  /** Until when it must be remembered as used. */
  readonly notOnOrAfter: number
  readonly attributes: ReadonlyMap<string, readonly string[]>
}

/** A request that was sent to an IdP and waits for its answer. */
export interface PendingRequest {
  readonly id: string
  readonly connectionId: string
  readonly purpose: 'sign_in' | 'test' | 'link'
  /** Who asked: the admin of a test, the person of a link; null for a sign-in. */
  readonly userId: string | null
  /** Of a link: the session that asked, which must be there still when the answer comes. */
  readonly sessionId: string | null
  /** Of a test. */
  readonly testId: string | null
  readonly returnPath: string
}

/** What a response must match, all of it from configuration and from our own store. */
export interface Expectation {
  /** Of the IdP, as configured. */
  readonly entityId: string
  /** Pinned, PEM; those that are valid at this moment. */
  readonly certificates: readonly string[]
  /** Which elements must be signed; the assertion always. */
  readonly signed: 'response_and_assertion' | 'assertion'
  readonly acsUrl: string
  readonly spEntityId: string
  readonly now: number
  readonly allowsIdpInitiated: boolean
  /** PEM of our private key. */
  readonly decryptionKey: string
  /** The request of this id, when this tenant, connection and browser wait for its answer. */
  findRequest(id: string): Promise<PendingRequest | undefined>
}
