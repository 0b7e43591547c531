import fc from 'fast-check'
import type { WorkspaceRole } from '../../src/access/permissions.ts'

export const role = fc.constantFrom<WorkspaceRole>('$admin', '$member', '$guest')
/** A few addresses, so that they collide; both tenants use the same. */
export const address = fc.constantFrom(
  'ann@example.com',
  'Ann@Example.com',
  'bob@example.com',
  'cy@example.com',
  'dee@example.com',
  'dee@other.example.com',
)
/** The domain is kept in lower case, the rest as it was typed. */
export function canonical(email: string): string {
  const [local = '', domain = ''] = email.split('@')
  return `${local}@${domain.toLowerCase()}`
}
