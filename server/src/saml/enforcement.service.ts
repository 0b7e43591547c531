import { authorizeCritical } from '../access/authorize.ts'
import type { Ctx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { ApiError } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import { getConnection, requirePlan } from '../sso-connections/sso-connections.service.ts'
import type { SsoConnection } from '../sso-connections/sso-connections.schema.ts'
import { changeSettings, getTenant } from '../tenants/tenants.service.ts'
import { selectTests } from './sso-tests.queries.ts'

const looksBack = 20

/**
 * Lets people in through their IdP alone, or ends that. Beginning needs a connection that is on, and a test of it as it
 * is now, by the same admin, that would sign this admin in: whoever locks the door must have tried the key.
 *
 * @throws insufficient_role · reauth_required · right_required · plan_required · sso_connection_not_found · sso_untested
 * @source contract/rest-api.md 8.4
 */
export async function enforceSso(ctx: Ctx, connectionId: string, isEnforced: boolean): Promise<void> {
  authorizeCritical(ctx, 'sign-in:manage')
  await inTransaction(ctx, async (ctx) => {
    const connection = await getConnection(ctx, connectionId)
    if (isEnforced) {
      await requirePlan(ctx)
      await requireTested(ctx, connection)
    }
    await setEnforcement(ctx, isEnforced, connection.id)
  })
}

/** Break-glass, for the host operator. */
export async function releaseSso(ctx: Ctx): Promise<void> {
  authorizeCritical(ctx, 'sign-in:manage')
  await inTransaction(ctx, (ctx) => setEnforcement(ctx, false, ''))
}

async function setEnforcement(ctx: TrxCtx, isEnforced: boolean, connectionId: string): Promise<void> {
  const { settings } = await getTenant(ctx)
  if (settings.enforcesSso === isEnforced) return
  await changeSettings(ctx, { enforcesSso: isEnforced })
  await recordEvent(ctx, {
    type: 'sso_connection.enforcement_changed',
    subjectId: connectionId,
    data: { enforced: isEnforced },
    personal: {},
  })
}

async function requireTested(ctx: TrxCtx, connection: SsoConnection): Promise<void> {
  const { userId } = ctx.actor
  const tests = await selectTests(ctx.db, ctx.tenantId, connection.id, looksBack)
  const hasPassed = tests.some(
    (test) =>
      test.state === 'passed' &&
      userId !== null &&
      test.userId === userId &&
      test.detail.signsInAs === userId &&
      test.finishedAt >= connection.updatedAt,
  )
  if (connection.isEnabled && hasPassed) return
  throw new ApiError('sso_untested', {
    detail: connection.isEnabled
      ? 'Test this connection first, as it is now: the test must sign you in as yourself. A token without an owner cannot do that.'
      : 'Switch the connection on first.',
  })
}
