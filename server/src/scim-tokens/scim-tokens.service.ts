import { v7 as uuid } from 'uuid'
import { authorize, authorizeCritical } from '../access/authorize.ts'
import type { Ctx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import type { Db } from '../db/db.ts'
import { ApiError, notFound } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import { hashSecret, newSecret } from '../secrets/secrets.ts'
import { changeSettings } from '../tenants/tenants.service.ts'
import { requireCleanName } from '../text/clean-text.ts'
import { holdScimSettings, makeSettings, requireReady } from './scim-settings.service.ts'
import * as queries from './scim-tokens.queries.ts'
import {
  lifetimeDefaultSeconds,
  lifetimeMaxSeconds,
  lifetimeMinSeconds,
  tokenState,
  type NewScimToken,
  type ScimToken,
} from './scim-tokens.schema.ts'

const liveMax = 2

export interface IssuedScimToken {
  readonly token: ScimToken
  /** In this answer and nowhere else. */
  readonly secret: string
}

/** The newest first, those that ended too. @throws insufficient_role */
export function listTokens(ctx: Ctx): Promise<ScimToken[]> {
  authorize(ctx, 'sign-in:read')
  return queries.selectTokens(ctx.db, ctx.tenantId)
}

/**
 * Makes a SCIM token; the first one switches SCIM on.
 *
 * @throws insufficient_role · reauth_required · right_required · plan_required · sso_required · scim_token_limit · invalid_body
 * @source contract/scim.md 3.3
 */
export async function createToken(ctx: Ctx, input: NewScimToken): Promise<IssuedScimToken> {
  authorizeCritical(ctx, 'sign-in:manage')
  const label = requireCleanName(input.label, 'label', ctx.limits)
  const lifetimeSeconds = requireLifetime(input.lifetimeSeconds)
  return inTransaction(ctx, async (ctx) => {
    await requireReady(ctx)
    await makeSettings(ctx)
    await holdScimSettings(ctx)
    await requireRoom(ctx)
    await changeSettings(ctx, { scimIsOn: true })
    const issued = await issue(ctx, { ...input, label }, lifetimeSeconds)
    await recordEvent(ctx, {
      type: 'scim_token.created',
      subjectId: issued.token.id,
      data: { label, access: input.access },
      personal: {},
    })
    return issued
  })
}

function requireLifetime(seconds: number | null): number {
  const lifetime = seconds ?? lifetimeDefaultSeconds
  if (lifetime < lifetimeMinSeconds || lifetime > lifetimeMaxSeconds) {
    throw new ApiError('invalid_body', { detail: 'validitySeconds takes 86400 (a day) to 157680000 (five years).' })
  }
  return lifetime
}

async function requireRoom(ctx: TrxCtx): Promise<void> {
  const now = ctx.now.getTime()
  const live = (await queries.selectTokens(ctx.db, ctx.tenantId)).filter((token) => isLive(token, now))
  if (live.length < liveMax) return
  throw new ApiError('scim_token_limit', { detail: 'Two SCIM tokens are live; revoke one, or rotate one, first.' })
}

function isLive(token: ScimToken, now: number): boolean {
  const state = tokenState(token, now)
  return state === 'live' || state === 'ending'
}

async function issue(ctx: TrxCtx, input: NewScimToken, lifetimeSeconds: number): Promise<IssuedScimToken> {
  const id = uuid()
  const secret = newSecret('mscim_')
  const now = ctx.now.getTime()
  await queries.insertToken(ctx.db, {
    tenant_id: ctx.tenantId,
    id,
    label: input.label,
    token_hash: hashSecret(secret),
    last_four: secret.slice(-4),
    access: input.access,
    profile: input.profile ?? '',
    created_at: now,
    created_by: ctx.actor.name,
    creator_id: ctx.actor.userId ?? '',
    expires_at: now + lifetimeSeconds * 1_000,
    revoked_at: 0,
    revoked_by: '',
    replaced_by: '',
    last_used_at: 0,
    last_used_address: '',
    last_used_agent: '',
  })
  return { token: await requireToken(ctx, id), secret }
}

async function requireToken(ctx: TrxCtx, id: string): Promise<ScimToken> {
  const token = await queries.findToken(ctx.db, ctx.tenantId, id)
  if (token === undefined) throw notFound('scim_token_not_found')
  return token
}

/**
 * Draws a new secret for a token; the one before opens nothing from here on. For who did not get to read the first.
 *
 * @throws insufficient_role · reauth_required · right_required · scim_token_not_found · scim_token_ended
 * @source contract/rest-api.md, 2.5
 */
export async function redrawSecret(ctx: Ctx, id: string): Promise<IssuedScimToken> {
  authorizeCritical(ctx, 'sign-in:manage')
  const secret = newSecret('mscim_')
  return inTransaction(ctx, async (ctx) => {
    await holdScimSettings(ctx)
    const token = await requireToken(ctx, id)
    if (tokenState(token, ctx.now.getTime()) !== 'live')
      throw new ApiError('scim_token_ended', { detail: 'This token has ended or was rotated already; make a new one.' })
    const change = { token_hash: hashSecret(secret), last_four: secret.slice(-4) }
    await queries.updateToken(ctx.db, ctx.tenantId, id, change)
    await recordEvent(ctx, {
      type: 'scim_token.rotated',
      subjectId: id,
      data: { replacedBy: id, endsAt: ctx.now.getTime() },
      personal: {},
    })
    return { token: await requireToken(ctx, id), secret }
  })
}

/**
 * Puts a new token next to an old one, which ends after the overlap.
 *
 * @param overlapSeconds 0, an hour, a day or a week
 * @throws insufficient_role · reauth_required · right_required · scim_token_not_found · scim_token_ended · scim_token_limit
 */
export async function rotateToken(ctx: Ctx, id: string, overlapSeconds: number): Promise<IssuedScimToken> {
  authorizeCritical(ctx, 'sign-in:manage')
  return inTransaction(ctx, async (ctx) => {
    await holdScimSettings(ctx)
    const token = await requireToken(ctx, id)
    const now = ctx.now.getTime()
    if (tokenState(token, now) !== 'live')
      throw new ApiError('scim_token_ended', { detail: 'This token has ended or was rotated already; make a new one.' })
    if (overlapSeconds > 0) await requireRoom(ctx)
    const lifetimeSeconds = Math.round((token.expiresAt - token.createdAt) / 1_000)
    const issued = await issue(ctx, { ...token, lifetimeSeconds }, lifetimeSeconds)
    const endsAt = Math.min(token.expiresAt, now + overlapSeconds * 1_000)
    await queries.updateToken(ctx.db, ctx.tenantId, id, { replaced_by: issued.token.id, expires_at: endsAt })
    await recordEvent(ctx, {
      type: 'scim_token.rotated',
      subjectId: id,
      data: { replacedBy: issued.token.id, endsAt },
      personal: {},
    })
    return issued
  })
}

/** Ends a token at once; a second time changes nothing. @throws insufficient_role · reauth_required · right_required · scim_token_not_found */
export async function revokeToken(ctx: Ctx, id: string): Promise<void> {
  authorizeCritical(ctx, 'sign-in:manage')
  await inTransaction(ctx, async (ctx) => {
    const token = await requireToken(ctx, id)
    if (token.revokedAt > 0) return
    await queries.updateToken(ctx.db, ctx.tenantId, id, { revoked_at: ctx.now.getTime(), revoked_by: ctx.actor.name })
    await recordEvent(ctx, { type: 'scim_token.revoked', subjectId: id, data: { label: token.label }, personal: {} })
  })
}

/** The token behind a secret, alive or not; for the gate, which tells administrators why and clients nothing. */
export function findTokenBySecret(db: Db, tenantId: string, secret: string): Promise<ScimToken | undefined> {
  return queries.findTokenByHash(db, tenantId, hashSecret(secret))
}
