import type { TrxCtx } from '../access/ctx.ts'
import { removeSubjectEverywhere } from '../personas/subject-sets.service.ts'

/** Part of deleting a user. */
export function removeUserFromPurposes(ctx: TrxCtx, userId: string): Promise<void> {
  return removeSubjectEverywhere(ctx, 'purpose', { kind: 'user', id: userId })
}

/** Part of deleting a group. */
export function removeGroupFromPurposes(ctx: TrxCtx, groupId: string): Promise<void> {
  return removeSubjectEverywhere(ctx, 'purpose', { kind: 'group', id: groupId })
}
