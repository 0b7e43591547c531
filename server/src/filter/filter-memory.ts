import type { CheckedNode, CompareTerm, FilterRow, Stored, ValueTerm } from './field.ts'
import { columnOf, isEmptyNull, isZeroNull, valueTypeOf } from './field.ts'
import type { CompareOp } from './filter-tree.ts'

/**
 * The second reading of a checked tree: what the SQL must find, decided without a database.
 *
 * @source contract/scim.md 9.2
 */
export function filterMatches(node: CheckedNode, row: FilterRow): boolean {
  switch (node.kind) {
    case 'and':
      return node.of.every((part) => filterMatches(part, row))
    case 'or':
      return node.of.some((part) => filterMatches(part, row))
    case 'not':
      return !filterMatches(node.of, row)
    case 'valuePath':
      return node.field.matches(node, row)
    default:
      if (node.field.type === 'derived') return node.field.matches(node, row)
      return valueTermMatches(node, storedIn(row, columnOf(node.field, node.onKey)))
  }
}

/** One comparison with any value: for derived fields. */
export function valueTermMatches(term: ValueTerm, stored: Stored): boolean {
  const isNull = (stored === 0 && isZeroNull(term.field)) || (stored === '' && isEmptyNull(term.field))
  switch (term.kind) {
    case 'compare':
      return isNull ? term.op === 'ne' : compareMatches(term, stored)
    case 'in':
      return !isNull && term.values.includes(stored)
    case 'pattern':
      return !isNull && patternMatches(term.pieces, String(stored))
    case 'present':
      return !isNull && (stored !== '' || !['text', 'id'].includes(valueTypeOf(term.field)))
  }
}

function storedIn(row: FilterRow, column: string): Stored {
  const value = row[column]
  if (typeof value !== 'string' && typeof value !== 'number') throw new Error(`the row has no ${column}`)
  return value
}

const decisions: Record<CompareOp, (order: number) => boolean> = {
  eq: (order) => order === 0,
  ne: (order) => order !== 0,
  lt: (order) => order < 0,
  gt: (order) => order > 0,
  le: (order) => order <= 0,
  ge: (order) => order >= 0,
}

function compareMatches({ op, value }: CompareTerm, stored: Stored): boolean {
  if (typeof stored !== typeof value)
    throw new Error(`the row holds a ${typeof stored} where a ${typeof value} is compared`)
  return decisions[op](typeof stored === 'number' ? stored - Number(value) : byCodePoints(stored, String(value)))
}

/** As both databases order text; JavaScript's own order puts U+10000 before U+E000. */
function byCodePoints(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right))
}

function patternMatches(pieces: readonly string[], text: string): boolean {
  const [first = '', ...rest] = pieces
  const last = rest.pop()
  if (last === undefined) return text === first
  if (!text.startsWith(first)) return false
  let at = first.length
  for (const piece of rest) {
    const found = text.indexOf(piece, at)
    if (found < 0) return false
    at = found + piece.length
  }
  return text.length - last.length >= at && text.endsWith(last)
}
