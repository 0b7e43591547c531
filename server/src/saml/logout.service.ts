import { randomBytes } from 'node:crypto'
import { systemActor } from '../access/actor.ts'
import type { Ctx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { endSamlSessions } from '../sessions/sessions.service.ts'
import {
  findUsableConnection,
  findConnectionById,
  pinnedCertificates,
} from '../sso-connections/sso-connections.service.ts'
import { findNameIdFormat } from './external-identities.queries.ts'
import { spAddresses } from '../sso-connections/sp-address-rules.ts'
import type { SamlDeps } from './saml-deps.ts'
import { require } from './saml-refusal.ts'
import { deleteExpired, insertConsumed } from './saml-requests.queries.ts'
import { getSpKey } from './sp-keys.service.ts'
import { logoutRequestUrl, logoutResponseUrl } from './sp-messages.ts'
import { verifyLogoutRequest, type LogoutMessage } from './verify-logout.ts'

/** Twice the age at which a request is refused: it cannot come back. */
const rememberedMs = 15 * 60_000

/**
 * Ends what an IdP says has ended: the sessions of one of its logins, or all of a person's that began there.
 *
 * @returns where the answer goes; undefined where no sign-in is served; null for an IdP without a logout address
 * @throws SamlRefusal
 */
export async function logoutByIdp(
  ctx: Ctx,
  deps: SamlDeps,
  { alias, message }: { readonly alias: string; readonly message: LogoutMessage },
): Promise<string | null | undefined> {
  const connection = await findUsableConnection(ctx, alias)
  if (connection === undefined || !connection.isEnabled) return undefined
  const sp = spAddresses(await deps.baseUrl(ctx.tenantId), connection.alias)
  const request = await verifyLogoutRequest(message, {
    entityId: connection.entityId,
    certificates: pinnedCertificates(connection, ctx.now),
    logoutUrl: sp.logoutUrl,
    now: ctx.now.getTime(),
  })
  await inTransaction({ ...ctx, actor: { ...systemActor, name: `sso ${connection.alias}` } }, async (ctx) => {
    const now = ctx.now.getTime()
    const isFirst = await insertConsumed(ctx.db, {
      tenant_id: ctx.tenantId,
      connection_id: connection.id,
      assertion_id: request.id,
      expires_at: now + rememberedMs,
    })
    require(isFirst, 'logout: the request was used already')
    await deleteExpired(ctx.db, ctx.tenantId, now)
    await endSamlSessions(ctx, { connectionId: connection.id, ...request })
  })
  if (connection.logoutUrl === '') return null
  const key = await getSpKey(ctx, deps.vault)
  const { id: inResponseTo, relayState } = request
  return logoutResponseUrl({ connection, sp, key }, { id: newId(), inResponseTo, relayState })
}

/** Where the browser of somebody who has just signed out here goes to sign out at the IdP; undefined where it need not. */
export async function logoutUrlFor(
  ctx: Ctx,
  deps: SamlDeps,
  session: { readonly connectionId: string; readonly nameId: string; readonly sessionIndex: string },
): Promise<string | undefined> {
  if (session.connectionId === '') return undefined
  const connection = await findConnectionById(ctx, session.connectionId)
  if (connection === undefined || !connection.isEnabled || connection.logoutUrl === '') return undefined
  const sp = spAddresses(await deps.baseUrl(ctx.tenantId), connection.alias)
  const key = await getSpKey(ctx, deps.vault)
  const nameIdFormat = await findNameIdFormat(ctx.db, ctx.tenantId, session)
  return logoutRequestUrl({ connection, sp, key }, { id: newId(), relayState: '', ...session, nameIdFormat })
}

function newId(): string {
  return `_${randomBytes(20).toString('hex')}`
}
