import type { Ctx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { ApiError } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import { hashSecret, newSecret } from '../secrets/secrets.ts'
import type { NewSession } from '../sessions/sessions.schema.ts'
import { startSession } from '../sessions/sessions.service.ts'
import * as queries from './sign-in.queries.ts'
import type { SignInStep } from './sign-in.schema.ts'

const devicesMax = 50

/** Starts the session and remembers the browser; part of every sign-in without an identity provider. */
export async function finish(ctx: TrxCtx, input: NewSession, device: string): Promise<SignInStep> {
  const started = await startSession(ctx, input)
  const deviceHash = hashSecret(device)
  const isKnown = await queries.isKnownDevice(ctx.db, ctx.tenantId, input.userId, deviceHash)
  const kept = isKnown ? device : newSecret('mdev_')
  if (!isKnown) await queries.deleteOldDevices(ctx.db, ctx.tenantId, input.userId, devicesMax - 1)
  await queries.upsertDevice(ctx.db, ctx.tenantId, {
    userId: input.userId,
    deviceHash: hashSecret(kept),
    at: ctx.now.getTime(),
  })
  return { kind: 'signed_in', started, device: kept }
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

export function expired(): ApiError {
  return new ApiError('sign_in_refused', { detail: 'This sign-in took too long; begin again with your password.' })
}
