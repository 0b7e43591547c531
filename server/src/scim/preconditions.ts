import { ScimError } from './scim-error.ts'

/** The conditional headers of a request, as sent. */
export interface Preconditions {
  readonly ifMatch: string | undefined
  readonly ifNoneMatch: string | undefined
}

/** Weak comparison: SCIM puts weak tags into If-Match (item 175). RFC 9110, 8.8.3.2 */
function names(header: string, version: string): boolean {
  if (header.trim() === '*') return true
  const opaque = (tag: string) => tag.trim().replace(/^W\//, '')
  return header.split(',').some((tag) => opaque(tag) === opaque(version))
}

/** @throws ScimError 412 */
export function requireVersionMatch({ ifMatch, ifNoneMatch }: Preconditions, version: string): void {
  if (ifMatch !== undefined && !names(ifMatch, version))
    throw new ScimError(412, 'The resource has changed meanwhile; read it again and send its new version.')
  if (ifNoneMatch !== undefined && names(ifNoneMatch, version))
    throw new ScimError(412, 'The resource has the version that If-None-Match names.')
}

/** Whether a read is answered by 304. */
export function isUnchanged({ ifNoneMatch }: Preconditions, version: string): boolean {
  return ifNoneMatch !== undefined && names(ifNoneMatch, version)
}
