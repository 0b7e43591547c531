import { randomInt } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'
import type { Ctx, ReadCtx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { ApiError } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import { hashSecret } from '../secrets/secrets.ts'
import type { Vault } from '../secrets/vault.ts'
import { getTenant } from '../tenants/tenants.service.ts'
import * as passkeys from './passkeys.queries.ts'
import * as queries from './second-factors.queries.ts'

/** What somebody has beside a password. */
export interface SecondFactors {
  readonly hasTotp: boolean
  readonly recoveryCodesLeft: number
  readonly passkeys: readonly passkeys.PasskeyRow[]
}

export async function readSecondFactors(ctx: ReadCtx, userId: string): Promise<SecondFactors> {
  const totp = await queries.findTotp(ctx.db, ctx.tenantId, userId)
  return {
    hasTotp: totp !== undefined && totp.confirmed_at > 0,
    recoveryCodesLeft: await queries.countRecoveryCodes(ctx.db, ctx.tenantId, userId),
    passkeys: await passkeys.selectPasskeysOf(ctx.db, ctx.tenantId, userId),
  }
}

export function hasSecondFactor({ hasTotp, passkeys: owned }: SecondFactors): boolean {
  return hasTotp || owned.length > 0
}

/** Whether a password is never enough for this person: they have a second factor, and the workspace asks for one. */
export async function isPasswordOneOfTwo(ctx: ReadCtx, userId: string): Promise<boolean> {
  const { settings } = await getTenant(ctx)
  return settings.requiresSecondFactor && hasSecondFactor(await readSecondFactors(ctx, userId))
}

const periodSeconds = 30

function totpOf(secret: string, issuer = '', label = ''): TOTP {
  return new TOTP({ issuer, label, secret: Secret.fromBase32(secret), digits: 6, period: periodSeconds })
}

/** What is sealed for one person opens for nobody else. */
function purpose({ tenantId }: Pick<Ctx, 'tenantId'>, userId: string): string {
  return `totp ${tenantId} ${userId}`
}

/** A new secret for an authenticator app, worth nothing until a code of it came back. */
export async function offerTotp(
  ctx: Ctx,
  vault: Vault,
  userId: string,
  { issuer, label }: { readonly issuer: string; readonly label: string },
): Promise<{ readonly secret: string; readonly address: string }> {
  const secret = new Secret({ size: 20 }).base32
  await inTransaction(ctx, (ctx) =>
    queries.offerTotp(ctx.db, {
      tenant_id: ctx.tenantId,
      user_id: userId,
      secret: vault.seal(secret, purpose(ctx, userId)),
      created_at: ctx.now.getTime(),
    }),
  )
  return { secret, address: totpOf(secret, issuer, label).toString() }
}

/** What was offered and not confirmed yet, to show it again. */
export async function findOfferedTotp(
  ctx: ReadCtx,
  vault: Vault,
  userId: string,
  { issuer, label }: { readonly issuer: string; readonly label: string },
): Promise<{ readonly secret: string; readonly address: string } | undefined> {
  const row = await queries.findTotp(ctx.db, ctx.tenantId, userId)
  if (row === undefined || row.confirmed_at > 0) return undefined
  const secret = vault.open(row.secret, purpose(ctx, userId))
  return { secret, address: totpOf(secret, issuer, label).toString() }
}

/**
 * Confirms the authenticator app with its first code.
 *
 * @returns recovery codes, shown this once; undefined when the code was wrong
 */
export async function confirmTotp(
  ctx: TrxCtx,
  vault: Vault,
  userId: string,
  code: string,
): Promise<string[] | undefined> {
  const row = await queries.findTotp(ctx.db, ctx.tenantId, userId)
  if (row === undefined || row.confirmed_at > 0 || !(await takeTotpCode(ctx, vault, userId, { row, code })))
    return undefined
  await recordEvent(ctx, { type: 'totp.added', subjectId: userId, data: {}, personal: {} })
  return makeRecoveryCodes(ctx, userId)
}

/** Takes the app away, and with it the recovery codes. */
export async function removeTotp(ctx: TrxCtx, userId: string): Promise<void> {
  if (!(await queries.deleteTotp(ctx.db, ctx.tenantId, userId))) return
  await recordEvent(ctx, { type: 'totp.removed', subjectId: userId, data: {}, personal: {} })
  if ((await passkeys.selectPasskeysOf(ctx.db, ctx.tenantId, userId)).length === 0)
    await queries.replaceRecoveryCodes(ctx.db, ctx.tenantId, userId, { hashes: [], at: ctx.now.getTime() })
}

const codes = 10
const codeAlphabet = 'abcdefghjkmnpqrstuvwxyz23456789'

/** New recovery codes in place of the old ones; each opens once. */
export async function makeRecoveryCodes(ctx: TrxCtx, userId: string): Promise<string[]> {
  const made = Array.from({ length: codes }, newRecoveryCode)
  const hashes = made.map((code) => hashSecret(normalCode(code)))
  await queries.replaceRecoveryCodes(ctx.db, ctx.tenantId, userId, { hashes, at: ctx.now.getTime() })
  await recordEvent(ctx, { type: 'recovery_codes.made', subjectId: userId, data: {}, personal: {} })
  return made
}

/** 59 random bits, in two halves that can be read out. */
function newRecoveryCode(): string {
  const text = Array.from({ length: 12 }, () => codeAlphabet[randomInt(codeAlphabet.length)]).join('')
  return `${text.slice(0, 6)}-${text.slice(6)}`
}

function normalCode(code: string): string {
  return code.toLowerCase().replaceAll(/[\s-]+/g, '')
}

/** Uses up a code of the app or a recovery code; undefined when it is neither, or was used before. */
export async function takeCode(
  ctx: TrxCtx,
  vault: Vault,
  userId: string,
  code: string,
): Promise<'totp' | 'recovery_code' | undefined> {
  const row = await queries.findTotp(ctx.db, ctx.tenantId, userId)
  if (row !== undefined && row.confirmed_at > 0 && (await takeTotpCode(ctx, vault, userId, { row, code })))
    return 'totp'
  const recovery = { hash: hashSecret(normalCode(code)), at: ctx.now.getTime() }
  return (await queries.useRecoveryCode(ctx.db, ctx.tenantId, userId, recovery)) ? 'recovery_code' : undefined
}

/** A code counts for its half minute and the one before and after, and once. */
async function takeTotpCode(
  ctx: TrxCtx,
  vault: Vault,
  userId: string,
  { row, code }: { readonly row: queries.TotpRow; readonly code: string },
): Promise<boolean> {
  const now = ctx.now.getTime()
  const token = code.replaceAll(/\s+/g, '')
  if (!/^[0-9]{6}$/.test(token)) return false
  const secret = vault.open(row.secret, purpose(ctx, userId))
  const delta = totpOf(secret).validate({ token, timestamp: now, window: 1 })
  if (delta === null) return false
  const step = Math.floor(now / 1_000 / periodSeconds) + delta
  return queries.useTotpStep(ctx.db, ctx.tenantId, userId, {
    step,
    confirmedAt: row.confirmed_at === 0 ? now : row.confirmed_at,
  })
}

export function wrongCode(): ApiError {
  return new ApiError('sign_in_refused', {
    detail: 'This code is not right, or was used before. Wait for the next one, or take a recovery code.',
  })
}
