import { v7 as uuid } from 'uuid'
import { authorize, authorizeCritical } from '../access/authorize.ts'
import type { Ctx, ReadCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { notFound } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import { hashSecret, newSecret } from '../secrets/secrets.ts'
import { getConnection, requirePlan } from '../sso-connections/sso-connections.service.ts'
import * as queries from './sso-tests.queries.ts'
import type { SsoTest } from './sso-tests.schema.ts'

const keptMax = 20

export interface StartedTest {
  readonly test: SsoTest
  readonly alias: string
  readonly secret: string
}

/**
 * Prepares a trial sign-in. What comes back from the IdP is shown to the admin and signs nobody in; the connection may
 * be switched off.
 *
 * @returns the secret of the address that starts it, once, within ten minutes
 * @throws insufficient_role · reauth_required · right_required · plan_required · sso_connection_not_found
 */
export async function createTest(ctx: Ctx, connectionId: string): Promise<StartedTest> {
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
    return { test: await requireTest(ctx, id), alias, secret }
  })
}

/**
 * Another address for a test nobody has begun, for who did not get to read the first; that one starts nothing any more.
 *
 * @throws insufficient_role · reauth_required · right_required · sso_test_not_found
 * @source contract/rest-api.md, 2.5
 */
export async function redrawTest(ctx: Ctx, id: string): Promise<StartedTest> {
  authorizeCritical(ctx, 'sign-in:manage')
  const secret = newSecret('msst_')
  return inTransaction(ctx, async (ctx) => {
    const test = await requireTest(ctx, id)
    if (!(await queries.replaceTestToken(ctx.db, ctx.tenantId, id, hashSecret(secret))))
      throw notFound('sso_test_not_found')
    const { alias } = await getConnection(ctx, test.connectionId)
    const objectId = test.connectionId
    await recordEvent(ctx, { type: 'sso_test.created', subjectId: id, objectId, data: {}, personal: {} })
    return { test, alias, secret }
  })
}

/** @throws insufficient_role · sso_test_not_found */
export async function getTest(ctx: ReadCtx, id: string): Promise<SsoTest> {
  authorize(ctx, 'sign-in:read')
  return requireTest(ctx, id)
}

/** For the browser that has just finished it. */
export async function requireTest(ctx: ReadCtx, id: string): Promise<SsoTest> {
  const test = await queries.findTest(ctx.db, ctx.tenantId, id)
  if (test === undefined) throw notFound('sso_test_not_found')
  return test
}
