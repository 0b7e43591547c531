import { issueServiceToken } from '../api-tokens/api-tokens.service.ts'
import type { Config, Secrets } from '../config.ts'
import type { Db } from '../db/db.ts'
import { inviteUsers } from '../invitations/invite.service.ts'
import { copyInvitationLink, listInvitations } from '../invitations/invitations.service.ts'
import { createTenant, findTenantBySlug, listTenants } from '../tenants/tenants.service.ts'
import { operatorCtx } from './operator.ts'

/** What the first start prints, once. */
export interface FirstStart {
  /** Of the sign-up link of the first admin. */
  readonly invitationToken: string
  /** The service token; null when it was chosen beforehand. */
  readonly apiToken: string | null
}

/**
 * Makes the bootstrap tenant, its first admin and a service token; does nothing when any tenant exists.
 *
 * @returns null on every later start
 */
export async function firstStart(db: Db, config: Config, secrets: Secrets): Promise<FirstStart | null> {
  if ((await listTenants(db)).length > 0) return null
  const { tenant: slug, plan, adminEmail } = config.bootstrap
  await createTenant(operatorCtx(db, ''), { slug, name: slug, plan })
  const tenant = await findTenantBySlug(db, slug)
  if (tenant === undefined) throw new Error(`the tenant ${slug} was created and is not there`)
  const ctx = operatorCtx(db, tenant.id)
  const { failed } = await inviteUsers(ctx, [{ address: adminEmail, roleName: '$admin' }])
  const [failure] = failed.values()
  if (failure !== undefined) throw new Error(`MUSTER_BOOTSTRAP_ADMIN_EMAIL: ${failure.text}`)
  const { secret } = await issueServiceToken(ctx, {
    displayName: 'bootstrap',
    role: '$admin',
    rights: ['sign-in-settings'],
    lifetimeSeconds: null,
    secret: secrets.bootstrapToken,
  })
  const { items } = await listInvitations(ctx, {
    limit: 1,
    offset: 0,
    sort: null,
    withTotals: false,
    filter: null,
    columns: null,
    cursor: null,
    maxLoginEvents: 0,
    limits: ctx.limits,
  })
  const { token } = await copyInvitationLink(ctx, items[0]?.id ?? '')
  return { invitationToken: token, apiToken: secrets.bootstrapToken === null ? secret : null }
}
