import type { Actor } from '../access/actor.ts'
import { invalidToken } from '../errors/api-error.ts'
import { findApiTokenActor } from './api-token.service.ts'
import type { Presented } from './authentication.schema.ts'
import { acceptedKind, type AcceptedKind } from './credential-kinds.ts'
import { findOAuthClientActor } from './oauth-access-token.service.ts'
import { findSessionActor } from './session-token.service.ts'

/** One file for each kind of credential. */
const findActor: Readonly<Record<AcceptedKind, (presented: Presented) => Promise<Actor | undefined>>> = {
  api_token: findApiTokenActor,
  oauth_access_token: findOAuthClientActor,
  session_access_token: findSessionActor,
}

/**
 * The actor behind a bearer token, with the rights of this very moment.
 * Unknown, expired, revoked, foreign and wrong-kind tokens, and those of disabled owners and deleted clients,
 * get one and the same answer.
 *
 * @param path the address it is shown at: each space of addresses accepts kinds of its own
 * @throws invalid_token
 * @source contract/rest-api.md, 2.2
 */
export async function authenticate({ path, ...presented }: Presented & { readonly path: string }): Promise<Actor> {
  const kind = acceptedKind(path, presented.token)
  const actor = kind === undefined ? undefined : await findActor[kind](presented)
  if (actor === undefined) throw invalidToken()
  return actor
}
