import { LRUCache } from 'lru-cache'
import { v7 as uuid } from 'uuid'
import type { Ctx, ReadCtx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { slugPattern } from '../config.ts'
import type { Db } from '../db/db.ts'
import { violatesUnique } from '../db/dialects/violations.ts'
import { ApiError } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import { createBuiltInRoles } from '../roles/roles.service.ts'
import { createTenantKeys } from './tenant-keys.service.ts'
import * as queries from './tenants.queries.ts'
import { defaultSettings, type Plan, type Tenant, type TenantSettings } from './tenants.schema.ts'

interface NewTenant {
  readonly slug: string
  readonly name: string
  readonly plan: Plan
}

/**
 * Creates a tenant with its built-in roles; the host operator alone does this.
 *
 * @throws invalid_request · tenant_exists
 */
export async function createTenant(ctx: Ctx, input: NewTenant): Promise<Tenant> {
  if (!slugPattern.test(input.slug)) {
    throw new ApiError('invalid_request', {
      detail: `"${input.slug}" is no slug: use a-z, 0-9 and -, at most 63 characters.`,
    })
  }
  const tenant: Tenant = {
    ...input,
    id: uuid(),
    state: 'active',
    settings: defaultSettings,
    createdAt: ctx.now.getTime(),
  }
  await inTransaction({ ...ctx, tenantId: tenant.id, db: ctx.db.forTenant(tenant.id) }, async (ctx) => {
    try {
      await queries.insertTenant(ctx.db, tenant)
    } catch (error) {
      if (!violatesUnique(error, 'tenants', 'slug')) throw error
      throw new ApiError('tenant_exists', { detail: `There is a tenant ${tenant.slug} already.`, cause: error })
    }
    await createTenantKeys(ctx)
    await createBuiltInRoles(ctx)
    await recordEvent(ctx, {
      type: 'tenant.created',
      subjectId: tenant.id,
      data: { slug: tenant.slug, plan: tenant.plan },
      personal: {},
    })
  })
  return tenant
}

/** All tenants by slug, for the host operator; by the process's own handle. */
export function listTenants(db: Db): Promise<Tenant[]> {
  return queries.selectTenants(db)
}

export function findTenantBySlug(db: Db, slug: string): Promise<Tenant | undefined> {
  return queries.findTenantBySlug(db, slug)
}

export function findTenantById(db: Db, tenantId: string): Promise<Tenant | undefined> {
  return queries.findTenant(db.forTenant(tenantId), tenantId)
}

export async function getTenant(ctx: Pick<ReadCtx, 'db' | 'tenantId'>): Promise<Tenant> {
  const tenant = await queries.findTenant(ctx.db, ctx.tenantId)
  if (tenant === undefined) throw new Error(`tenant ${ctx.tenantId} is gone`)
  return tenant
}

export async function changePlan(ctx: Ctx, plan: Plan): Promise<void> {
  await inTransaction(ctx, async (ctx) => {
    const tenant = await getTenant(ctx)
    if (tenant.plan === plan) return
    await queries.updateTenant(ctx.db, tenant.id, { plan })
    await recordEvent(ctx, {
      type: 'tenant.plan_changed',
      subjectId: tenant.id,
      data: { from: tenant.plan, to: plan },
      personal: {},
    })
  })
}

/** Switches one of the tenant's settings; what is so already stays. The event is the caller's. */
export async function changeSettings(ctx: TrxCtx, change: Partial<TenantSettings>): Promise<void> {
  const { settings } = await getTenant(ctx)
  await queries.updateTenant(ctx.db, ctx.tenantId, { settings: JSON.stringify({ ...settings, ...change }) })
}

/** Stops serving a tenant; its data stays. */
export async function disableTenant(ctx: Ctx): Promise<void> {
  await inTransaction(ctx, async (ctx) => {
    const tenant = await getTenant(ctx)
    if (tenant.state === 'disabled') return
    await queries.updateTenant(ctx.db, tenant.id, { state: 'disabled' })
    await recordEvent(ctx, { type: 'tenant.disabled', subjectId: tenant.id, data: {}, personal: {} })
  })
}

/** Call after a change that many users' documents show: they are built anew when next read. */
export function catalogueChanged(ctx: TrxCtx): Promise<void> {
  return queries.raiseCatalogueVersion(ctx.db, ctx.tenantId)
}

interface HostRules {
  readonly baseDomain: string
  readonly defaultTenant: string | null
  readonly publicHost: string | null
}

/** A disabled tenant may be served this much longer, and no more. */
const tenantCacheMs = 1_000

/** Answers the tenant a host stands for; undefined for every host that is none, and for disabled tenants. */
export function tenantFinder(db: Db, rules: HostRules): (host: string, now: Date) => Promise<string | undefined> {
  const known = new LRUCache<string, { id: string; readAt: number }>({ max: 10_000 })
  return async (host, now) => {
    const slug = slugForHost(host, rules)
    if (slug === undefined) return undefined
    const cached = known.get(slug)
    if (cached !== undefined && Math.abs(now.getTime() - cached.readAt) < tenantCacheMs) return cached.id
    const tenant = await queries.findTenantBySlug(db, slug)
    if (tenant === undefined || tenant.state !== 'active') return undefined
    known.set(slug, { id: tenant.id, readAt: now.getTime() })
    return tenant.id
  }
}

function slugForHost(host: string, { baseDomain, defaultTenant, publicHost }: HostRules): string | undefined {
  const name = hostName(host)
  if (name === undefined) return undefined
  if (name.endsWith(`.${baseDomain}`)) {
    const slug = name.slice(0, -baseDomain.length - 1)
    return slugPattern.test(slug) ? slug : undefined
  }
  const isBare = name === 'localhost' || name === publicHost || /^[0-9.]+$/.test(name) || name.startsWith('[')
  return isBare && defaultTenant !== null ? defaultTenant : undefined
}

/** Lower case, without port and final dot; undefined for what is no plain host. */
function hostName(host: string): string | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::[0-9]{1,5})?$/.exec(host.toLowerCase())
  const name = match?.[1]?.replace(/\.$/, '')
  return name === undefined || name === '' ? undefined : name
}
