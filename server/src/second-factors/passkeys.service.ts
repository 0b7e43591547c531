import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import type { Ctx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { ApiError } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import { requireCleanName } from '../text/clean-text.ts'
import { getTenant } from '../tenants/tenants.service.ts'
import { getUser } from '../users/users.service.ts'
import * as queries from './passkeys.queries.ts'

/** Whom browsers bind passkeys to: the host people sign in at, and its whole origin. */
export interface RelyingParty {
  readonly id: string
  readonly origin: string
}

const ownedMax = 20

/** Loaded when somebody first uses a passkey: it takes 7 MB. */
const webAuthn = () => import('@simplewebauthn/server')

/** What a browser needs to make a passkey; the challenge is to come back in it. */
export async function passkeyCreation(ctx: Ctx, userId: string, party: RelyingParty) {
  const user = await getUser(ctx, userId)
  const owned = await queries.selectPasskeysOf(ctx.db, ctx.tenantId, userId)
  if (owned.length >= ownedMax) throw refused(`You have ${ownedMax} passkeys; remove one first.`)
  const { generateRegistrationOptions } = await webAuthn()
  return generateRegistrationOptions({
    rpName: (await getTenant(ctx)).name,
    rpID: party.id,
    userName: user.username,
    userDisplayName: [user.firstName, user.lastName].filter((part) => part !== '').join(' '),
    userID: new Uint8Array(Buffer.from(user.id)),
    attestationType: 'none',
    excludeCredentials: owned.map(({ id }) => ({ id })),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  })
}

interface NewPasskey {
  readonly userId: string
  readonly name: string
  readonly challenge: string
  /** As the browser's `toJSON()` wrote it. */
  readonly response: string
  readonly party: RelyingParty
}

/** @throws sign_in_refused · invalid_body */
export async function addPasskey(ctx: Ctx, { userId, name, challenge, response, party }: NewPasskey): Promise<void> {
  const cleanName = requireCleanName(name.trim().slice(0, 100) || 'Passkey', 'name', ctx.limits)
  const { verifyRegistrationResponse } = await webAuthn()
  const made = await verified(() =>
    verifyRegistrationResponse({
      // The library checks every part of it, and throws.
      response: readJson(response) as RegistrationResponseJSON,
      expectedChallenge: challenge,
      expectedOrigin: party.origin,
      expectedRPID: party.id,
      requireUserVerification: true,
    }),
  )
  if (!made.verified) throw refused('The browser did not prove the passkey; try again.')
  const { credential } = made.registrationInfo
  await inTransaction(ctx, async (ctx) => {
    if ((await queries.findPasskey(ctx.db, ctx.tenantId, credential.id)) !== undefined)
      throw refused('This passkey is known already.')
    await queries.insertPasskey(ctx.db, {
      tenant_id: ctx.tenantId,
      id: credential.id,
      user_id: userId,
      name: cleanName,
      public_key: Buffer.from(credential.publicKey).toString('base64url'),
      sign_count: credential.counter,
      transports: (credential.transports ?? []).join(','),
      created_at: ctx.now.getTime(),
      last_used_at: 0,
    })
    await recordEvent(ctx, { type: 'passkey.added', subjectId: userId, data: {}, personal: { name: cleanName } })
  })
}

/** One that is gone already stays so. */
export async function removePasskey(ctx: Ctx, userId: string, id: string): Promise<void> {
  await inTransaction(ctx, async (ctx) => {
    const name = await queries.deletePasskey(ctx.db, ctx.tenantId, userId, id)
    if (name === undefined) return
    await recordEvent(ctx, { type: 'passkey.removed', subjectId: userId, data: {}, personal: { name } })
  })
}

/** What a browser needs to show a passkey; it knows itself which ones it has for this host. */
export async function passkeyRequest(party: RelyingParty) {
  const { generateAuthenticationOptions } = await webAuthn()
  return generateAuthenticationOptions({ rpID: party.id, userVerification: 'required' })
}

interface ShownPasskey {
  readonly challenge: string
  readonly response: string
  readonly party: RelyingParty
}

export interface PasskeyProof {
  readonly userId: string
  readonly id: string
  readonly signCount: number
}

/** Whose passkey this is, once everything about it was checked; otherwise the reason, and whose it claims to be. */
export async function checkPasskey(
  ctx: Ctx,
  { challenge, response, party }: ShownPasskey,
): Promise<PasskeyProof | { readonly userId: string; readonly refusal: string }> {
  const shown = readJson(response) as AuthenticationResponseJSON
  const known = typeof shown?.id === 'string' ? await queries.findPasskey(ctx.db, ctx.tenantId, shown.id) : undefined
  if (known === undefined) return { userId: '', refusal: 'unknown_passkey' }
  const { verifyAuthenticationResponse } = await webAuthn()
  try {
    const { verified: isRight, authenticationInfo } = await verifyAuthenticationResponse({
      response: shown,
      expectedChallenge: challenge,
      expectedOrigin: party.origin,
      expectedRPID: party.id,
      requireUserVerification: true,
      credential: {
        id: known.id,
        publicKey: new Uint8Array(Buffer.from(known.public_key, 'base64url')),
        counter: known.sign_count,
      },
    })
    if (!isRight) return { userId: known.user_id, refusal: 'wrong_passkey' }
    return { userId: known.user_id, id: known.id, signCount: authenticationInfo.newCounter }
  } catch {
    // The library says by throwing what was wrong: a foreign origin, another challenge, a counter that went back.
    return { userId: known.user_id, refusal: 'wrong_passkey' }
  }
}

/** Notes the use, unless the passkey was removed meanwhile. */
export async function notePasskeyUse(ctx: TrxCtx, { userId, id, signCount }: PasskeyProof): Promise<boolean> {
  return queries.notePasskeyUse(ctx.db, ctx.tenantId, { userId, id, signCount, at: ctx.now.getTime() })
}

async function verified<T>(check: () => Promise<T>): Promise<T> {
  try {
    return await check()
  } catch (error) {
    throw refused('The browser did not prove the passkey; try again.', error)
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function refused(detail: string, cause?: unknown): ApiError {
  return new ApiError('sign_in_refused', { detail, cause })
}
