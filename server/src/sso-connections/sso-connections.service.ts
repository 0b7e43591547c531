import { v7 as uuid } from 'uuid'
import { authorize, authorizeCritical } from '../access/authorize.ts'
import type { Ctx, ReadCtx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { requireVersion, tagOf } from '../access/version-check.ts'
import { toKey } from '../db/normal-key.ts'
import { violatesUnique } from '../db/dialects/violations.ts'
import { ApiError, notFound } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import { getTenant } from '../tenants/tenants.service.ts'
import { requireCleanName } from '../text/clean-text.ts'
import { isUsable, readCertificates, type IdpCertificate } from './certificates.ts'
import { changeOptions } from './connection-options.schema.ts'
import { readIdpMetadata } from './metadata.ts'
import * as queries from './sso-connections.queries.ts'
import type { IdpValues, NewSsoConnection, SsoConnection, SsoConnectionChange } from './sso-connections.schema.ts'

export const connectionsMax = 20
const aliasPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/

/** @throws insufficient_role */
export function listConnections(ctx: Ctx): Promise<SsoConnection[]> {
  authorize(ctx, 'sign-in:read')
  return queries.selectConnections(ctx.db, ctx.tenantId)
}

/** @throws insufficient_role · sso_connection_not_found */
export async function getConnection(ctx: ReadCtx, id: string): Promise<SsoConnection> {
  authorize(ctx, 'sign-in:read')
  const connection = await queries.findConnection(ctx.db, ctx.tenantId, id)
  if (connection === undefined) throw notFound('sso_connection_not_found')
  return connection
}

/**
 * A connection as a sign-in meets it, without a check of its own: by its alias, on a plan that has SSO, with a signing
 * certificate that is valid now. Whether it is switched on is the caller's business: tests work before that.
 */
export async function findUsableConnection(
  ctx: Pick<ReadCtx, 'db' | 'tenantId' | 'now'>,
  alias: string,
): Promise<SsoConnection | undefined> {
  const connection = await queries.findConnectionByAlias(ctx.db, ctx.tenantId, toKey(alias))
  if (connection === undefined || !connection.certificates.some((certificate) => isUsable(certificate, ctx.now)))
    return undefined
  return (await getTenant(ctx)).plan === 'enterprise' ? connection : undefined
}

/** The keys that may sign for the IdP at this moment, as PEM. */
export function pinnedCertificates({ certificates }: Pick<SsoConnection, 'certificates'>, now: Date): string[] {
  return certificates.filter((certificate) => isUsable(certificate, now)).map(({ pem }) => pem)
}

/** For what is no secret: what an IdP must know of us. */
export function findConnectionByAlias(
  ctx: Pick<ReadCtx, 'db' | 'tenantId'>,
  alias: string,
): Promise<SsoConnection | undefined> {
  return queries.findConnectionByAlias(ctx.db, ctx.tenantId, toKey(alias))
}

/** For signing out, without a check of its own. */
export function findConnectionById(
  ctx: Pick<ReadCtx, 'db' | 'tenantId'>,
  id: string,
): Promise<SsoConnection | undefined> {
  return queries.findConnection(ctx.db, ctx.tenantId, id)
}

/** Those through which people can sign in now, for the sign-in page. */
export async function listUsableConnections(ctx: Pick<ReadCtx, 'db' | 'tenantId' | 'now'>): Promise<SsoConnection[]> {
  if ((await getTenant(ctx)).plan !== 'enterprise') return []
  const connections = await queries.selectConnections(ctx.db, ctx.tenantId)
  return connections.filter(
    ({ isEnabled, certificates }) => isEnabled && certificates.some((certificate) => isUsable(certificate, ctx.now)),
  )
}

/** Says whether people of this tenant can sign in by SAML at this moment: one of the gates of SCIM. */
export async function isSamlConfigured(ctx: Pick<ReadCtx, 'db' | 'tenantId' | 'now'>): Promise<boolean> {
  const connections = await queries.selectConnections(ctx.db, ctx.tenantId)
  return connections.some(
    ({ isEnabled, certificates }) => isEnabled && certificates.some((certificate) => isUsable(certificate, ctx.now)),
  )
}

/**
 * Sets up a connection with an IdP.
 *
 * @throws insufficient_role · reauth_required · right_required · plan_required · invalid_metadata · invalid_body ·
 *   sso_connection_exists · sso_connection_limit
 */
export async function createConnection(ctx: Ctx, input: NewSsoConnection): Promise<SsoConnection> {
  authorizeCritical(ctx, 'sign-in:manage')
  if (!aliasPattern.test(input.alias)) {
    throw new ApiError('invalid_body', { detail: 'alias takes letters, digits and . _ -, at most 63 characters.' })
  }
  const idp = readIdp(input.idp, ctx.now)
  const displayName = requireCleanName(input.displayName ?? input.alias, 'displayName', ctx.limits)
  const options = changeOptions(null, input.options)
  return inTransaction(ctx, async (ctx) => {
    await requirePlan(ctx)
    const present = await queries.selectConnections(ctx.db, ctx.tenantId)
    if (present.length >= connectionsMax) {
      throw new ApiError('sso_connection_limit', {
        detail: `A workspace has at most ${connectionsMax} SSO connections; delete one first.`,
      })
    }
    const id = uuid()
    try {
      await queries.insertConnection(ctx.db, {
        tenant_id: ctx.tenantId,
        id,
        alias: input.alias,
        alias_key: toKey(input.alias),
        display_name: displayName,
        is_enabled: input.isEnabled === false ? 0 : 1,
        ...toColumns(idp),
        options: JSON.stringify(options),
        created_at: ctx.now.getTime(),
        created_by: ctx.actor.name,
        updated_at: 0,
        updated_by: '',
      })
    } catch (error) {
      if (!violatesUnique(error, 'sso_connections', 'alias_key')) throw error
      throw new ApiError('sso_connection_exists', {
        detail: `There is an SSO connection ${input.alias} already.`,
        cause: error,
      })
    }
    await recordEvent(ctx, {
      type: 'sso_connection.created',
      subjectId: id,
      data: { alias: input.alias },
      personal: {},
    })
    return getConnection(ctx, id)
  })
}

/**
 * Changes a connection; what equals the stored value is no change.
 *
 * @throws insufficient_role · reauth_required · right_required · plan_required · invalid_metadata · sso_connection_not_found · version_mismatch · sso_enforced
 */
export async function updateConnection(
  ctx: Ctx,
  id: string,
  change: SsoConnectionChange,
  ifMatch?: string,
): Promise<SsoConnection> {
  authorizeCritical(ctx, 'sign-in:manage')
  const idp = change.idp === undefined ? undefined : readIdp(change.idp, ctx.now)
  return inTransaction(ctx, async (ctx) => {
    await queries.holdConnection(ctx.db, ctx.tenantId, id)
    const connection = await getConnection(ctx, id)
    requireVersion(ifMatch, connectionTag(connection))
    const next = {
      ...connection,
      ...idp,
      displayName: requireCleanName(change.displayName ?? connection.displayName, 'displayName', ctx.limits),
      isEnabled: change.isEnabled ?? connection.isEnabled,
      options: changeOptions(connection.options, change.options),
    }
    if (next.isEnabled) await requirePlan(ctx)
    const fields = changeable.filter((name) => JSON.stringify(next[name]) !== JSON.stringify(connection[name]))
    if (fields.length === 0) return connection
    await queries.updateConnection(ctx.db, ctx.tenantId, id, {
      display_name: next.displayName,
      is_enabled: next.isEnabled ? 1 : 0,
      ...toColumns(next),
      options: JSON.stringify(next.options),
      updated_at: ctx.now.getTime(),
      updated_by: ctx.actor.name,
    })
    await requireWayIn(ctx)
    await recordEvent(ctx, {
      type: 'sso_connection.updated',
      subjectId: id,
      data: { fields: [...fields] },
      personal: {},
    })
    return getConnection(ctx, id)
  })
}

const changeable = [
  'displayName',
  'isEnabled',
  'entityId',
  'signOnUrl',
  'signOnBinding',
  'logoutUrl',
  'certificates',
  'options',
] as const

/** @throws insufficient_role · reauth_required · right_required · sso_connection_not_found · sso_enforced */
export async function deleteConnection(ctx: Ctx, id: string): Promise<void> {
  authorizeCritical(ctx, 'sign-in:manage')
  await inTransaction(ctx, async (ctx) => {
    const { alias } = await getConnection(ctx, id)
    await queries.deleteConnection(ctx.db, ctx.tenantId, id)
    await requireWayIn(ctx)
    await recordEvent(ctx, { type: 'sso_connection.deleted', subjectId: id, data: { alias }, personal: {} })
  })
}

/** While SSO is enforced one connection must be left through which people can come. @throws sso_enforced */
async function requireWayIn(ctx: TrxCtx): Promise<void> {
  const { settings } = await getTenant(ctx)
  if (!settings.enforcesSso || (await isSamlConfigured(ctx))) return
  throw new ApiError('sso_enforced', {
    detail: 'SSO is enforced and this is the last connection that works; end the enforcement first.',
  })
}

export function connectionTag({ version }: SsoConnection): string {
  return tagOf(version)
}

/** @throws plan_required */
export async function requirePlan(ctx: ReadCtx): Promise<void> {
  const { plan } = await getTenant(ctx)
  if (plan === 'enterprise') return
  throw new ApiError('plan_required', {
    detail: 'Single sign-on and SCIM are part of the enterprise plan; the host operator changes the plan.',
  })
}

interface Idp {
  readonly entityId: string
  readonly signOnUrl: string
  readonly signOnBinding: 'redirect' | 'post'
  readonly logoutUrl: string
  readonly certificates: readonly IdpCertificate[]
}

/** @throws invalid_metadata */
function readIdp(values: IdpValues, now: Date): Idp {
  const read =
    'metadataXml' in values
      ? readIdpMetadata(values.metadataXml)
      : { logoutUrl: '', signOnBinding: 'redirect' as const, ...values }
  if (read.entityId.trim() === '' || read.entityId.length > 1_024)
    throw unusable('entityId takes 1 to 1,024 characters')
  requireEndpoint(read.signOnUrl, 'The sign-on address')
  if (read.logoutUrl !== '') requireEndpoint(read.logoutUrl, 'The logout address')
  return { ...read, certificates: readCertificates(read.certificates, now) }
}

/** Where browsers are sent: https, but for programs on this machine that stand in for an IdP. */
function requireEndpoint(text: string, what: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isLoopback = url !== undefined && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname)
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback)
  if (!isSafe || text.length > 2_000 || url.username !== '') throw unusable(`${what} takes an https address`)
}

function unusable(problem: string): ApiError {
  return new ApiError('invalid_metadata', { detail: `The identity provider cannot be used: ${problem}.` })
}

function toColumns({ entityId, signOnUrl, signOnBinding, logoutUrl, certificates }: Idp) {
  return {
    entity_id: entityId,
    sign_on_url: signOnUrl,
    sign_on_binding: signOnBinding,
    logout_url: logoutUrl,
    certificates: JSON.stringify(certificates),
  }
}
