import { hash } from '@node-rs/argon2'
import type { Ctx, TrxCtx } from '../access/ctx.ts'
import type { Db } from '../db/db.ts'
import { toKey } from '../db/normal-key.ts'
import { ApiError } from '../errors/api-error.ts'
import { HashQueue } from './hash-queue.ts'
import * as queries from './passwords.queries.ts'

/** OWASP's parameters for argon2id, the library's default kind: 19 MiB, two passes, one lane. */
const argon2 = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
/** Characters; the password is the only factor. NIST SP 800-63B-4, 3.1.1. */
const lengthMin = 15
const lengthMax = 128

/** One for each server that runs. */
const queues = new WeakMap<Db, HashQueue>()

/**
 * Checks a new password and hashes it. Not inside a transaction: it takes milliseconds of work.
 *
 * @param personal what the password must not be built from: username, address, name of the tenant
 * @throws weak_password · unavailable, when too many are being hashed
 */
export async function hashNewPassword(ctx: Ctx, password: string, personal: readonly string[]): Promise<string> {
  const normalised = password.normalize('NFKC')
  const length = [...normalised].length
  if (length < lengthMin || length > lengthMax) {
    throw new ApiError('weak_password', {
      detail: `The password has ${length} characters; use ${lengthMin} to ${lengthMax}. Spaces and all characters are fine.`,
    })
  }
  const key = toKey(normalised)
  if (
    personal.some((text) => text.length >= 4 && key.replaceAll(toKey(text), '').length < lengthMin / 2) ||
    new Set(key).size < 3
  ) {
    throw new ApiError('weak_password', {
      detail: 'The password repeats your name or one character; choose something nobody could guess from knowing you.',
    })
  }
  return queueOf(ctx).run(() => hash(normalised, argon2))
}

function queueOf({ db, limits }: Ctx): HashQueue {
  const queue = queues.get(db) ?? new HashQueue(limits)
  queues.set(db, queue)
  return queue
}

export function storePassword(ctx: TrxCtx, userId: string, passwordHash: string): Promise<void> {
  return queries.upsertCredential(ctx.db, ctx.tenantId, userId, passwordHash, ctx.now.getTime())
}

export function deleteCredential(ctx: TrxCtx, userId: string): Promise<void> {
  return queries.deleteCredential(ctx.db, ctx.tenantId, userId)
}
