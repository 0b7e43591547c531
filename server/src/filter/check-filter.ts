import type { CheckedNode, CheckedTerm, Field, FieldMap, Operation, Stored } from './field.ts'
import { valueTypeOf } from './field.ts'
import { FilterError, quote } from './filter-error.ts'
import type { CompareNode, FilterNode, FilterTerm, InNode, PatternNode, Scalar } from './filter-tree.ts'
import { parseInstant } from './instant.ts'

/**
 * Holds a tree against what a feature allows, and turns names into fields and literals into what the database holds.
 *
 * @throws FilterError unknown field; operator that does not fit it; value of another type
 * @source contract/rest-api.md 4.2; contract/scim.md 95, 99, 100, 103
 */
export function checkFilter(node: FilterNode, fields: FieldMap): CheckedNode {
  switch (node.kind) {
    case 'and':
    case 'or':
      return { kind: node.kind, of: node.of.map((part) => checkFilter(part, fields)) }
    case 'not':
      return { kind: 'not', of: checkFilter(node.of, fields) }
    default:
      return checkTerm(node, fields)
  }
}

function checkTerm(node: FilterTerm, fields: FieldMap): CheckedNode {
  const field = fields.find(node.field)
  if (field === undefined) {
    throw new FilterError(node.at, `unknown field ${quote(node.field)}`, `; allowed are ${fields.names.join(', ')}`)
  }
  switch (node.kind) {
    case 'compare':
      return checkCompare(node, field)
    case 'pattern':
      return checkPattern(node, field)
    case 'in':
      return checkIn(node, field)
    case 'present':
      requireOperation(node, field, 'present')
      return { kind: 'present', field, onKey: false }
    case 'valuePath':
      requireOperation(node, field, 'valuePath')
      if (field.type !== 'derived' || field.elements === undefined) throw misfit(node, field, 'valuePath')
      return { kind: 'valuePath', field, of: checkFilter(node.of, field.elements) }
  }
}

function checkCompare(node: CompareNode, field: Field): CheckedNode {
  if (node.value === null) return checkAbsence(node, field)
  requireOperation(node, field, node.op)
  const onKey = isCaseInsensitive(field)
  return { kind: 'compare', field, op: node.op, value: storedValue(node.value, field, node), onKey }
}

/** `eq null` is "not present"; RFC 7644 gives the other operators no meaning with null. */
function checkAbsence(node: CompareNode, field: Field): CheckedNode {
  if (node.op !== 'eq' && node.op !== 'ne')
    throw new FilterError(node.at, `${quote(node.field)} cannot be ordered against null`)
  requireOperation(node, field, 'present')
  const present: CheckedTerm = { kind: 'present', field, onKey: false }
  return node.op === 'ne' ? present : { kind: 'not', of: present }
}

function checkIn(node: InNode, field: Field): CheckedTerm {
  requireOperation(node, field, 'in')
  const values = node.values.map((value) => storedValue(value, field, node))
  return { kind: 'in', field, values, onKey: isCaseInsensitive(field) }
}

/** SQLite gives up on patterns of 50,000 bytes; nothing stored comes near this. */
const patternMaxChars = 4096
/** Each wildcard is a recursion in both databases. */
const wildcardsMax = 16

function checkPattern(node: PatternNode, field: Field): CheckedTerm {
  requireOperation(node, field, 'pattern')
  const normalise = normaliserOf(field)
  if (node.letters === 'any-case' && normalise === undefined) {
    throw new FilterError(node.at, `${quote(node.field)} can only be compared with its exact letters`)
  }
  const onKey = normalise !== undefined && (node.letters !== 'exact' || isCaseInsensitive(field))
  const pieces = onKey ? node.pieces.map(normalise) : node.pieces
  if (pieces.length - 1 > wildcardsMax)
    throw new FilterError(node.at, `too many wildcards; the limit is ${wildcardsMax}`)
  if (pieces.join('').length > patternMaxChars) {
    throw new FilterError(node.at, `the pattern is too long; the limit is ${patternMaxChars} characters`)
  }
  return { kind: 'pattern', field, pieces, onKey }
}

const comparisons: readonly Operation[] = ['eq', 'ne', 'lt', 'gt', 'le', 'ge', 'in', 'present']
const operationsOf: Record<ReturnType<typeof valueTypeOf>, readonly Operation[]> = {
  text: [...comparisons, 'pattern'],
  id: [...comparisons, 'pattern'],
  number: comparisons,
  time: comparisons,
  boolean: ['eq', 'ne', 'present'],
}

function requireOperation(node: FilterTerm, field: Field, operation: Operation): void {
  const fits = operation === 'valuePath' || operationsOf[valueTypeOf(field)].includes(operation)
  if (!fits || field.operations?.includes(operation) === false) throw misfit(node, field, operation)
}

const operationNames: Partial<Record<Operation, string>> = {
  pattern: 'a pattern',
  in: 'a list',
  present: 'pr',
  valuePath: 'a value path',
}

function misfit(node: FilterTerm, field: Field, operation: Operation): FilterError {
  const type = valueTypeOf(field)
  return new FilterError(
    node.at,
    `${operationNames[operation] ?? operation} does not fit ${quote(node.field)}, of type ${type}`,
  )
}

function storedValue(value: Scalar, field: Field, node: FilterTerm): Stored {
  switch (valueTypeOf(field)) {
    case 'text':
    case 'id':
      return storedText(value, field, node)
    case 'number':
      if (typeof value !== 'number') throw wrongType(node, 'a number')
      return whole(value, node)
    case 'time':
      return storedTime(value, node)
    case 'boolean':
      return storedBoolean(value, field, node)
  }
}

function storedText(value: Scalar, field: Field, node: FilterTerm): string {
  if (typeof value !== 'string') throw wrongType(node, 'a text')
  if (field.type === 'id') return field.normalise?.(value) ?? value
  return isCaseInsensitive(field) ? (normaliserOf(field)?.(value) ?? value) : value
}

function storedTime(value: Scalar, node: FilterTerm): number {
  const time = typeof value === 'string' ? parseInstant(value) : value
  if (typeof time !== 'number')
    throw wrongType(node, 'a time: RFC 3339 text such as "2026-01-31T08:00:00Z", or epoch milliseconds')
  return whole(time, node)
}

function whole(value: number, node: FilterTerm): number {
  // Beyond this range a double no longer knows its neighbours, and the databases would disagree.
  if (!Number.isSafeInteger(value)) throw wrongType(node, 'a whole number between -2^53 and 2^53')
  return value
}

function storedBoolean(value: Scalar, field: Field, node: FilterTerm): number {
  const takesText = 'takesText' in field && field.takesText
  const text = typeof value === 'boolean' || (takesText && typeof value === 'string') ? String(value).toLowerCase() : ''
  if (text !== 'true' && text !== 'false') throw wrongType(node, 'true or false')
  return text === 'true' ? 1 : 0
}

function wrongType(node: FilterTerm, wanted: string): FilterError {
  return new FilterError(node.at, `${quote(node.field)} is compared with ${wanted}`)
}

function isCaseInsensitive(field: Field): boolean {
  return 'caseInsensitive' in field && field.caseInsensitive
}

function normaliserOf(field: Field): ((text: string) => string) | undefined {
  if (field.type === 'text') return field.key?.normalise
  return field.type === 'derived' ? field.normalise : undefined
}
