import { authorize, insufficientRole, may } from '../access/authorize.ts'
import type { ReadCtx } from '../access/ctx.ts'
import { notFound } from '../errors/api-error.ts'
import type { Role } from '../roles/roles.schema.ts'
import { listExistingUserIds } from '../users/user-links.service.ts'
import type { GivenHolding } from './held-roles.queries.ts'
import type { HeldRole } from './held-roles.schema.ts'

/** People see what they hold themselves; what others hold, with its bounds, admins see. @throws insufficient_role · user_not_found */
export async function authorizeReadingRolesOf(ctx: ReadCtx, userId: string): Promise<void> {
  authorize(ctx, 'self:read')
  if (ctx.actor.userId !== userId && !may(ctx, 'users:read-all-fields')) throw insufficientRole(ctx.actor.role)
  if (!(await listExistingUserIds(ctx, [userId])).has(userId)) throw notFound('user_not_found')
}

export function toHeldRole({ id, name, description }: Role, holding: GivenHolding): HeldRole {
  const { bounds, givenAt, givenBy } = holding
  return { roleId: id, name, description, bounds, givenAt, givenBy }
}
