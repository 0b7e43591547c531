import { timingSafeEqual } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'
import type { Ctx, TrxCtx } from '../access/ctx.ts'
import type { Db } from '../db/db.ts'
import { toKey } from '../db/normal-key.ts'
import { ApiError } from '../errors/api-error.ts'
import { passwordGuesser, type Guess } from './guessable.ts'
import { HashQueue } from './hash-queue.ts'
import * as queries from './passwords.queries.ts'

/** OWASP's parameters for argon2id, the library's default kind: 19 MiB, two passes, one lane. */
const argon2 = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
const lengthMin = 15
/** With a second factor. NIST SP 800-63B-4, 3.1.1. */
const lengthMinWithFactor = 8
const lengthMax = 128

/** What an unknown account is checked against, so that it takes as long as a known one: nobody's, of these very parameters. */
const nobodysHash = '$argon2id$v=19$m=19456,t=2,p=1$shDWVfQ9xKU30a56Lbci7g$/hesfNlzcbNVIYSjzwMn/U3M4zZA0H2VLN6yoOAKBCk'

/** One for each server that runs. */
const queues = new WeakMap<Db, HashQueue>()
const guesser = once(passwordGuesser)

/**
 * Checks a new password and hashes it. Not inside a transaction: it takes milliseconds of work.
 *
 * @param personal what the password must not be built from: username, address, name of the tenant
 * @param hasSecondFactor whether the password is one of two things asked for
 * @throws weak_password · unavailable
 * @source contract/security-and-reliability.md 7.3
 */
export async function hashNewPassword(
  ctx: Ctx,
  password: string,
  personal: readonly string[],
  hasSecondFactor = false,
): Promise<string> {
  const normalised = password.normalize('NFKC')
  const length = [...normalised].length
  const min = hasSecondFactor ? lengthMinWithFactor : lengthMin
  if (length < min || length > lengthMax || !normalised.isWellFormed()) {
    throw new ApiError('weak_password', {
      detail: `The password has ${length} characters; use ${min} to ${lengthMax}. Spaces and all characters are fine.`,
    })
  }
  const reason = isBuiltOn(personal, normalised)
    ? 'it is built on your name or that of the workspace'
    : (await guesser())(normalised, personal)
  if (reason !== undefined) {
    throw new ApiError('weak_password', {
      detail: `This password is too easy to guess: ${reason}. Take something nobody could guess from knowing you.`,
    })
  }
  return queueOf(ctx).run(() => hash(normalised, argon2))
}

function queueOf({ db, limits }: Pick<Ctx, 'db' | 'limits'>): HashQueue {
  const queue = queues.get(db.root) ?? new HashQueue(limits)
  queues.set(db.root, queue)
  return queue
}

/**
 * Whether a password is the one of this hash. Without a hash the answer is no, after the same work.
 *
 * @throws unavailable
 */
export async function isPassword(ctx: Ctx, passwordHash: string | null, password: string): Promise<boolean> {
  // Longer ones are nobody's, and are not worth hashing; the length is the client's own knowledge.
  const normalised = password.slice(0, 4 * lengthMax).normalize('NFKC')
  const matches = await queueOf(ctx).run(() => verify(passwordHash ?? nobodysHash, normalised))
  return matches && passwordHash !== null
}

/** Whether the password is still the one of before. */
export function isSameHash(one: string | null, other: string | null): boolean {
  const a = Buffer.from(one ?? '')
  const b = Buffer.from(other ?? '')
  return a.length === b.length && timingSafeEqual(a, b)
}

/** Whether the parameters have risen since this hash was made. */
export function isOutdated(passwordHash: string): boolean {
  const { memoryCost, timeCost, parallelism } = argon2
  return !passwordHash.startsWith(`$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$`)
}

/** Hashes again what was just found right, with the parameters of today. */
export function rehash(ctx: Ctx, password: string): Promise<string> {
  return queueOf(ctx).run(() => hash(password.normalize('NFKC'), argon2))
}

export function storePassword(ctx: TrxCtx, userId: string, passwordHash: string): Promise<void> {
  return queries.upsertCredential(ctx.db, ctx.tenantId, userId, passwordHash, ctx.now.getTime())
}

export function deleteCredential(ctx: TrxCtx, userId: string): Promise<void> {
  return queries.deleteCredential(ctx.db, ctx.tenantId, userId)
}

/** The hash of a user's password; null when they have none. */
export function findPasswordHash(
  ctx: Pick<TrxCtx, 'tenantId'> & { readonly db: Parameters<typeof queries.findHash>[0] },
  userId: string,
): Promise<string | null> {
  return queries.findHash(ctx.db, ctx.tenantId, userId)
}

/** Whether little is left of the password without one of these texts. */
function isBuiltOn(personal: readonly string[], password: string): boolean {
  const key = toKey(password)
  return personal.some((text) => text.length >= 4 && key.replaceAll(toKey(text), '').length < lengthMin / 2)
}

/** Made when first asked for: reading the lists takes 40 ms that no start should wait for. */
function once(make: () => Promise<Guess>): () => Promise<Guess> {
  let made: Promise<Guess> | undefined
  return () => (made ??= make())
}
