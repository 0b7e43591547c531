import type { TrxCtx } from '../access/ctx.ts'
import { listOwnersOfUser, removeSubjectEverywhere, replaceOwnersOfUser } from './subject-sets.service.ts'

/** Part of updating a user. @throws persona_not_found */
export function replacePersonasOfUser(ctx: TrxCtx, userId: string, personaIds: readonly string[]): Promise<void> {
  return replaceOwnersOfUser(ctx, 'persona', userId, personaIds)
}

export function listPersonaIdsOfUser(ctx: TrxCtx, userId: string): Promise<string[]> {
  return listOwnersOfUser(ctx, 'persona', userId)
}

/** Part of deleting a user. */
export function removeUserFromPersonas(ctx: TrxCtx, userId: string): Promise<void> {
  return removeSubjectEverywhere(ctx, 'persona', { kind: 'user', id: userId })
}

/** Part of deleting a group. */
export function removeGroupFromPersonas(ctx: TrxCtx, groupId: string): Promise<void> {
  return removeSubjectEverywhere(ctx, 'persona', { kind: 'group', id: groupId })
}
