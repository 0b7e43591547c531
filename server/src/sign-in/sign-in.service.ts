import type { Ctx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { toKey } from '../db/normal-key.ts'
import { ApiError } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import { isOutdated, isPassword, rehash, storePassword } from '../passwords/passwords.service.ts'
import {
  confirmTotp,
  hasSecondFactor,
  readSecondFactors,
  takeCode,
  wrongCode,
} from '../second-factors/second-factors.service.ts'
import { hashSecret, newSecret } from '../secrets/secrets.ts'
import type { NewSession } from '../sessions/sessions.schema.ts'
import { startSession } from '../sessions/sessions.service.ts'
import { getTenant } from '../tenants/tenants.service.ts'
import { parseEmailAddress } from '../text/email-address.ts'
import { beginPending, consumePending, findPending } from './pending.service.ts'
import * as queries from './sign-in.queries.ts'
import type { PasswordSignIn, SignInStep } from './sign-in.schema.ts'
import { accountLimit, addressLimit, clearFailures, countAttempt } from './throttle.service.ts'

/** All spellings of a name that mean one account are one key. */
export function loginKey(login: string): string {
  const typed = login.trim()
  return toKey(parseEmailAddress(typed) ?? typed)
}

/**
 * Signs somebody in with a password. Unknown names, wrong passwords and people who may not come in take the same way,
 * the same work and the same answer.
 *
 * @throws sign_in_refused · rate_limited · unavailable
 * @source contract/security-and-reliability.md 7.3, G12, V-I11, V-K11
 */
export async function signInWithPassword(ctx: Ctx, { login, password, device }: PasswordSignIn): Promise<SignInStep> {
  const key = loginKey(login)
  const candidate = await queries.findCandidate(ctx.db, ctx.tenantId, key)
  const userId = candidate?.userId ?? ''
  const counter = await counterOf(ctx, { userId, key, device })
  const refusal = await countAttempt(ctx, [addressLimit(ctx), accountLimit(counter)])
  if (refusal !== undefined) {
    if (refusal.key === counter) await recordRefusal(ctx, { userId, login, method: 'password', reason: 'throttled' })
    throw refusal.error
  }
  const isRight = await isPassword(candidate?.passwordHash ?? null, password)
  const newHash =
    isRight && candidate?.passwordHash != null && isOutdated(candidate.passwordHash) ? await rehash(password) : null
  const step = await inTransaction(ctx, async (ctx) => {
    const reason = await refusalReason(ctx, candidate, isRight)
    if (reason !== undefined) return recordRefusalIn(ctx, { userId, login, method: 'password', reason })
    await clearFailures(ctx, [counter])
    if (newHash !== null) await storePassword(ctx, userId, newHash)
    return continueAfterPassword(ctx, userId, device)
  })
  if (step === undefined) throw refused()
  return step
}

/** A browser in which the person has signed in before counts for itself: guesses from elsewhere do not lock it out. */
async function counterOf(
  ctx: Ctx,
  { userId, key, device }: { readonly userId: string; readonly key: string; readonly device: string },
): Promise<string> {
  const deviceHash = hashSecret(device)
  const isKnown = await queries.isKnownDevice(ctx.db, ctx.tenantId, userId, deviceHash)
  if (isKnown) return `device:${userId}:${deviceHash}`
  return userId === '' ? `name:${hashSecret(key)}` : userCounter(userId)
}

/** Failures of an account in browsers that nobody knows. */
export function userCounter(userId: string): string {
  return `user:${userId}`
}

/** Read again inside the transaction that acts: somebody may have been disabled while the password was hashed. */
async function refusalReason(
  ctx: TrxCtx,
  candidate: queries.Candidate | undefined,
  isRight: boolean,
): Promise<string | undefined> {
  const current = await queries.findCandidateById(ctx.db, ctx.tenantId, candidate?.userId ?? '')
  const { settings } = await getTenant(ctx)
  if (candidate === undefined || current === undefined) return 'unknown'
  if (current.passwordHash === null) return 'no_password'
  if (!isRight || current.passwordHash !== candidate.passwordHash) return 'wrong_password'
  if (!current.enabled) return 'disabled'
  if (current.isPending) return 'pending'
  return settings.enforcesSso ? 'sso_enforced' : undefined
}

async function continueAfterPassword(ctx: TrxCtx, userId: string, device: string): Promise<SignInStep> {
  const { settings } = await getTenant(ctx)
  const factors = await readSecondFactors(ctx, userId)
  const purpose = hasSecondFactor(factors) ? 'second_factor' : settings.requiresSecondFactor ? 'enrol' : undefined
  if (purpose !== undefined) return { kind: purpose, token: await beginPending(ctx, { purpose, userId, data: {} }) }
  return finish(ctx, { userId, method: 'password', secondFactor: '' }, device)
}

/** Starts the session and remembers the browser; part of every sign-in without an identity provider. */
export async function finish(ctx: TrxCtx, input: NewSession, device: string): Promise<SignInStep> {
  const started = await startSession(ctx, input)
  const deviceHash = hashSecret(device)
  const isKnown = await queries.isKnownDevice(ctx.db, ctx.tenantId, input.userId, deviceHash)
  const kept = isKnown ? device : newSecret('mdev_')
  await queries.upsertDevice(ctx.db, ctx.tenantId, {
    userId: input.userId,
    deviceHash: hashSecret(kept),
    at: ctx.now.getTime(),
  })
  return { kind: 'signed_in', started, device: kept }
}

interface CodeSignIn {
  /** What the cookie holds since the password was right. */
  readonly pending: string
  readonly code: string
  readonly device: string
}

/**
 * The second step: a code of the authenticator app, or a recovery code.
 *
 * @throws sign_in_refused · rate_limited
 */
export async function signInWithCode(ctx: Ctx, { pending, code, device }: CodeSignIn): Promise<SignInStep> {
  const { userId } = await requirePending(ctx, pending, 'second_factor')
  await countCode(ctx, userId)
  const step = await inTransaction(ctx, async (ctx) => {
    const user = await queries.findCandidateById(ctx.db, ctx.tenantId, userId)
    const secondFactor = user?.enabled === true ? await takeCode(ctx, userId, code) : undefined
    if (secondFactor === undefined)
      return recordRefusalIn(ctx, { userId, login: '', method: 'second_factor', reason: 'wrong_code' })
    if ((await consumePending(ctx, pending, 'second_factor')) === undefined) return undefined
    await clearFailures(ctx, [codeCounter(userId)])
    return finish(ctx, { userId, method: 'password', secondFactor }, device)
  })
  if (step === undefined) throw wrongCode()
  return step
}

/**
 * The second step for somebody who must set up an authenticator app first.
 *
 * @returns the sign-in, and recovery codes to be shown once
 * @throws sign_in_refused · rate_limited
 */
export async function signInWithFirstCode(
  ctx: Ctx,
  { pending, code, device }: CodeSignIn,
): Promise<{ readonly step: SignInStep; readonly recoveryCodes: readonly string[] }> {
  const { userId } = await requirePending(ctx, pending, 'enrol')
  await countCode(ctx, userId)
  const done = await inTransaction(ctx, async (ctx) => {
    const user = await queries.findCandidateById(ctx.db, ctx.tenantId, userId)
    const recoveryCodes = user?.enabled === true ? await confirmTotp(ctx, userId, code) : undefined
    if (recoveryCodes === undefined)
      return recordRefusalIn(ctx, { userId, login: '', method: 'second_factor', reason: 'wrong_code' })
    if ((await consumePending(ctx, pending, 'enrol')) === undefined) throw expired()
    await clearFailures(ctx, [codeCounter(userId)])
    return { step: await finish(ctx, { userId, method: 'password', secondFactor: 'totp' }, device), recoveryCodes }
  })
  if (done === undefined) throw wrongCode()
  return done
}

/** @throws sign_in_refused */
export async function requirePending(
  ctx: Ctx,
  token: string,
  purpose: 'second_factor' | 'enrol',
): Promise<{ readonly userId: string }> {
  const found = await findPending(ctx, token, purpose)
  if (found === undefined) throw expired()
  return found
}

export function codeCounter(userId: string): string {
  return `${userCounter(userId)}:code`
}

async function countCode(ctx: Ctx, userId: string): Promise<void> {
  const refusal = await countAttempt(ctx, [addressLimit(ctx), accountLimit(codeCounter(userId))])
  if (refusal === undefined) return
  await recordRefusal(ctx, { userId, login: '', method: 'second_factor', reason: 'throttled' })
  throw refusal.error
}

interface Refused {
  /** Empty when nobody has the name. */
  readonly userId: string
  readonly login: string
  readonly method: string
  readonly reason: string
}

const loginMax = 200

export async function recordRefusalIn(ctx: TrxCtx, { userId, login, method, reason }: Refused): Promise<undefined> {
  await recordEvent(ctx, {
    type: 'sign_in.refused',
    subjectId: userId,
    data: { method, reason },
    // Where nobody has the name, it may be a password typed into the wrong field.
    personal: { login: userId === '' ? '' : login.slice(0, loginMax) },
  })
}

export async function recordRefusal(ctx: Ctx, refused: Refused): Promise<void> {
  await inTransaction(ctx, (ctx) => recordRefusalIn(ctx, refused))
}

function refused(): ApiError {
  return new ApiError('sign_in_refused', {
    detail: 'Name and password do not fit together, or this account cannot sign in. Check both and try again.',
  })
}

function expired(): ApiError {
  return new ApiError('sign_in_refused', { detail: 'This sign-in took too long; begin again with your password.' })
}
