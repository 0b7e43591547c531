import type { Queryable } from '../db/db.ts'
import type { PresentRoles } from './held-roles.schema.ts'
import { selectPresentRoles } from './present-roles.queries.ts'

/**
 * What a user may do at an instant, for whoever presents a credential of theirs. Asked only for users who were ever
 * given a role beside the workspace role; undefined when the user was deleted just now.
 */
export function findPresentRoles(
  db: Queryable,
  tenantId: string,
  userId: string,
  now: Date,
): Promise<PresentRoles | undefined> {
  return selectPresentRoles(db, tenantId, userId, now)
}
