import type { Ctx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { ApiError } from '../errors/api-error.ts'
import { isOutdated, isPassword, isSameHash, rehash, storePassword } from '../passwords/passwords.service.ts'
import {
  confirmTotp,
  hasSecondFactor,
  readSecondFactors,
  takeCode,
  wrongCode,
} from '../second-factors/second-factors.service.ts'
import { hashSecret } from '../secrets/secrets.ts'
import type { Vault } from '../secrets/vault.ts'
import { getTenant } from '../tenants/tenants.service.ts'
import { codeCounter, loginKey, userCounter } from './account-names.service.ts'
import { beginPending, consumePending, findPending, type Pending } from './pending.service.ts'
import { expired, finish, recordRefusal, recordRefusalIn } from './sign-in-ends.service.ts'
import * as queries from './sign-in.queries.ts'
import type { PasswordSignIn, SignInStep } from './sign-in.schema.ts'
import { accountLimit, addressLimit, clearFailures, countAttempt } from './throttle.service.ts'

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
  const isRight = await isPassword(ctx, candidate?.passwordHash ?? null, password)
  const knownHash = candidate?.passwordHash ?? null
  const newHash = isRight && knownHash !== null && isOutdated(knownHash) ? await rehash(ctx, password) : null
  const step = await inTransaction(ctx, async (ctx) => {
    const reason = await refusalReason(ctx, candidate, isRight)
    if (reason !== undefined) return recordRefusalIn(ctx, { userId, login, method: 'password', reason })
    await clearFailures(ctx, [counter])
    if (newHash !== null) await storePassword(ctx, userId, newHash)
    return continueAfterPassword(ctx, { userId, device, passwordHash: newHash ?? knownHash ?? '' })
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
  if (!isRight || !isSameHash(current.passwordHash, candidate.passwordHash)) return 'wrong_password'
  if (!current.enabled) return 'disabled'
  if (current.isPending) return 'pending'
  return settings.enforcesSso ? 'sso_enforced' : undefined
}

interface RightPassword {
  readonly userId: string
  readonly device: string
  readonly passwordHash: string
}

async function continueAfterPassword(
  ctx: TrxCtx,
  { userId, device, passwordHash }: RightPassword,
): Promise<SignInStep> {
  const { settings } = await getTenant(ctx)
  const factors = await readSecondFactors(ctx, userId)
  const purpose = hasSecondFactor(factors) ? 'second_factor' : settings.requiresSecondFactor ? 'enrol' : undefined
  if (purpose !== undefined)
    return {
      kind: purpose,
      token: await beginPending(ctx, { purpose, userId, data: { password: hashSecret(passwordHash) } }),
    }
  return finish(ctx, { userId, method: 'password', secondFactor: '' }, device)
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
export async function signInWithCode(
  ctx: Ctx,
  vault: Vault,
  { pending, code, device }: CodeSignIn,
): Promise<SignInStep> {
  const { userId, data } = await requirePending(ctx, pending, 'second_factor')
  await countCode(ctx, userId)
  const step = await inTransaction(ctx, async (ctx) => {
    const secondFactor = (await mayStillSignIn(ctx, userId, data))
      ? await takeCode(ctx, vault, userId, code)
      : undefined
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
  vault: Vault,
  { pending, code, device }: CodeSignIn,
): Promise<{ readonly step: SignInStep; readonly recoveryCodes: readonly string[] }> {
  const { userId, data } = await requirePending(ctx, pending, 'enrol')
  await countCode(ctx, userId)
  const done = await inTransaction(ctx, async (ctx) => {
    const recoveryCodes = (await mayStillSignIn(ctx, userId, data))
      ? await confirmTotp(ctx, vault, userId, code)
      : undefined
    if (recoveryCodes === undefined)
      return recordRefusalIn(ctx, { userId, login: '', method: 'second_factor', reason: 'wrong_code' })
    if ((await consumePending(ctx, pending, 'enrol')) === undefined) throw expired()
    await clearFailures(ctx, [codeCounter(userId)])
    return { step: await finish(ctx, { userId, method: 'password', secondFactor: 'totp' }, device), recoveryCodes }
  })
  if (done === undefined) throw wrongCode()
  return done
}

/** A password that was changed since, or somebody who was disabled, ends what was begun. */
async function mayStillSignIn(ctx: TrxCtx, userId: string, data: Pending['data']): Promise<boolean> {
  const user = await queries.findCandidateById(ctx.db, ctx.tenantId, userId)
  return user?.enabled === true && hashSecret(user.passwordHash ?? '') === data['password']
}

/** @throws sign_in_refused */
export async function requirePending(ctx: Ctx, token: string, purpose: 'second_factor' | 'enrol'): Promise<Pending> {
  const found = await findPending(ctx, token, purpose)
  if (found === undefined) throw expired()
  return found
}

async function countCode(ctx: Ctx, userId: string): Promise<void> {
  const refusal = await countAttempt(ctx, [addressLimit(ctx), accountLimit(codeCounter(userId))])
  if (refusal === undefined) return
  await recordRefusal(ctx, { userId, login: '', method: 'second_factor', reason: 'throttled' })
  throw refusal.error
}

function refused(): ApiError {
  return new ApiError('sign_in_refused', {
    detail: 'Name and password do not fit together, or this account cannot sign in. Check both and try again.',
  })
}
