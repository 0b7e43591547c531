import { authorize, authorizeCritical } from '../access/authorize.ts'
import type { Ctx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { recordEvent } from '../events/record-event.ts'
import { changeSettings, getTenant } from '../tenants/tenants.service.ts'
import type { TenantSettings } from '../tenants/tenants.schema.ts'

/** How people of a workspace sign in with a password, and how long they stay signed in. */
export type SignInSettings = Pick<TenantSettings, 'requiresSecondFactor' | 'sessionIdleMinutes' | 'sessionMaxMinutes'>

const names = ['requiresSecondFactor', 'sessionIdleMinutes', 'sessionMaxMinutes'] as const

/** @throws insufficient_role */
export async function getSignInSettings(ctx: Ctx): Promise<SignInSettings> {
  authorize(ctx, 'sign-in:read')
  return pick((await getTenant(ctx)).settings)
}

/**
 * Changes how people sign in; sessions that are live keep the limits they began with.
 *
 * @throws insufficient_role · reauth_required · right_required
 */
export async function changeSignInSettings(ctx: Ctx, change: Partial<SignInSettings>): Promise<SignInSettings> {
  authorizeCritical(ctx, 'sign-in:manage')
  return inTransaction(ctx, async (ctx) => {
    const before = pick((await getTenant(ctx)).settings)
    const fields = names.filter((name) => change[name] !== undefined && change[name] !== before[name])
    if (fields.length === 0) return before
    await changeSettings(ctx, change)
    await recordEvent(ctx, {
      type: 'tenant.sign_in_changed',
      subjectId: ctx.tenantId,
      data: { fields: [...fields] },
      personal: {},
    })
    return { ...before, ...change }
  })
}

function pick({ requiresSecondFactor, sessionIdleMinutes, sessionMaxMinutes }: TenantSettings): SignInSettings {
  return { requiresSecondFactor, sessionIdleMinutes, sessionMaxMinutes }
}
