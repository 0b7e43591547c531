import { catalogue, type ErrorCode } from './catalogue.ts'

interface Options {
  /** The sentence for the person: what was wrong, with which value if safe, and what to do. */
  readonly detail: string
  readonly cause?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** A rule of the product was broken by the request; everything thrown on purpose is one of these. */
export class ApiError extends Error {
  readonly code: ErrorCode
  readonly headers: Readonly<Record<string, string>>

  constructor(code: ErrorCode, { detail, cause, headers = {} }: Options) {
    super(detail, cause === undefined ? undefined : { cause })
    this.code = code
    this.headers = headers
  }

  get status(): number {
    return catalogue[this.code].status
  }
}

/** Two texts for which every unknown credential, and every unknown object, gets the same answer. */
export function invalidToken(challenge = 'error="invalid_token"'): ApiError {
  const parameters = challenge === '' ? '' : `, ${challenge}`
  return new ApiError('invalid_token', {
    detail: 'The credential is missing, wrong, expired or revoked. Send Authorization: Bearer <token>.',
    headers: { 'www-authenticate': `Bearer realm="muster"${parameters}` },
  })
}

const nouns = {
  user_not_found: 'user',
  group_not_found: 'group',
  api_token_not_found: 'API token',
  oauth_client_not_found: 'OAuth client',
  persona_not_found: 'persona',
  purpose_not_found: 'purpose',
  mapping_not_found: 'SSO mapping',
  invitation_not_found: 'invitation',
  outbox_item_not_found: 'outbox item',
  domain_not_found: 'domain',
  session_not_found: 'session',
  sso_connection_not_found: 'SSO connection',
  sso_test_not_found: 'SSO test',
  scim_token_not_found: 'SCIM token',
  scim_log_entry_not_found: 'SCIM log entry',
} as const

export function notFound(code: keyof typeof nouns): ApiError {
  return new ApiError(code, { detail: `There is no ${nouns[code]} with this id in this workspace.` })
}
