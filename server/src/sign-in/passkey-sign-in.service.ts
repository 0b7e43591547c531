import type { Ctx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { ApiError } from '../errors/api-error.ts'
import {
  checkPasskey,
  notePasskeyUse,
  type PasskeyProof,
  type RelyingParty,
} from '../second-factors/passkeys.service.ts'
import { getTenant } from '../tenants/tenants.service.ts'
import { consumePending } from './pending.service.ts'
import { expired, finish, recordRefusalIn } from './sign-in-ends.service.ts'
import * as queries from './sign-in.queries.ts'
import type { SignInStep } from './sign-in.schema.ts'
import { addressLimit, admitAttempt } from './throttle.service.ts'

interface PasskeySignIn {
  /** What the cookie holds since the browser asked for a challenge. */
  readonly pending: string
  readonly response: string
  readonly party: RelyingParty
  readonly device: string
}

/**
 * Signs somebody in with a passkey: something they have, opened by something they know or are, so that no password
 * is asked for.
 *
 * @throws sign_in_refused · rate_limited
 */
export async function signInWithPasskey(
  ctx: Ctx,
  { pending, response, party, device }: PasskeySignIn,
): Promise<SignInStep> {
  await admitAttempt(ctx, [addressLimit(ctx)])
  const begun = await inTransaction(ctx, (ctx) => consumePending(ctx, pending, 'passkey_sign_in'))
  if (begun === undefined) throw expired()
  const proof = await checkPasskey(ctx, { challenge: begun.data['challenge'] ?? '', response, party })
  const { userId } = proof
  const step = await inTransaction(ctx, async (ctx) => {
    const reason = 'refusal' in proof ? proof.refusal : await passkeyRefusal(ctx, proof)
    if (reason !== undefined) return recordRefusalIn(ctx, { userId, login: '', method: 'passkey', reason })
    return finish(ctx, { userId, method: 'passkey', secondFactor: 'passkey' }, device)
  })
  if (step === undefined) throw unknownPasskey()
  return step
}

async function passkeyRefusal(ctx: TrxCtx, proof: PasskeyProof): Promise<string | undefined> {
  const user = await queries.findCandidateById(ctx.db, ctx.tenantId, proof.userId)
  const { settings } = await getTenant(ctx)
  if (user === undefined || !(await notePasskeyUse(ctx, proof))) return 'unknown_passkey'
  if (!user.enabled) return 'disabled'
  return settings.enforcesSso ? 'sso_enforced' : undefined
}

function unknownPasskey(): ApiError {
  return new ApiError('sign_in_refused', {
    detail: 'This passkey does not open an account here. Sign in with your password instead.',
  })
}
