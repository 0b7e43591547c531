/** Why a status that the contract page declares is not brought about by the fuzz. */
export interface UnseenStatus {
  readonly status: number
  /** Without one: of any operation. */
  readonly op?: string
  readonly because: string
}

/** Refusals that requests drawn one after the other meet never, or too rarely; a status that says nothing else is not waited for. */
export const unseenCodes: Readonly<Record<string, string>> = {
  request_in_progress: 'needs two requests at once; tried in repeats/idempotency-key.test.ts and the races',
  last_admin: 'needs that one admin is left; tried in users/last-admin.test.ts',
  mapping_exists: 'needs the same group and value twice; tried in sso-connections/sso-mappers.test.ts',
  plan_required: 'needs a workspace of the standard plan; tried in sso-connections/sso-connections.test.ts',
  sso_enforced: 'needs SSO that is enforced; tried in saml/settings.test.ts',
  signing_key_missing: 'needs a server without a secret key; tried in audit-chain/audit-export.test.ts',
}

const own = 'every role may ask this about itself; for what is not its own it answers 404'

export const unseenStatuses: readonly UnseenStatus[] = [
  { status: 408, because: 'needs a request that does not arrive; tried over bare sockets in http/transport.test.ts' },
  { status: 500, because: 'is a mistake of ours wherever it is seen, and fails the fuzz' },
  { status: 429, because: 'needs more than the rates allow, which are off here; tried in rates/rates.test.ts' },
  { status: 503, because: 'needs a database that cannot answer; tried in http/unavailable.test.ts' },
  {
    status: 409,
    op: 'POST /auth/accept-invite',
    because: 'needs a live link and a taken name in one request; tried in invitations/acceptance.test.ts',
  },
  ...['POST /api/service/oauth-clients', 'POST /api/service/apikeys'].map((op) => ({
    status: 404,
    op,
    because: 'needs a repeat of what was deleted meanwhile; tried in repeats/shown-secrets.test.ts',
  })),
  {
    status: 422,
    op: 'POST /api/service/oauth-clients/token',
    because:
      'needs two fitting pairs of id and secret under one key; tried for others in repeats/idempotency-key.test.ts',
  },
  {
    status: 422,
    op: 'POST /auth/accept-invite',
    because: 'needs two live links under one key; tried for others in repeats/idempotency-key.test.ts',
  },
  ...[200, 422].flatMap((status) =>
    ['POST /auth/session/token', ...(status === 200 ? ['GET /auth/session'] : [])].map((op) => ({
      status,
      op,
      because: 'needs the cookie of a browser that signed in; tried in sessions/sessions.test.ts',
    })),
  ),
  ...[204, 403].map((status) => ({
    status,
    op: 'DELETE /api/muster/sessions/{id}',
    because: 'needs somebody who signed in; tried in sessions/sessions.test.ts',
  })),
  ...[200, 422].map((status) => ({
    status,
    op: 'POST /api/muster/domains/{id}/verify',
    because: 'needs a TXT record; tried in domains/domains.test.ts',
  })),
  ...['POST /api/service/idp/{alias}/mappers/{id}', 'POST /api/service/idp/{alias}/mappers/{id}/delete'].map((op) => ({
    status: 422,
    op,
    because: 'needs two changes of mappers under one key; tried for others in repeats/idempotency-key.test.ts',
  })),
  {
    status: 409,
    op: 'POST /api/service/users',
    because: 'needs one bad entry alone, of somebody who accepted; tried in invitations/invitations.test.ts',
  },
  ...[200, 412, 422].map((status) => ({
    status,
    op: 'POST /api/muster/sso-connections/{id}',
    because: 'needs metadata or certificates that are none by chance; tried in sso-connections/sso-connections.test.ts',
  })),
  {
    status: 200,
    op: 'GET /api/muster/sso-tests/{id}',
    because: 'needs the admin who began that very trial; tried in saml/settings.test.ts',
  },
  {
    status: 200,
    op: 'GET /api/muster/scim/log/{id}',
    because: 'needs requests over SCIM; tried in scim/inspector/inspector.test.ts',
  },
  {
    status: 404,
    op: 'POST /api/muster/scim/tokens',
    because: 'needs a repeat of what was deleted meanwhile; tried for others in repeats/shown-secrets.test.ts',
  },
  {
    status: 200,
    op: 'GET /api/service/idp/{alias}/mappers/{id}',
    because: 'needs a mapper that is still there, under its own alias; tried in sso-connections/sso-mappers.test.ts',
  },
  ...['POST /api/muster/scim/tokens', 'POST /api/muster/scim/tokens/{id}/rotate'].map((op) => ({
    status: 422,
    op,
    because: 'needs room for two tokens under one key; tried for others in repeats/idempotency-key.test.ts',
  })),
  { status: 403, op: 'GET /api/service/users/current', because: own },
  { status: 403, op: 'GET /api/service/whoami', because: own },
  { status: 403, op: 'GET /api/service/users/{id}', because: own },
  { status: 403, op: 'GET /api/service/users/{id}/groups', because: own },
]
