import { v7 as uuid } from 'uuid'
import { authorize, authorizeCritical } from '../access/authorize.ts'
import type { Ctx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { notFound } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import { hashSecret, newSecret } from '../secrets/secrets.ts'
import { getConnection, requirePlan } from '../sso-connections/sso-connections.service.ts'
import * as queries from './sso-tests.queries.ts'
import type { SsoTest } from './sso-tests.schema.ts'

const keptMax = 20

/**
 * Prepares a trial sign-in. What comes back from the IdP is shown to the admin and signs nobody in; the connection may
 * be switched off.
 *
 * @returns the secret of the address that starts it, once, within ten minutes
 * @throws insufficient_role · reauth_required · right_required · plan_required · sso_connection_not_found
 */
export async function createTest(
  ctx: Ctx,
  connectionId: string,
): Promise<{ test: SsoTest; alias: string; secret: string }> {
  authorizeCritical(ctx, 'sign-in:manage')
  const secret = newSecret('msst_')
  return inTransaction(ctx, async (ctx) => {
    const { alias } = await getConnection(ctx, connectionId)
    await requirePlan(ctx)
    const old = await queries.selectTests(ctx.db, ctx.tenantId, connectionId, 2 * keptMax)
    await queries.deleteTests(
      ctx.db,
      ctx.tenantId,
      old.slice(keptMax - 1).map(({ id }) => id),
    )
    const id = uuid()
    await queries.insertTest(ctx.db, {
      tenant_id: ctx.tenantId,
      id,
      connection_id: connectionId,
      user_id: ctx.actor.userId ?? '',
      token_hash: hashSecret(secret),
      state: 'open',
      created_at: ctx.now.getTime(),
    })
    await recordEvent(ctx, { type: 'sso_test.created', subjectId: id, objectId: connectionId, data: {}, personal: {} })
    const test = await queries.findTest(ctx.db, ctx.tenantId, { id, connectionId })
    if (test === undefined) throw new Error('the test was inserted and is not there')
    return { test, alias, secret }
  })
}

/** @throws insufficient_role · sso_connection_not_found · sso_test_not_found */
export async function getTest(ctx: Ctx, connectionId: string, id: string): Promise<SsoTest> {
  authorize(ctx, 'sign-in:read')
  await getConnection(ctx, connectionId)
  const test = await queries.findTest(ctx.db, ctx.tenantId, { id, connectionId })
  if (test === undefined) throw notFound('sso_test_not_found')
  return test
}

/** For the browser that has just finished it. */
export async function findTestForPage(
  ctx: Ctx,
  { testId, connectionId }: { readonly testId: string; readonly connectionId: string },
): Promise<SsoTest> {
  const test = await queries.findTest(ctx.db, ctx.tenantId, { id: testId, connectionId })
  if (test === undefined) throw notFound('sso_test_not_found')
  return test
}
