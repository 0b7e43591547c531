import type { Expression, SqlBool } from 'kysely'
import type { DialectName } from '../db/db.ts'
import type { CompareOp } from './filter-tree.ts'

/** What a feature lets clients filter by. Column names come from here and from nowhere else. */
export type Field = TextField | IdField | NumberField | TimeField | BooleanField | DerivedField

/** Turns a text into what a key column holds: `toKey` of db/normal-key.ts. */
export type Normalise = (text: string) => string

export type Operation = CompareOp | 'pattern' | 'in' | 'present' | 'valuePath'

interface Operations {
  /** Fewer than the type allows. */
  readonly operations?: readonly Operation[]
}

interface TextRules {
  /** '' means that there is no value: it satisfies no comparison and no pattern, but every `ne`. */
  readonly emptyIsNull?: boolean
  /** Every operator, not only patterns, compares the normalised text: e-mail. */
  readonly caseInsensitive?: boolean
}

export interface TextField extends Operations, TextRules {
  readonly type: 'text'
  /** With its table: `users.username`. */
  readonly column: string
  /** The normalised copy. Without one there is no `$ilike`, and SCIM's `co`, `sw`, `ew` compare exactly. */
  readonly key?: { readonly column: string; readonly normalise: Normalise }
  /** The key column, or else the column, has a trigram index. */
  readonly trigram?: boolean
  /** One row at most has a value, and an index of the column (and of the key) finds it. */
  readonly unique?: true
}

/** Compared exactly. */
export interface IdField extends Operations {
  readonly type: 'id'
  readonly column: string
  /** Applied to the client's value, never to the column: takes away a prefix that some clients add. */
  readonly normalise?: Normalise
  /** One row at most has a value, and an index of the column finds it. */
  readonly unique?: true
}

export interface NumberField extends Operations {
  readonly type: 'number'
  readonly column: string
  readonly zeroIsNull?: boolean
}

/** The column holds epoch ms; clients write RFC 3339 or epoch ms. */
export interface TimeField extends Operations {
  readonly type: 'time'
  readonly column: string
  /**
   * 0 means "never": such a row is not present, satisfies no comparison and no list, but every `ne`
   * (RFC 7644: `ne` on a missing attribute is true), so that `ne` stays the complement of `eq`.
   */
  readonly zeroIsNull?: boolean
}

/** The column holds 0 or 1. */
export interface BooleanField extends Operations {
  readonly type: 'boolean'
  readonly column: string
  /** Also takes `"True"` and `"false"` as texts (Entra, OneLogin). */
  readonly takesText?: boolean
}

/** Something that is not one column: a state, a membership, an element of a JSON attribute. */
export interface DerivedField extends Operations, TextRules {
  readonly type: 'derived'
  /** How literals are read and which operations fit. */
  readonly values: 'text' | 'id' | 'number' | 'time' | 'boolean'
  readonly normalise?: Normalise
  readonly zeroIsNull?: boolean
  readonly takesText?: boolean
  /** Sub-attributes for `emails[type eq "work"]`; without it value paths are refused. */
  readonly elements?: FieldMap
  /** Both must say the same of every row; `valueTermToSql` and `valueTermMatches` do the comparing. */
  toSql(term: CheckedTerm, dialect: DialectName): Expression<SqlBool>
  matches(term: CheckedTerm, row: FilterRow): boolean
}

export interface FieldMap {
  /** What an error lists as allowed. */
  readonly names: readonly string[]
  find(name: string): Field | undefined
}

/** One row, keyed by the columns that the field map names. */
export type FilterRow = Readonly<Record<string, unknown>>

/** A tree that fits a field map: fields found, literals as the database holds them, operators allowed. */
export type CheckedNode = CheckedGroup | CheckedNot | CheckedTerm

export interface CheckedGroup {
  readonly kind: 'and' | 'or'
  readonly of: readonly CheckedNode[]
}

export interface CheckedNot {
  readonly kind: 'not'
  readonly of: CheckedNode
}

export type CheckedTerm = ValueTerm | ValuePathTerm
export type ValueTerm = CompareTerm | PatternTerm | InTerm | PresentTerm

/** What the database compares with: booleans are 0 and 1, times epoch ms. */
export type Stored = string | number

interface OfField {
  readonly field: Field
  /** Whether the normalised copy is compared; literals are then normalised already. */
  readonly onKey: boolean
}

export interface CompareTerm extends OfField {
  readonly kind: 'compare'
  readonly op: CompareOp
  readonly value: Stored
}

export interface PatternTerm extends OfField {
  readonly kind: 'pattern'
  readonly pieces: readonly string[]
}

export interface InTerm extends OfField {
  readonly kind: 'in'
  readonly values: readonly Stored[]
}

export interface PresentTerm extends OfField {
  readonly kind: 'present'
}

export interface ValuePathTerm {
  readonly kind: 'valuePath'
  readonly field: DerivedField
  readonly of: CheckedNode
}

export function valueTypeOf(field: Field): DerivedField['values'] {
  return field.type === 'derived' ? field.values : field.type
}

export function isZeroNull(field: Field): boolean {
  return 'zeroIsNull' in field && field.zeroIsNull
}

export function isEmptyNull(field: Field): boolean {
  return 'emptyIsNull' in field && field.emptyIsNull
}

/** The column that a term compares. */
export function columnOf(field: Exclude<Field, DerivedField>, onKey: boolean): string {
  if (!onKey) return field.column
  if (field.type !== 'text' || field.key === undefined) throw new Error(`${field.column} has no key column`)
  return field.key.column
}
