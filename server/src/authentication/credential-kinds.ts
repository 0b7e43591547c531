import type { SecretPrefix } from '../secrets/secrets.ts'

/** Every kind of bearer credential, told apart by its public prefix. */
export const credentialKinds = {
  api_token: 'mst_',
  oauth_access_token: 'moat_',
  session_access_token: 'msess_',
  scim_token: 'mscim_',
} as const satisfies Readonly<Record<string, SecretPrefix>>

export type CredentialKind = keyof typeof credentialKinds

interface AddressSpace {
  /** With which its addresses begin. */
  readonly prefix: string
  readonly accepts: readonly CredentialKind[]
}

/** Which kinds each address space accepts; what is in none of them accepts nothing. The authorization tests read it too. */
export const addressSpaces = [
  { prefix: '/api/service', accepts: ['api_token', 'oauth_access_token', 'session_access_token'] },
  { prefix: '/api/muster', accepts: ['api_token', 'oauth_access_token', 'session_access_token'] },
] as const satisfies readonly AddressSpace[]

export type AcceptedKind = (typeof addressSpaces)[number]['accepts'][number]

/** The kind of this credential, when it is one that the address accepts. */
export function acceptedKind(path: string, token: string): AcceptedKind | undefined {
  const space = addressSpaces.find(({ prefix }) => path.startsWith(prefix))
  return space?.accepts.find((kind) => token.startsWith(credentialKinds[kind]))
}
