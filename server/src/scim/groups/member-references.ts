import { invalidValue } from '../scim-error.ts'
import { textOf, type ScimObject } from '../scim-value.ts'

/** A member as a client names one. */
export interface MemberReference {
  readonly id: string
  /** Undefined: the client did not say. */
  readonly kind: 'User' | 'Group' | undefined
  readonly display: string
}

/**
 * Reads whom an element means: by its value, or by the id at the end of `$ref`.
 *
 * @throws ScimError invalidValue
 * @source contract/scim.md 75, K12, K16
 */
export function toReference(element: ScimObject): MemberReference {
  const ref = textOf(element, '$ref')
  const id = textOf(element, 'value') || ref.slice(ref.lastIndexOf('/') + 1)
  if (id === '') throw invalidValue('An entry of members has no value.')
  const type = textOf(element, 'type').toLowerCase()
  const isGroup = type === 'group' || (type === '' && /\/groups\//i.test(ref))
  const isUser = type === 'user' || (type === '' && /\/users\//i.test(ref))
  return { id, kind: isGroup ? 'Group' : isUser ? 'User' : undefined, display: textOf(element, 'display') }
}
