import { v7 as uuid } from 'uuid'
import { authorize, authorizeCritical } from '../access/authorize.ts'
import type { Ctx, ReadCtx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { violatesUnique } from '../db/dialects/violations.ts'
import { ApiError, notFound } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import { newSecret } from '../secrets/secrets.ts'
import { parseEmailAddress } from '../text/email-address.ts'
import * as queries from './domains.queries.ts'
import { recordName, type Domain, type TxtResolver } from './domains.schema.ts'

export const domainsMax = 100

/** @throws insufficient_role */
export function listDomains(ctx: Ctx): Promise<Domain[]> {
  authorize(ctx, 'sign-in:read')
  return queries.selectDomains(ctx.db, ctx.tenantId)
}

/**
 * Whether the workspace has proven that addresses of this domain are its own to give. For signing in, without a check
 * of its own.
 */
export async function isVerifiedAddress(ctx: ReadCtx, email: string): Promise<boolean> {
  const name = email.slice(email.lastIndexOf('@') + 1)
  const domain = await queries.findDomainByName(ctx.db, ctx.tenantId, name)
  return domain !== undefined && domain.verifiedAt > 0
}

/**
 * Adds a domain to be proven.
 *
 * @throws insufficient_role · reauth_required · right_required · invalid_body · domain_exists · domain_limit
 */
export async function addDomain(ctx: Ctx, text: string): Promise<Domain> {
  authorizeCritical(ctx, 'sign-in:manage')
  const name = requireDomainName(text)
  return inTransaction(ctx, async (ctx) => {
    if ((await queries.selectDomains(ctx.db, ctx.tenantId)).length >= domainsMax) {
      throw new ApiError('domain_limit', { detail: `A workspace has at most ${domainsMax} domains; delete one first.` })
    }
    const id = uuid()
    try {
      await queries.insertDomain(ctx.db, {
        tenant_id: ctx.tenantId,
        id,
        name,
        challenge: `muster-domain-verification=${newSecret('mdom_')}`,
        created_at: ctx.now.getTime(),
        created_by: ctx.actor.name,
      })
    } catch (error) {
      if (!violatesUnique(error, 'domains', 'name')) throw error
      throw new ApiError('domain_exists', { detail: `The domain ${name} is listed already.`, cause: error })
    }
    await recordEvent(ctx, { type: 'domain.added', subjectId: id, data: { name }, personal: {} })
    return requireDomain(ctx, id)
  })
}

/**
 * Looks for the TXT record and believes it. Verified already stays so.
 *
 * @throws insufficient_role · reauth_required · right_required · domain_not_found · domain_unproven
 */
export async function verifyDomain(ctx: Ctx, id: string, resolveTxt: TxtResolver): Promise<Domain> {
  authorizeCritical(ctx, 'sign-in:manage')
  const domain = await requireDomain(ctx, id)
  if (domain.verifiedAt > 0) return domain
  const texts = await resolveTxt(recordName(domain)).catch((error: unknown) => {
    throw unproven(domain, 'the DNS did not answer', error)
  })
  if (!texts.includes(domain.challenge)) throw unproven(domain, 'the record is not there yet')
  return markVerified(ctx, domain, 'dns')
}

/** The host operator's word. @throws domain_not_found */
export async function verifyDomainByOperator(ctx: Ctx, text: string): Promise<Domain> {
  authorizeCritical(ctx, 'sign-in:manage')
  const name = requireDomainName(text)
  const listed = await queries.findDomainByName(ctx.db, ctx.tenantId, name)
  const domain = listed ?? (await addDomain(ctx, name))
  return domain.verifiedAt > 0 ? domain : markVerified(ctx, domain, 'operator')
}

async function markVerified(ctx: Ctx, { id, name }: Domain, by: 'dns' | 'operator'): Promise<Domain> {
  return inTransaction(ctx, async (ctx) => {
    await queries.markVerified(ctx.db, ctx.tenantId, { id, at: ctx.now.getTime(), by })
    await recordEvent(ctx, { type: 'domain.verified', subjectId: id, data: { name, by }, personal: {} })
    return requireDomain(ctx, id)
  })
}

/** @throws insufficient_role · reauth_required · right_required · domain_not_found */
export async function deleteDomain(ctx: Ctx, id: string): Promise<void> {
  authorizeCritical(ctx, 'sign-in:manage')
  await inTransaction(ctx, async (ctx) => {
    const { name } = await requireDomain(ctx, id)
    await queries.deleteDomain(ctx.db, ctx.tenantId, id)
    await recordEvent(ctx, { type: 'domain.deleted', subjectId: id, data: { name }, personal: {} })
  })
}

async function requireDomain(ctx: Ctx | TrxCtx, id: string): Promise<Domain> {
  const domain = await queries.findDomain(ctx.db, ctx.tenantId, id)
  if (domain === undefined) throw notFound('domain_not_found')
  return domain
}

/** As addresses are stored: A-labels. A domain is what may stand behind the @ of an address. */
function requireDomainName(text: string): string {
  const address = parseEmailAddress(`someone@${text.trim()}`)
  const name = address?.slice(address.lastIndexOf('@') + 1)
  if (name === undefined || !name.includes('.')) {
    throw new ApiError('invalid_body', {
      detail: 'This is no domain of e-mail addresses; it should look like example.com.',
    })
  }
  return name
}

function unproven(domain: Domain, why: string, cause?: unknown): ApiError {
  return new ApiError('domain_unproven', {
    detail: `${domain.name} is not proven: ${why}. Publish a TXT record ${recordName(domain)} with the text ${domain.challenge}, wait until it can be seen, and try again.`,
    cause,
  })
}
