import type { CheckedNode, PatternTerm } from './field.ts'
import { columnOf } from './field.ts'

/** From what a list can start: every row of the answer holds `piece` in `column`, or begins with it. */
export interface DrivingSearch {
  /** A piece is found by the trigram index, a prefix by the column's own. */
  readonly kind: 'piece' | 'prefix'
  readonly column: string
  /** Normalised already when the column is a key. */
  readonly text: string
  /** Whether an index holds every value of the column, so that all can be tried without reading a row. */
  readonly isIndexed: boolean
}

/** Shorter pieces have no trigram. */
const pieceMinCodePoints = 3

/**
 * Finds, through ANDs from the top, what narrows a list most: the longest piece that a trigram index knows,
 * or a prefix of at least that length that an ordinary index knows.
 * What it finds is only necessary: the whole condition must still be applied to the rows.
 *
 * @source design/stack.md, "Substring search"
 */
export function drivingSearch(node: CheckedNode): DrivingSearch | undefined {
  if (node.kind === 'pattern') return longest([prefixOf(node), pieceOf(node)])
  return node.kind === 'and' ? longest(node.of.map(drivingSearch)) : undefined
}

/** The first of the longest. */
function longest(searches: readonly (DrivingSearch | undefined)[]): DrivingSearch | undefined {
  return searches.reduce<DrivingSearch | undefined>(
    (best, next) => (next === undefined || (best && codePoints(best.text) >= codePoints(next.text)) ? best : next),
    undefined,
  )
}

function prefixOf({ field, pieces, onKey }: PatternTerm): DrivingSearch | undefined {
  const [text = ''] = pieces
  if (field.type !== 'text' || field.unique !== true || pieces.length === 1 || text === '') return undefined
  return { kind: 'prefix', column: columnOf(field, onKey), text, isIndexed: true }
}

function pieceOf({ field, pieces, onKey }: PatternTerm): DrivingSearch | undefined {
  if (field.type !== 'text' || field.trigram !== true || pieces.length === 1) return undefined
  // The index stands on the key column where there is one: exact letters cannot be sought in it.
  if (field.key !== undefined && !onKey) return undefined
  const text = pieces.reduce((best, next) => (codePoints(next) > codePoints(best) ? next : best))
  if (codePoints(text) < pieceMinCodePoints) return undefined
  return { kind: 'piece', column: columnOf(field, onKey), text, isIndexed: field.unique === true }
}

/** A phrase costs what its commonest trigrams cost, and everybody of a company shares the end of the address. */
const phraseMaxCodePoints = 8

/** The part of a piece that a trigram index is asked for; all that hold the piece hold it. */
export function tellingPart(piece: string): string {
  const [local = ''] = piece.split('@')
  const part = codePoints(local) >= pieceMinCodePoints ? local : piece
  return Array.from(part).slice(-phraseMaxCodePoints).join('')
}

function codePoints(text: string): number {
  return Array.from(text).length
}
