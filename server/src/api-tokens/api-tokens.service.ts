import { v4 as randomUuid, v7 as uuid } from 'uuid'
import { authorize, insufficientRole, may } from '../access/authorize.ts'
import type { Ctx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { requireVersion, tagOf } from '../access/version-check.ts'
import { addToCounter } from '../db/counters.ts'
import { ApiError, notFound } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import type { Page } from '../lists/envelope.ts'
import type { ListQuery } from '../lists/list-query.ts'
import { readRoles } from '../roles/roles.service.ts'
import { hashSecret, newSecret } from '../secrets/secrets.ts'
import { requireCleanName } from '../text/clean-text.ts'
import { selectTokenPage } from './api-tokens-page.queries.ts'
import * as queries from './api-tokens.queries.ts'
import {
  lifetimeMaxSeconds,
  type ApiToken,
  type ApiTokenChange,
  type IssuedApiToken,
  type NewApiToken,
  type NewServiceToken,
} from './api-tokens.schema.ts'

/**
 * Lists tokens that were not revoked: an admin sees all, everybody else their own.
 *
 * @throws insufficient_role · invalid_filter
 */
export function listTokens(ctx: Ctx, query: ListQuery): Promise<Page<ApiToken>> {
  authorize(ctx, 'tokens:own')
  return selectTokenPage(ctx.db, ctx.tenantId, query, may(ctx, 'tokens:all') ? 'all' : { ownerId: ctx.actor.userId })
}

/**
 * Creates a token that acts with its owner's current role. The secret is in this answer only.
 *
 * @source contract/rest-api.md, T2
 */
export async function createToken(ctx: Ctx, input: NewApiToken): Promise<IssuedApiToken> {
  authorize(ctx, 'tokens:own')
  return inTransaction(ctx, async (ctx) => {
    const { userId, role } = ctx.actor
    // A service token's tokens have no owner either: they take its role.
    const roleId = userId === null && role !== null ? (await readRoles(ctx)).requireWorkspaceRoleByName(role).id : null
    return issue(ctx, {
      ...input,
      ...cutLifetime(input.lifetimeSeconds, ctx),
      ownerId: userId,
      roleId,
      rights: [],
      secret: newSecret('mst_'),
    })
  })
}

/** Issues a token of the host operator. @throws role_not_found */
export async function issueServiceToken(ctx: Ctx, input: NewServiceToken): Promise<IssuedApiToken> {
  return inTransaction(ctx, async (ctx) => {
    const role = (await readRoles(ctx)).requireWorkspaceRoleByName(input.role)
    return issue(ctx, {
      ...input,
      description: 'Issued by the host operator',
      personas: [],
      ownerId: null,
      roleId: role.id,
      lifetimeSeconds: input.lifetimeSeconds ?? lifetimeMaxSeconds,
      expiresAt: input.lifetimeSeconds === null ? 0 : ctx.now.getTime() + input.lifetimeSeconds * 1000,
      secret: input.secret ?? newSecret('mst_'),
    })
  })
}

/** Issues a personal token in a user's name, by word of the host operator. */
export async function issueTokenFor(ctx: Ctx, ownerId: string, input: NewApiToken): Promise<IssuedApiToken> {
  return inTransaction(ctx, (ctx) =>
    issue(ctx, {
      ...input,
      ...cutLifetime(input.lifetimeSeconds, ctx),
      ownerId,
      roleId: null,
      rights: [],
      secret: newSecret('mst_'),
    }),
  )
}

/**
 * Changes name, description and personas; the validity stays.
 *
 * @throws api_token_not_found · insufficient_role · version_mismatch
 */
export async function updateToken(ctx: Ctx, id: string, change: ApiTokenChange, ifMatch?: string): Promise<ApiToken> {
  authorize(ctx, 'tokens:own')
  return inTransaction(ctx, async (ctx) => {
    const token = await requireManageable(ctx, id)
    requireVersion(ifMatch, tokenTag(token))
    const next = {
      ...token,
      displayName: requireCleanName(change.displayName, 'displayName', ctx.limits),
      description: requireCleanName(change.description ?? token.description, 'description', ctx.limits),
      personas: change.personas ?? token.personas,
    }
    const fields = (['displayName', 'description', 'personas'] as const).filter(
      (field) => JSON.stringify(next[field]) !== JSON.stringify(token[field]),
    )
    if (fields.length === 0) return token
    await queries.updateToken(ctx.db, ctx.tenantId, id, {
      display_name: next.displayName,
      description: next.description,
      personas: JSON.stringify(next.personas),
      updated_at: ctx.now.getTime(),
      updated_by: ctx.actor.name,
    })
    await recordEvent(ctx, { type: 'api_token.updated', subjectId: id, data: { fields }, personal: {} })
    return { ...next, version: token.version + 1 }
  })
}

/**
 * Draws a new secret for a token; the one before opens nothing from here on. For who did not get to read the first.
 *
 * @throws api_token_not_found · insufficient_role
 * @source contract/rest-api.md, 2.5
 */
export async function redrawSecret(ctx: Ctx, id: string): Promise<IssuedApiToken> {
  authorize(ctx, 'tokens:own')
  return inTransaction(ctx, async (ctx) => {
    const token = await requireManageable(ctx, id)
    const secret = newSecret('mst_')
    const isAlive = await queries.replaceSecret(ctx.db, ctx.tenantId, id, {
      token_hash: hashSecret(secret),
      last_four: secret.slice(-4),
    })
    if (!isAlive) throw notFound('api_token_not_found')
    const data = { clientId: token.clientId }
    await recordEvent(ctx, { type: 'api_token.secret_redrawn', subjectId: id, data, personal: {} })
    return { token, secret }
  })
}

/** Revokes a token: its next request is refused. @throws api_token_not_found · insufficient_role */
export async function revokeToken(ctx: Ctx, id: string): Promise<void> {
  authorize(ctx, 'tokens:own')
  await inTransaction(ctx, async (ctx) => {
    const token = await requireManageable(ctx, id)
    if (!(await queries.revokeToken(ctx.db, ctx.tenantId, id, ctx.now.getTime()))) throw notFound('api_token_not_found')
    await addToCounter(ctx.db, ctx.tenantId, 'api_tokens', -1)
    await recordEvent(ctx, {
      type: 'api_token.revoked',
      subjectId: id,
      data: { clientId: token.clientId },
      personal: {},
    })
  })
}

/** Part of deleting a user. */
export async function deleteTokensOfOwner(ctx: TrxCtx, ownerId: string): Promise<void> {
  const alive = await queries.deleteTokensOfOwner(ctx.db, ctx.tenantId, ownerId)
  await addToCounter(ctx.db, ctx.tenantId, 'api_tokens', -alive)
}

export function tokenTag(token: ApiToken): string {
  return tagOf(token.version)
}

interface Issue {
  readonly displayName: string
  readonly description: string
  readonly personas: readonly string[]
  readonly ownerId: string | null
  readonly roleId: string | null
  readonly rights: readonly string[]
  readonly lifetimeSeconds: number
  /** Epoch ms, 0 = never. */
  readonly expiresAt: number
  readonly secret: string
}

async function issue(ctx: TrxCtx, input: Issue): Promise<IssuedApiToken> {
  const now = ctx.now.getTime()
  const token: ApiToken = {
    id: uuid(),
    clientId: `apikey-${randomUuid()}`,
    displayName: requireCleanName(input.displayName, 'displayName', ctx.limits),
    description: requireCleanName(input.description, 'description', ctx.limits),
    ownerId: input.ownerId,
    personas: input.personas,
    lifetimeSeconds: input.lifetimeSeconds,
    createdAt: now,
    createdBy: ctx.actor.name,
    version: 1,
  }
  await queries.insertToken(ctx.db, {
    tenant_id: ctx.tenantId,
    id: token.id,
    client_id: token.clientId,
    token_hash: hashSecret(input.secret),
    last_four: input.secret.slice(-4),
    display_name: token.displayName,
    description: token.description,
    owner_id: token.ownerId,
    role_id: input.roleId,
    rights: JSON.stringify(input.rights),
    personas: JSON.stringify(token.personas),
    lifetime_seconds: token.lifetimeSeconds,
    created_at: now,
    created_by: token.createdBy,
    updated_at: 0,
    updated_by: '',
    expires_at: input.expiresAt,
    revoked_at: 0,
    last_used_at: 0,
    version: 1,
  })
  await addToCounter(ctx.db, ctx.tenantId, 'api_tokens', 1)
  const data = { clientId: token.clientId, name: token.displayName }
  await recordEvent(ctx, { type: 'api_token.created', subjectId: token.id, data, personal: {} })
  return { token, secret: input.secret }
}

/** A token never outlives the one that made it, not by a millisecond. @throws invalid_body */
function cutLifetime(wanted: number | null, ctx: TrxCtx): Pick<Issue, 'lifetimeSeconds' | 'expiresAt'> {
  if (wanted === 0) {
    throw new ApiError('invalid_body', {
      detail: 'validitySeconds is 0; send 1 or more, or leave it out for the maximum.',
    })
  }
  const asked = wanted === null || wanted < 0 ? lifetimeMaxSeconds : Math.min(wanted, lifetimeMaxSeconds)
  const now = ctx.now.getTime()
  const expiresAt = Math.min(now + asked * 1000, ctx.actor.expiresAt ?? Number.POSITIVE_INFINITY)
  return { lifetimeSeconds: Math.max(1, Math.floor((expiresAt - now) / 1000)), expiresAt }
}

/** Admins manage all tokens, others their own; another tenant's is not there. */
async function requireManageable(ctx: TrxCtx, id: string): Promise<ApiToken> {
  const token = await queries.findToken(ctx.db, ctx.tenantId, id)
  if (token === undefined) throw notFound('api_token_not_found')
  const isOwn = token.ownerId !== null && token.ownerId === ctx.actor.userId
  if (!isOwn && !may(ctx, 'tokens:all')) throw insufficientRole(ctx.actor.role)
  return token
}
