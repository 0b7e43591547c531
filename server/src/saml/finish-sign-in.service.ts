import { anonymous, type Actor } from '../access/actor.ts'
import type { Ctx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { recordEvent } from '../events/record-event.ts'
import { hashSecret } from '../secrets/secrets.ts'
import { startSession } from '../sessions/sessions.service.ts'
import type { SsoConnection } from '../sso-connections/sso-connections.schema.ts'
import { findUsableConnection, pinnedCertificates } from '../sso-connections/sso-connections.service.ts'
import type { User } from '../users/users.schema.ts'
import { readClaims } from './claims.ts'
import { consumeOnce } from './consumed-once.service.ts'
import { ownPath } from './own-path.ts'
import { resolveUser } from './sign-in-user.service.ts'
import { readRules } from './rules.service.ts'
import { spAddresses } from '../sso-connections/sp-address-rules.ts'
import type { SamlDeps } from './saml-deps.ts'
import { SamlRefusal, require } from './saml-refusal.ts'
import { findPendingTest, findRequest } from './saml-requests.queries.ts'
import { getSpKey } from './sp-keys.service.ts'
import { failTest, passTest } from './test-results.service.ts'
import { verifyResponse, type VerifiedResponse } from './verify-response.ts'

/** What a browser brings back from an IdP. */
export interface Posted {
  readonly alias: string
  /** SAMLResponse as posted. */
  readonly response: string
  readonly relayState: string
  /** What the request cookie holds. */
  readonly browser: string
}

export type Finished =
  | { readonly kind: 'signed-in'; readonly cookie: string; readonly path: string }
  | { readonly kind: 'tested'; readonly testId: string }
  | { readonly kind: 'not-served' }

/**
 * Turns the answer of an IdP into a session: all sixteen checks, then who it is, then what follows the claims, then the
 * session; the last four in one transaction. Refused means that nothing changed.
 *
 * @throws SamlRefusal
 * @source contract/security-and-reliability.md 4 and 5.4
 */
export async function finishSignIn(ctx: Ctx, deps: SamlDeps, posted: Posted): Promise<Finished> {
  const connection = await findUsableConnection(ctx, posted.alias)
  if (connection === undefined) return { kind: 'not-served' }
  const browserHash = hashSecret(posted.browser)
  const key = { connectionId: connection.id, browserHash, now: ctx.now.getTime() }
  const pendingTest = await findPendingTest(ctx.db, ctx.tenantId, key)
  if (!connection.isEnabled && pendingTest === undefined) return { kind: 'not-served' }
  try {
    const verified = await verify(ctx, deps, { connection, posted, browserHash })
    const use = { connectionId: connection.id, ...verified, browserHash }
    if (verified.request?.purpose === 'test') {
      const { testId } = verified.request
      await passTest(ctx, { connection, verified, use, testId: testId ?? '' })
      return { kind: 'tested', testId: testId ?? '' }
    }
    return await inTransaction(ctx, async (ctx) => {
      const current = await findUsableConnection(ctx, posted.alias)
      require(current?.id === connection.id && current.isEnabled, 'user: the connection was switched off')
      await consumeOnce(ctx, use)
      return signIn(ctx, { connection: current, verified, relayState: posted.relayState })
    })
  } catch (error) {
    if (!(error instanceof SamlRefusal)) throw error
    if (pendingTest !== undefined) {
      await failTest(ctx, { testId: pendingTest, reason: error.reason })
      return { kind: 'tested', testId: pendingTest }
    }
    await recordRefusal(ctx, connection, error)
    throw error
  }
}

async function verify(
  ctx: Ctx,
  deps: SamlDeps,
  { connection, posted, browserHash }: { connection: SsoConnection; posted: Posted; browserHash: string },
): Promise<VerifiedResponse> {
  const sp = spAddresses(await deps.baseUrl(ctx.tenantId), connection.alias)
  const { privateKey } = await getSpKey(ctx, deps.vault)
  return verifyResponse(posted.response, {
    entityId: connection.entityId,
    certificates: pinnedCertificates(connection, ctx.now),
    signed: connection.options.signed,
    allowsIdpInitiated: connection.options.allowsIdpInitiated,
    acsUrl: sp.acsUrl,
    spEntityId: sp.entityId,
    now: ctx.now.getTime(),
    decryptionKey: privateKey,
    findRequest: (id) =>
      findRequest(ctx.db, ctx.tenantId, { id, connectionId: connection.id, browserHash, now: ctx.now.getTime() }),
  })
}

async function signIn(
  ctx: TrxCtx,
  { connection, verified, relayState }: { connection: SsoConnection; verified: VerifiedResponse; relayState: string },
): Promise<Finished> {
  const { assertion, request } = verified
  const claims = readClaims(assertion, await readRules(ctx, connection), ctx.limits)
  const { user } = await resolveUser(ctx, { connection, assertion, claims, request, asIfEnforced: false })
  const asPerson = { ...ctx, actor: actorOf(user) }
  const { cookie, session } = await startSession(asPerson, {
    userId: user.id,
    method: 'saml',
    secondFactor: '',
    saml: {
      connectionId: connection.id,
      nameId: assertion.nameId,
      sessionIndex: assertion.sessionIndex,
      notOnOrAfter: assertion.sessionNotOnOrAfter,
    },
  })
  await recordEvent(asPerson, {
    type: 'sso.signed_in',
    subjectId: user.id,
    objectId: session.id,
    data: { alias: connection.alias },
    personal: {},
  })
  return { kind: 'signed-in', cookie, path: request?.returnPath ?? ownPath(relayState) }
}

/** For the trail: who signed in. It gives no rights. */
function actorOf({ id, username }: User): Actor {
  return { ...anonymous, kind: 'user', id, name: username, userId: id }
}

async function recordRefusal(ctx: Ctx, { alias }: SsoConnection, { reason }: SamlRefusal): Promise<void> {
  await inTransaction(ctx, (ctx) =>
    recordEvent(ctx, { type: 'sso.refused', subjectId: '', data: { alias, reason }, personal: {} }),
  )
}
