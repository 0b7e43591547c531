import { applyOperations } from '../patch/apply.ts'
import { readOperations, type Operation } from '../patch/read-operations.ts'
import type { Preconditions } from '../preconditions.ts'
import { readingOf, requireWriteAccess, type ScimSession } from '../scim-session.ts'
import { isObject, type ScimObject } from '../scim-value.ts'
import { changeUser, hashSent } from './scim-users.service.ts'
import { requireUserRules } from './user-rules.ts'

/**
 * Applies a PATCH to a user: all operations or none.
 *
 * @throws ScimError 400 · 404 · 409 · 412
 * @source contract/scim.md 5.17
 */
export async function patchScimUser(
  session: ScimSession,
  id: string,
  body: unknown,
  preconditions: Preconditions,
): Promise<ScimObject> {
  requireWriteAccess(session)
  const operations = readOperations(body, session.rules)
  const passwordHash = await hashSent(session, passwordIn(operations), { username: '', email: '' })
  return changeUser(session, id, { preconditions, operation: 'patch', passwordHash }, (current) => {
    const next = applyOperations(current, operations, { type: session.types.user, reading: readingOf(session, true) })
    requireUserRules(next, session)
    return next
  })
}

/** The last one set, wherever it stands. */
function passwordIn(operations: readonly Operation[]): unknown {
  let password: unknown
  for (const { path, value } of operations) {
    if (path !== undefined && /(?:^|:)password$/i.test(path)) password = value
    else if (path === undefined && isObject(value))
      password = Object.entries(value).find(([name]) => /^password$/i.test(name))?.[1] ?? password
  }
  return password
}
