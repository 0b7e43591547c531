import { ApiError } from '../errors/api-error.ts'

/** A strong entity tag from version counters: it changes with everything the record shows. */
export function tagOf(...versions: readonly number[]): string {
  return `"${versions.join('-')}"`
}

/**
 * Refuses a change that was made against another version.
 *
 * @param ifMatch the header as sent, undefined when it was not
 * @throws version_mismatch
 * @source RFC 9110, 13.1.1
 */
export function requireVersion(ifMatch: string | undefined, tag: string): void {
  if (ifMatch === undefined || ifMatch.trim() === '*') return
  if (ifMatch.split(',').some((candidate) => candidate.trim() === tag)) return
  throw new ApiError('version_mismatch', {
    detail:
      'Somebody else changed this meanwhile; read it again, apply your change to what you get, and send the new ETag.',
  })
}
