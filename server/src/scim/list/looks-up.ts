import type { CheckedNode, Field } from '../../filter/field.ts'
import { valueTypeOf } from '../../filter/field.ts'

/**
 * Whether a filter finds its rows by looking values up, so that they are few: SQLite, which keeps no statistics here,
 * would otherwise walk a whole index in the order of the page and ask of each row whether it is one of them.
 */
export function looksUp(node: CheckedNode): boolean {
  switch (node.kind) {
    case 'and':
      return node.of.some(looksUp)
    case 'or':
      return node.of.every(looksUp)
    case 'not':
    case 'present':
      return false
    case 'valuePath':
      return looksUp(node.of)
    case 'compare':
      return node.op === 'eq' && hasManyValues(node.field)
    case 'in':
    case 'pattern':
      return hasManyValues(node.field)
  }
}

/** Half of all rows have the same `active`, and most addresses the type `work`. */
function hasManyValues(field: Field): boolean {
  if (valueTypeOf(field) === 'boolean') return false
  return !('column' in field && field.column === 'e.type_key')
}
