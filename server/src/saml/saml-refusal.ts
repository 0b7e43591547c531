/** Why a SAML message is not accepted: for the log and the audit trail. Whoever sent it sees one page for all reasons. */
export class SamlRefusal extends Error {
  readonly reason: string

  /** @param reason `<rule>: <what was wrong>`, never with what the message says of a person */
  constructor(reason: string, cause?: unknown) {
    super(reason, cause === undefined ? undefined : { cause })
    this.reason = reason
  }
}

/** @throws SamlRefusal */
export function refuse(reason: string, cause?: unknown): never {
  throw new SamlRefusal(reason, cause)
}

/** Refuses unless the statement holds. @throws SamlRefusal */
export function require(holds: boolean, reason: string): asserts holds {
  if (!holds) refuse(reason)
}
