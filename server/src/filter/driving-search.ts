import type { CheckedNode, PatternTerm, TextField } from './field.ts'
import { columnOf } from './field.ts'

/** A search from which a list can start: every row of the answer holds `piece` in `column`. */
export interface DrivingSearch {
  readonly field: TextField
  readonly column: string
  /** At least three code points, normalised already when the column is a key. */
  readonly piece: string
  readonly caseSensitive: boolean
}

/** Shorter pieces have no trigram. */
const pieceMinCodePoints = 3

/**
 * Finds, through ANDs from the top, the longest piece that a trigram index knows.
 * What it finds is only necessary: the whole condition must still be applied to the rows.
 *
 * @source design/stack.md, "Substring search"
 */
export function drivingSearch(node: CheckedNode): DrivingSearch | undefined {
  if (node.kind === 'pattern') return searchOf(node)
  if (node.kind !== 'and') return undefined
  return node.of
    .map(drivingSearch)
    .filter((search) => search !== undefined)
    .reduce<DrivingSearch | undefined>(
      (best, search) => (best && lengthOf(best) >= lengthOf(search) ? best : search),
      undefined,
    )
}

function searchOf({ field, pieces, onKey }: PatternTerm): DrivingSearch | undefined {
  if (field.type !== 'text' || field.trigram !== true || pieces.length === 1) return undefined
  // The index stands on the key column where there is one: exact letters cannot be sought in it.
  if (field.key !== undefined && !onKey) return undefined
  const piece = pieces.reduce((best, next) => (codePoints(next) > codePoints(best) ? next : best))
  if (codePoints(piece) < pieceMinCodePoints) return undefined
  return { field, column: columnOf(field, onKey), piece, caseSensitive: !onKey }
}

function lengthOf({ piece }: DrivingSearch): number {
  return codePoints(piece)
}

function codePoints(text: string): number {
  return Array.from(text).length
}
