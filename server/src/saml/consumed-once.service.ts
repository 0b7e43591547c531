import type { TrxCtx } from '../access/ctx.ts'
import type { PendingRequest, SignedAssertion } from './assertion.schema.ts'
import { clockSkewMs } from './checks/saml-14-conditions.ts'
import { deleteExpired, insertConsumed, takeRequest } from './saml-requests.queries.ts'
import { require } from './saml-refusal.ts'

interface Use {
  readonly connectionId: string
  readonly assertion: SignedAssertion
  readonly request: PendingRequest | undefined
  readonly browserHash: string
}

/**
 * SAML-16: an assertion is used once and a request is answered once, on all nodes together: two statements in the
 * transaction that makes the session. What was used is remembered until it could not be used any more.
 *
 * @throws SamlRefusal
 */
export async function consumeOnce(ctx: TrxCtx, { connectionId, assertion, request, browserHash }: Use): Promise<void> {
  const now = ctx.now.getTime()
  if (request !== undefined) {
    const key = { id: request.id, connectionId, browserHash, now }
    require(await takeRequest(ctx.db, ctx.tenantId, key), 'SAML-16: the request was answered already')
  }
  const isFirst = await insertConsumed(ctx.db, {
    tenant_id: ctx.tenantId,
    connection_id: connectionId,
    assertion_id: assertion.id,
    expires_at: assertion.notOnOrAfter + clockSkewMs,
  })
  require(isFirst, 'SAML-16: the assertion was used already')
  await deleteExpired(ctx.db, ctx.tenantId, now)
}
