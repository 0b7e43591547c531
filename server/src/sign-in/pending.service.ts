import type { Ctx, ReadCtx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { hashSecret, newSecret } from '../secrets/secrets.ts'
import * as queries from './sign-in.queries.ts'

/** `enrol`: the password was right, and a second factor must be set up first. */
export type PendingPurpose = 'second_factor' | 'enrol' | 'passkey_sign_in' | 'passkey_add'

export interface Pending {
  readonly purpose: PendingPurpose
  readonly userId: string
  readonly data: Readonly<Record<string, string>>
}

const lifetimeMs = 10 * 60_000

/** Remembers how far a sign-in has come; answers what the browser's cookie holds. */
export async function beginPending(ctx: TrxCtx, { purpose, userId, data }: Pending): Promise<string> {
  const token = newSecret('mpsi_')
  const now = ctx.now.getTime()
  await queries.deleteEndedPending(ctx.db, ctx.tenantId, now)
  await queries.insertPending(ctx.db, {
    tenant_id: ctx.tenantId,
    token_hash: hashSecret(token),
    purpose,
    user_id: userId,
    data: JSON.stringify(data),
    expires_at: now + lifetimeMs,
  })
  return token
}

export function beginPendingAlone(ctx: Ctx, pending: Pending): Promise<string> {
  return inTransaction(ctx, (ctx) => beginPending(ctx, pending))
}

/** Undefined for everything that is none, or one for something else. */
export async function findPending(ctx: ReadCtx, token: string, purpose: PendingPurpose): Promise<Pending | undefined> {
  const row = await queries.findPending(ctx.db, ctx.tenantId, hashSecret(token), ctx.now.getTime())
  return row?.purpose === purpose ? { purpose, userId: row.user_id, data: JSON.parse(row.data) } : undefined
}

/** Used up by this; of two at once one gets it. */
export async function consumePending(
  ctx: TrxCtx,
  token: string,
  purpose: PendingPurpose,
): Promise<Pending | undefined> {
  const row = await queries.consumePending(ctx.db, ctx.tenantId, hashSecret(token), ctx.now.getTime())
  return row?.purpose === purpose ? { purpose, userId: row.user_id, data: JSON.parse(row.data) } : undefined
}
