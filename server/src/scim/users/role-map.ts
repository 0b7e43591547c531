import type { WorkspaceRole } from '../../access/permissions.ts'
import type { ScimSession } from '../scim-session.ts'
import { elementsOf, isObject, textOf, type ScimObject } from '../scim-value.ts'

const rank: Readonly<Record<WorkspaceRole, number>> = { $admin: 2, $member: 1, $guest: 0 }

/**
 * The workspace role that a mapping makes of `roles`, the highest when several fit; undefined when none does.
 * Entra's complex assignments put JSON text into the value (K25).
 *
 * @source contract/scim.md 4.1, roles
 */
export function mappedRole(resource: ScimObject, { roles, trace }: ScimSession): WorkspaceRole | undefined {
  const mapped: WorkspaceRole[] = []
  for (const element of elementsOf(resource['roles'])) {
    const names = namesOf(element)
    const role = names.map((name) => roles.map.get(name.toLowerCase())).find((found) => found !== undefined)
    if (role !== undefined) mapped.push(role)
    else trace.notes.push({ attribute: 'roles', note: 'a role without a mapping changes nothing' })
  }
  return mapped.toSorted((a, b) => rank[b] - rank[a])[0]
}

function namesOf(element: ScimObject): string[] {
  const value = textOf(element, 'value')
  return [value, textOf(element, 'display'), ...namesInText(value)].filter((name) => name !== '')
}

function namesInText(text: string): string[] {
  if (!text.startsWith('{')) return []
  try {
    const parsed: unknown = JSON.parse(text)
    return isObject(parsed) ? [textOf(parsed, 'value'), textOf(parsed, 'displayName')] : []
  } catch (error) {
    if (error instanceof SyntaxError) return []
    throw error
  }
}
