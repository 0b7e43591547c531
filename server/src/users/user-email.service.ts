import type { TrxCtx } from '../access/ctx.ts'
import { toKey } from '../db/normal-key.ts'
import { violatesUnique } from '../db/dialects/violations.ts'
import { ApiError } from '../errors/api-error.ts'
import { getTenant } from '../tenants/tenants.service.ts'
import { isScimManaged, managedByScim, userExistsText } from './user-rules.ts'
import { updateUser } from './user-writes.queries.ts'
import type { User } from './users.schema.ts'

/** Refuses people whose address belongs to their identity provider. @throws managed_by_scim */
export async function requireOwnAddress(
  ctx: Pick<TrxCtx, 'tenantId'> & { readonly db: Parameters<typeof getTenant>[0]['db'] },
  user: User,
): Promise<void> {
  const { settings } = await getTenant(ctx)
  if (isScimManaged(user, settings.scimIsOn)) throw managedByScim('change the address')
}

/** Gives a user, who is held, an address that was proven to be theirs. @throws user_exists */
export async function setProvenEmail(ctx: TrxCtx, user: User, email: string): Promise<void> {
  try {
    await updateUser(ctx.db, ctx.tenantId, user.id, {
      email,
      email_key: toKey(email),
      email_verified: 1,
      modified_at: ctx.now.getTime(),
    })
  } catch (error) {
    if (!violatesUnique(error, 'users', 'email_key')) throw error
    throw new ApiError('user_exists', {
      detail: `${userExistsText}; addresses are unique in a workspace.`,
      cause: error,
    })
  }
}
