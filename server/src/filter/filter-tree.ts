/**
 * A filter as the client wrote it, in either language: names and literals are still the client's.
 * `at` says where a node stands in the text, so that a later refusal can point at it.
 */
export type FilterNode = GroupNode | NotNode | FilterTerm

/** `and` of nothing holds for every row, `or` of nothing for none. */
export interface GroupNode {
  readonly kind: 'and' | 'or'
  readonly of: readonly FilterNode[]
  readonly at: string
}

/** The exact complement of what it holds. */
export interface NotNode {
  readonly kind: 'not'
  readonly of: FilterNode
  readonly at: string
}

export type FilterTerm = CompareNode | PatternNode | InNode | PresentNode | ValuePathNode

export type CompareOp = 'eq' | 'ne' | 'lt' | 'gt' | 'le' | 'ge'
export type Scalar = string | number | boolean

export interface CompareNode {
  readonly kind: 'compare'
  readonly field: string
  readonly op: CompareOp
  /** `null` only from SCIM, where `eq null` means "not present". */
  readonly value: Scalar | null
  readonly at: string
}

export interface PatternNode {
  readonly kind: 'pattern'
  readonly field: string
  /** `$like` compares exactly, `$ilike` ignores case, SCIM's `co`, `sw` and `ew` do what the field declares. */
  readonly letters: 'exact' | 'any-case' | 'by-field'
  /** The literal runs between wildcards: `['a']` is exactly a, `['a', '']` begins with a, `['', 'a', '']` contains a. */
  readonly pieces: readonly string[]
  readonly at: string
}

export interface InNode {
  readonly kind: 'in'
  readonly field: string
  readonly values: readonly Scalar[]
  readonly at: string
}

export interface PresentNode {
  readonly kind: 'present'
  readonly field: string
  readonly at: string
}

/** One and the same element of a multi-valued attribute satisfies `of`: `emails[type eq "work"]`. */
export interface ValuePathNode {
  readonly kind: 'valuePath'
  readonly field: string
  readonly of: FilterNode
  readonly at: string
}

/** Joins nodes; one alone stays as it is. */
export function together(kind: 'and' | 'or', nodes: readonly FilterNode[], at: string): FilterNode {
  const [only, ...others] = nodes
  return only !== undefined && others.length === 0 ? only : { kind, of: nodes, at }
}

/** Cuts a pattern at `%`, its only wildcard; several in a row are one. */
export function patternPieces(pattern: string): string[] {
  const pieces = pattern.split('%')
  return pieces.filter((piece, index) => piece !== '' || index === 0 || index === pieces.length - 1)
}
