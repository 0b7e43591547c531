import type { ReadCtx } from '../access/ctx.ts'
import { ApiError } from '../errors/api-error.ts'
import { findPasswordHash } from '../passwords/passwords.service.ts'
import { getTenant } from '../tenants/tenants.service.ts'
import { isPending, type User } from '../users/users.schema.ts'
import { getUser } from '../users/users.service.ts'

/**
 * A user who may set a password by a mailed link: the address must be proven, and the sign-in their own. What an
 * identity provider wrote into the address proves nothing (security contract, V-S3).
 */
export async function findResettable(ctx: ReadCtx, userId: string): Promise<User | undefined> {
  const user = await findUser(ctx, userId)
  if (user === undefined || !user.enabled || isPending(user) || !user.emailVerified) return undefined
  const { settings } = await getTenant(ctx)
  if (settings.enforcesSso) return undefined
  return user.source === 'local' || (await findPasswordHash(ctx, userId)) !== null ? user : undefined
}

async function findUser(ctx: ReadCtx, userId: string): Promise<User | undefined> {
  try {
    return await getUser(ctx, userId)
  } catch (error) {
    if (error instanceof ApiError && error.code === 'user_not_found') return undefined
    throw error
  }
}
