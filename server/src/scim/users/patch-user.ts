import { applyOperations } from '../patch/apply.ts'
import { readOperations } from '../patch/read-operations.ts'
import type { Preconditions } from '../preconditions.ts'
import { readingOf, requireWriteAccess, type ScimSession } from '../scim-session.ts'
import type { ScimObject } from '../scim-value.ts'
import { changeUser } from './scim-users.service.ts'
import { requireUserRules } from './user-rules.ts'

/**
 * Applies a PATCH to a user: all operations or none.
 *
 * @throws ScimError 400 · 404 · 409 · 412
 * @source contract/scim.md 5.17
 */
export function patchScimUser(
  session: ScimSession,
  id: string,
  body: unknown,
  preconditions: Preconditions,
): Promise<ScimObject> {
  requireWriteAccess(session)
  const operations = readOperations(body, session.rules)
  return changeUser(session, id, preconditions, 'patch', (current) => {
    const next = applyOperations(current, operations, { type: session.types.user, reading: readingOf(session, true) })
    requireUserRules(next, session)
    return next
  })
}
