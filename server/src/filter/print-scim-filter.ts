import { FilterError } from './filter-error.ts'
import type { FilterNode, FilterTerm, PatternNode } from './filter-tree.ts'

/**
 * Writes a tree as SCIM text; reading that text gives the same tree.
 *
 * @throws FilterError for what only RQL can say: `$in`, `$like`, `$ilike`, empty groups
 */
export function printScimFilter(node: FilterNode): string {
  switch (node.kind) {
    case 'and':
    case 'or':
      if (node.of.length < 2) throw inexpressible(node.at)
      return node.of.map((part) => printPart(part, node.kind)).join(` ${node.kind} `)
    case 'not':
      return `not (${printScimFilter(node.of)})`
    default:
      return printTerm(node)
  }
}

function printPart(part: FilterNode, parent: 'and' | 'or'): string {
  // "and" binds closer than "or"; all other groups inside groups need their parentheses.
  const standsAlone = (part.kind !== 'and' && part.kind !== 'or') || (part.kind === 'and' && parent === 'or')
  return standsAlone ? printScimFilter(part) : `(${printScimFilter(part)})`
}

function printTerm(term: FilterTerm): string {
  switch (term.kind) {
    case 'compare':
      return `${term.field} ${term.op} ${JSON.stringify(term.value)}`
    case 'present':
      return `${term.field} pr`
    case 'valuePath':
      return `${term.field}[${printScimFilter(term.of)}]`
    case 'pattern':
      return printPattern(term)
    default:
      throw inexpressible(term.at)
  }
}

function printPattern({ field, letters, pieces, at }: PatternNode): string {
  const [first = '', middle = '', last = ''] = pieces
  if (letters !== 'by-field' || pieces.length < 2 || pieces.length > 3) throw inexpressible(at)
  if (pieces.length === 3 && first === '' && middle !== '' && last === '')
    return `${field} co ${JSON.stringify(middle)}`
  if (pieces.length === 3 || (first !== '' && middle !== '')) throw inexpressible(at)
  if (first !== '') return `${field} sw ${JSON.stringify(first)}`
  return middle === '' ? `${field} co ""` : `${field} ew ${JSON.stringify(middle)}`
}

function inexpressible(at: string): FilterError {
  return new FilterError(at, 'SCIM has no words for this')
}
