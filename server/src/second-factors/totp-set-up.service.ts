import type { Ctx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import type { Vault } from '../secrets/vault.ts'
import { admitAttempt, accountLimit } from '../sign-in/throttle.service.ts'
import { getTenant } from '../tenants/tenants.service.ts'
import { getUser } from '../users/users.service.ts'
import {
  confirmTotp,
  findOfferedTotp,
  makeRecoveryCodes,
  offerTotp,
  removeTotp,
  wrongCode,
} from './second-factors.service.ts'

/** What an authenticator app is told: as text, and as the address that a picture holds. */
export interface TotpOffer {
  readonly secret: string
  readonly address: string
}

/** The secret that was offered and not confirmed yet, or a new one. */
export async function offerApp(ctx: Ctx, vault: Vault, userId: string): Promise<TotpOffer> {
  const names = { issuer: (await getTenant(ctx)).name, label: (await getUser(ctx, userId)).username }
  return (await findOfferedTotp(ctx, vault, userId, names)) ?? offerTotp(ctx, vault, userId, names)
}

/**
 * Confirms the app with its first code.
 *
 * @returns recovery codes, shown this once
 * @throws sign_in_refused · rate_limited
 */
export async function confirmApp(ctx: Ctx, vault: Vault, userId: string, code: string): Promise<readonly string[]> {
  await admitAttempt(ctx, [{ ...accountLimit(`user:${userId}:set-up`), closes: false }])
  const codes = await inTransaction(ctx, (ctx) => confirmTotp(ctx, vault, userId, code))
  if (codes === undefined) throw wrongCode()
  return codes
}

export async function removeApp(ctx: Ctx, userId: string): Promise<void> {
  await inTransaction(ctx, (ctx) => removeTotp(ctx, userId))
}

export async function renewRecoveryCodes(ctx: Ctx, userId: string): Promise<readonly string[]> {
  return inTransaction(ctx, (ctx) => makeRecoveryCodes(ctx, userId))
}
