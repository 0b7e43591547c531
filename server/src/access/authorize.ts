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

/** RFC 6750, 3.1 */
const insufficientScope = { 'www-authenticate': 'Bearer realm="muster", error="insufficient_scope"' }

export function insufficientRole(role: string | null): ApiError {
  return new ApiError('insufficient_role', {
    detail: `Your role${role === null ? '' : ` (${role})`} does not allow this; ask an admin of this workspace.`,
    headers: insufficientScope,
  })
}

const confirmationMs = 5 * 60_000

/**
 * Settings on which everybody's sign-in hangs: people must have proved who they are within the last five minutes,
 * programs must carry the right that only the host operator gives.
 *
 * @throws insufficient_role · reauth_required · right_required
 * @source contract/security-and-reliability.md 5.2, admin-critical
 */
export function authorizeCritical(ctx: Pick<ReadCtx, 'actor' | 'now'>, permission: Permission): void {
  authorize(ctx, permission)
  const { actor, now } = ctx
  if (actor.kind === 'system' || actor.rights.has('sign-in-settings')) return
  if (actor.kind !== 'user') {
    throw new ApiError('right_required', {
      detail:
        'This token does not carry the right sign-in-settings; the host operator issues one that does: muster-server tokens issue --allow sign-in-settings.',
      headers: insufficientScope,
    })
  }
  if (actor.confirmedAt === null || now.getTime() - actor.confirmedAt > confirmationMs) {
    throw new ApiError('reauth_required', {
      detail: 'Confirm who you are: sign in again, then repeat this within five minutes.',
    })
  }
}
