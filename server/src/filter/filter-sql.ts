import { sql, type Expression, type RawBuilder, type SqlBool } from 'kysely'
import type { DialectName } from '../db/db.ts'
import type { CheckedNode, CompareTerm, InTerm, PatternTerm, Stored, ValueTerm } from './field.ts'
import { columnOf, isEmptyNull, isZeroNull, valueTypeOf } from './field.ts'
import type { CompareOp } from './filter-tree.ts'

type Condition = RawBuilder<SqlBool>
type Operand = Expression<unknown>

/**
 * A checked tree as one condition: what clients wrote is in bound parameters, names come from the field map.
 * No normal form is made, so the SQL grows with the filter and not faster.
 *
 * @source contract/scim.md 9.2
 */
export function filterToSql(node: CheckedNode, dialect: DialectName): Expression<SqlBool> {
  switch (node.kind) {
    case 'and':
      return joined(node.of, sql` and `, dialect) ?? always
    case 'or':
      return joined(node.of, sql` or `, dialect) ?? never
    case 'not':
      return sql<SqlBool>`not (${filterToSql(node.of, dialect)})`
    case 'valuePath':
      return node.field.toSql(node, dialect)
    default:
      if (node.field.type === 'derived') return node.field.toSql(node, dialect)
      return valueTermToSql(node, sql.ref(columnOf(node.field, node.onKey)), dialect)
  }
}

/** One comparison with any operand: for derived fields, which know where the value is to be found. */
export function valueTermToSql(term: ValueTerm, operand: Operand, dialect: DialectName): Expression<SqlBool> {
  switch (term.kind) {
    case 'compare':
      return compareToSql(term, operand)
    case 'in':
      return inToSql(term, operand)
    case 'pattern':
      // A pattern of wildcards alone fits no value as well.
      if (isEmptyNull(term.field) && term.pieces.join('') === '') return sql<SqlBool>`${operand} <> ''`
      return patternToSql(term, operand, dialect)
    case 'present':
      if (isZeroNull(term.field)) return sql<SqlBool>`${operand} <> 0`
      return ['text', 'id'].includes(valueTypeOf(term.field)) ? sql<SqlBool>`${operand} <> ''` : always
  }
}

const always: Condition = sql<SqlBool>`(1 = 1)`
const never: Condition = sql<SqlBool>`(1 = 0)`

function joined(nodes: readonly CheckedNode[], word: RawBuilder<unknown>, dialect: DialectName): Condition | undefined {
  if (nodes.length === 0) return undefined
  const conditions = nodes.map((node) => filterToSql(node, dialect))
  return sql<SqlBool>`(${sql.join(conditions, word)})`
}

const comparators: Record<CompareOp, RawBuilder<unknown>> = {
  eq: sql`=`,
  ne: sql`<>`,
  lt: sql`<`,
  gt: sql`>`,
  le: sql`<=`,
  ge: sql`>=`,
}

function compareToSql({ field, op, value }: CompareTerm, operand: Operand): Condition {
  const condition = sql<SqlBool>`${operand} ${comparators[op]} ${value}`
  if (isEmptyNull(field)) {
    if (op === 'eq') return value === '' ? never : condition
    if (op === 'ne') return value === '' ? always : condition
    return sql<SqlBool>`(${condition} and ${operand} <> '')`
  }
  if (!isZeroNull(field)) return condition
  if (op === 'eq') return value === 0 ? never : condition
  if (op === 'ne') return value === 0 ? always : condition
  return sql<SqlBool>`(${condition} and ${operand} <> 0)`
}

function inToSql({ field, values }: InTerm, operand: Operand): Condition {
  const sought = isZeroNull(field) ? values.filter((value) => value !== 0) : values
  if (sought.length === 0) return never
  return sql<SqlBool>`${operand} in (${sql.join(padded(sought))})`
}

/** Repeats the last value up to a power of two: ten texts to prepare and plan for 1 to 500 values. */
function padded(values: readonly Stored[]): Stored[] {
  const size = 2 ** Math.ceil(Math.log2(values.length))
  return Array.from({ length: size }, (_, index) => values[Math.min(index, values.length - 1)] ?? '')
}

function patternToSql({ pieces }: PatternTerm, operand: Operand, dialect: DialectName): Condition {
  const [prefix = ''] = pieces
  if (pieces.length === 1) return sql<SqlBool>`${operand} = ${prefix}`
  const isPrefixOnly = pieces.length === 2 && pieces[1] === ''
  if (prefix === '') return isPrefixOnly ? always : wildcardToSql(pieces, operand, dialect)
  // A range finds its rows by any ordinary index, with any value bound.
  const range = prefixToSql(prefix, operand)
  return isPrefixOnly
    ? sql<SqlBool>`(${range})`
    : sql<SqlBool>`(${range} and ${wildcardToSql(pieces, operand, dialect)})`
}

function wildcardToSql(pieces: readonly string[], operand: Operand, dialect: DialectName): Condition {
  if (dialect === 'postgres') {
    // Backslash escapes without an ESCAPE clause, which would hide the pattern from the trigram index.
    return sql<SqlBool>`${operand} like ${pieces.map((piece) => piece.replaceAll(/[\\%_]/g, String.raw`\$&`)).join('%')}`
  }
  // SQLite's LIKE ignores the case of ASCII. It prepares a statement anew whenever the parameter of a GLOB changes,
  // to try it as a prefix; the plus hides the parameter.
  return sql<SqlBool>`${operand} glob +${pieces.map((piece) => piece.replaceAll(/[*?[]/g, '[$&]')).join('*')}`
}

/** The values that begin with this, as a range of an ordinary index. */
export function prefixToSql(prefix: string, operand: Operand): Condition {
  const end = firstAfter(prefix)
  if (end === undefined) return sql<SqlBool>`${operand} >= ${prefix}`
  return sql<SqlBool>`${operand} >= ${prefix} and ${operand} < ${end}`
}

/** The first text, by code points, after all that begin with the prefix; none after U+10FFFF. */
function firstAfter(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0)
  while (points.at(-1) === 0x10ffff) points.pop()
  const last = points.pop()
  if (last === undefined) return undefined
  return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1)
}
