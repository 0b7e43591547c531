import { ApiError } from '../errors/api-error.ts'
import type { ReadCtx } from './ctx.ts'
import type { Permission } from './permissions.ts'

/**
 * Refuses what the actor's role does not allow; the first line of every exported service function.
 *
 * @throws insufficient_role
 */
export function authorize(ctx: Pick<ReadCtx, 'actor'>, permission: Permission): void {
  if (!ctx.actor.permissions.has(permission)) throw insufficientRole(ctx.actor.role)
}

export function may(ctx: Pick<ReadCtx, 'actor'>, permission: Permission): boolean {
  return ctx.actor.permissions.has(permission)
}

export function insufficientRole(role: string | null): ApiError {
  return new ApiError('insufficient_role', {
    detail: `Your role${role === null ? '' : ` (${role})`} does not allow this; ask an admin of this workspace.`,
    headers: { 'www-authenticate': 'Bearer realm="muster", error="insufficient_scope"' },
  })
}
