import type { FilterNode } from '../filter-tree.ts'

/** A tree without positions, for comparing. */
export function shape(node: FilterNode): unknown {
  return JSON.parse(JSON.stringify(node, (key, value: unknown) => (key === 'at' ? undefined : value)))
}

export const and = (...of: object[]): object => ({ kind: 'and', of })
export const or = (...of: object[]): object => ({ kind: 'or', of })
export const not = (of: object): object => ({ kind: 'not', of })
export const compare = (field: string, op: string, value: unknown): object => ({ kind: 'compare', field, op, value })
export const eq = (field: string, value: unknown): object => compare(field, 'eq', value)
export const oneOf = (field: string, ...values: unknown[]): object => ({ kind: 'in', field, values })
export const present = (field: string): object => ({ kind: 'present', field })
export const element = (field: string, of: object): object => ({ kind: 'valuePath', field, of })
export const like = (field: string, ...pieces: string[]): object => ({
  kind: 'pattern',
  field,
  letters: 'exact',
  pieces,
})
export const ilike = (field: string, ...pieces: string[]): object => ({
  kind: 'pattern',
  field,
  letters: 'any-case',
  pieces,
})
export const pattern = (field: string, ...pieces: string[]): object => ({
  kind: 'pattern',
  field,
  letters: 'by-field',
  pieces,
})
