import { ApiError } from '../errors/api-error.ts'
import { seal, unseal } from '../secrets/sealed.ts'
import type { Sort } from './list-query.ts'
import type { Key } from './list-source.ts'

/** Whose cursors these are. */
export interface CursorSeal {
  /** The tenant's. */
  readonly key: string
  readonly tenantId: string
  /** Which list, by its name in the address. */
  readonly list: string
}

/** What all pages of one walk have in common. */
export interface WalkBounds {
  readonly filter: string | null
  readonly sort: Sort | null
}

/** Far above what the longest key takes. */
const cursorMaxChars = 8_192

/** A place in a list, behind the last row of a page, for nobody but this server. */
export function sealCursor(place: Key, own: CursorSeal, bounds: WalkBounds): string {
  return seal(own.key, boundOf(own, bounds), JSON.stringify(place))
}

/**
 * The place again. A cursor gives no authority: who may see the rows is decided at each page.
 *
 * @throws invalid_cursor for one that was changed, or is another tenant's, list's, filter's or order's
 */
export function openCursor(cursor: string, own: CursorSeal, bounds: WalkBounds): Key {
  const text = cursor.length > cursorMaxChars ? undefined : unseal(own.key, boundOf(own, bounds), cursor)
  if (text === undefined) {
    throw new ApiError('invalid_cursor', {
      detail:
        'The cursor is not one of this walk: send nextCursor of the last page as it came, with the same filter and sort, or none to begin anew.',
    })
  }
  return JSON.parse(text)
}

function boundOf({ tenantId, list }: CursorSeal, { filter, sort }: WalkBounds): string {
  return JSON.stringify([tenantId, list, filter, sort?.key ?? null, sort?.descending ?? null])
}
