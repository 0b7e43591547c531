import type { FastifyRequest } from 'fastify'
import type { Actor } from '../access/actor.ts'
import type { Ctx } from '../access/ctx.ts'
import type { Permission } from '../access/permissions.ts'
import { countHeader } from '../http/request-context.ts'
import { isSamlConfigured } from '../sso-connections/sso-connections.service.ts'
import { getTenant } from '../tenants/tenants.service.ts'
import { noteScimTokenUse } from '../scim-tokens/scim-token-use.service.ts'
import { findTokenBySecret } from '../scim-tokens/scim-tokens.service.ts'
import { tokenState, type ScimToken } from '../scim-tokens/scim-tokens.schema.ts'
import { ScimError } from './scim-error.ts'

/** A request that may come in. */
export interface Admitted {
  readonly actor: Actor
  readonly token: ScimToken
}

/** One sentence for everything that is wrong with a credential. */
const badCredential = 'The bearer token is not valid for this endpoint.'
const challenge = 'Bearer realm="scim", error="invalid_token"'

/** A refusal at the door: what the client hears, and what the administrator reads. */
export class Refused extends ScimError {
  readonly why: string
  readonly token: ScimToken | undefined

  constructor(why: string, detail: string, { header = challenge, token }: { header?: string; token?: ScimToken } = {}) {
    super(401, detail, { headers: { 'www-authenticate': header } })
    this.why = why
    this.token = token
  }
}

/**
 * Lets a request in when all four hold: enterprise plan, SAML that works, SCIM switched on, a live SCIM token of this tenant.
 * The missing one is named only to a caller who holds the right token.
 *
 * @throws Refused
 * @source contract/scim.md 3.2; contract/security-and-reliability.md 5.4
 */
export async function admitScim(
  request: FastifyRequest,
  found: Pick<Ctx, 'db' | 'tenantId' | 'now'>,
): Promise<Admitted> {
  const token = await liveToken(request, found)
  const { plan, settings } = await getTenant(found)
  if (plan !== 'enterprise')
    throw new Refused('the plan is not enterprise', 'SCIM is part of the enterprise plan.', { token })
  if (!(await isSamlConfigured(found)))
    throw new Refused('SAML is not set up', 'SAML single sign-on is not set up for this workspace.', { token })
  if (!settings.scimIsOn) throw new Refused('SCIM is switched off', 'SCIM provisioning is switched off.', { token })
  noteScimTokenUse(found.db, found.tenantId, token, {
    at: found.now.getTime(),
    address: request.ip,
    agent: request.headers['user-agent'] ?? '',
  })
  return { actor: toActor(token), token }
}

async function liveToken(
  request: FastifyRequest,
  { db, tenantId, now }: Pick<Ctx, 'db' | 'tenantId' | 'now'>,
): Promise<ScimToken> {
  const { authorization } = request.headers
  if (authorization === undefined)
    throw new Refused('no credentials', 'Credentials are required.', { header: 'Bearer realm="scim"' })
  const secret = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization)?.[1]
  if (secret === undefined || countHeader(request, 'authorization') > 1)
    throw new Refused('malformed credentials', badCredential)
  if (!secret.startsWith('mscim_')) throw new Refused(wrongKind(secret), badCredential)
  const token = await findTokenBySecret(db, tenantId, secret)
  if (token === undefined) throw new Refused('unknown token', badCredential)
  const state = tokenState(token, now.getTime())
  if (state === 'live' || state === 'ending') return token
  throw new Refused(endOf(token, state), badCredential, { token })
}

function wrongKind(secret: string): string {
  return secret.startsWith('mst_')
    ? 'this is an API token; SCIM needs the SCIM token from the SCIM settings'
    : 'this is no SCIM token; SCIM needs the one from the SCIM settings'
}

function endOf(token: ScimToken, state: string): string {
  if (state === 'revoked') return `revoked ${new Date(token.revokedAt).toISOString()}`
  return `${state} ${new Date(token.expiresAt).toISOString()}`
}

const reading: readonly Permission[] = ['users:read', 'users:read-all-fields', 'groups:read', 'roles:read']
const writing: readonly Permission[] = ['users:write', 'groups:write']

/** A SCIM token acts for the tenant, not for a person (5.3 of the security contract). */
function toActor(token: ScimToken): Actor {
  return {
    kind: 'scim_token',
    id: token.id,
    name: `scim:${token.label}`,
    userId: null,
    credentialId: token.id,
    role: null,
    permissions: new Set(token.access === 'read' ? reading : [...reading, ...writing]),
    rights: new Set(),
    expiresAt: token.expiresAt,
    confirmedAt: null,
  }
}
