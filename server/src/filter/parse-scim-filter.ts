import { FilterError, quote } from './filter-error.ts'
import { requireSize, scimLimits, TermCounter, type TextLimits } from './filter-limits.ts'
import { together, type CompareOp, type FilterNode, type FilterTerm, type Scalar } from './filter-tree.ts'
import {
  column,
  peekWord,
  readBareLiteral,
  readString,
  skipBlanks,
  takeBareLiteral,
  unexpected,
  type Cursor,
} from './json-literals.ts'

export interface ScimFilterOptions {
  readonly limits?: TextLimits
  /** Takes bare words and dates after an operator as texts: `active eq True`. Off in every profile unless asked for. */
  readonly looseLiterals?: boolean
}

/**
 * Reads a SCIM filter: the whole grammar, names and operators in any case.
 * `emails[type eq "work"].value eq "x"` is outside of it, is sent by Entra, and means
 * `emails[type eq "work" and value eq "x"]`.
 *
 * @throws FilterError
 * @source RFC 7644 section 3.4.2.2; contract/scim.md 91–94, 101, 102, 107, K11, K23
 */
export function parseScimFilter(text: string, options: ScimFilterOptions = {}): FilterNode {
  const { limits = scimLimits, looseLiterals = false } = options
  requireSize(text, limits)
  const reading: Reading = {
    text,
    at: 0,
    depth: 0,
    inBrackets: false,
    limits,
    looseLiterals,
    terms: new TermCounter(limits),
  }
  const node = readOr(reading)
  if (reading.at < text.length) throw unexpected(reading, '"and", "or" or the end of the filter')
  return node
}

interface Reading extends Cursor {
  readonly limits: TextLimits
  readonly looseLiterals: boolean
  readonly terms: TermCounter
  depth: number
  inBrackets: boolean
}

function readOr(reading: Reading): FilterNode {
  return readJoined(reading, 'or', readAnd)
}

function readAnd(reading: Reading): FilterNode {
  return readJoined(reading, 'and', readOperand)
}

function readJoined(reading: Reading, kind: 'and' | 'or', readPart: (reading: Reading) => FilterNode): FilterNode {
  skipBlanks(reading)
  const at = column(reading.at)
  const nodes = [readPart(reading)]
  while (takeWord(reading, kind)) nodes.push(readPart(reading))
  return together(kind, nodes, at)
}

function takeWord(reading: Reading, word: string): boolean {
  skipBlanks(reading)
  if (peekWord(reading).toLowerCase() !== word) return false
  reading.at += word.length
  return true
}

function readOperand(reading: Reading): FilterNode {
  skipBlanks(reading)
  if (reading.text[reading.at] === '(') return readBracketed(reading, ')')
  const start = reading.at
  // "not" could also be the name of an attribute; only the parenthesis tells.
  if (takeWord(reading, 'not')) {
    skipBlanks(reading)
    if (reading.text[reading.at] === '(') return { kind: 'not', of: readBracketed(reading, ')'), at: column(start) }
    reading.at = start
  }
  return readExpression(reading)
}

function readBracketed(reading: Reading, close: ')' | ']'): FilterNode {
  const { depthMax } = reading.limits
  if (reading.depth === depthMax)
    throw new FilterError(column(reading.at), `the filter is nested deeper than ${depthMax}`)
  reading.at += 1
  reading.depth += 1
  const node = readOr(reading)
  reading.depth -= 1
  if (reading.text[reading.at] !== close) throw unexpected(reading, `"and", "or" or "${close}"`)
  reading.at += 1
  return node
}

function readExpression(reading: Reading): FilterNode {
  const start = reading.at
  const field = readName(reading)
  if (reading.text[reading.at] !== '[') return readOperation(reading, field, start)
  if (reading.inBrackets) throw new FilterError(column(reading.at), 'brackets cannot stand inside brackets')
  reading.inBrackets = true
  const at = column(start)
  const elements = readBracketed(reading, ']')
  const of = reading.text[reading.at] === '.' ? readSubAttribute(reading, elements, at) : elements
  reading.inBrackets = false
  return { kind: 'valuePath', field, of, at }
}

function readSubAttribute(reading: Reading, elements: FilterNode, at: string): FilterNode {
  reading.at += 1
  const start = reading.at
  return { kind: 'and', of: [elements, readOperation(reading, readName(reading), start)], at }
}

const simpleName = /^[a-z$][\w$-]*$/i
const urnPrefix = /^urn:[\w.:-]*:$/i

function readName(reading: Reading): string {
  const name = peekWord(reading)
  const local = name.lastIndexOf(':') + 1
  const isName = name
    .slice(local)
    .split('.')
    .every((part) => simpleName.test(part))
  if (name === '' || !isName || (local > 0 && !urnPrefix.test(name.slice(0, local)))) {
    throw unexpected(reading, 'the name of an attribute')
  }
  if (reading.inBrackets && !simpleName.test(name)) {
    throw new FilterError(column(reading.at), `${quote(name)} stands inside brackets, where only sub-attributes can`)
  }
  reading.at += name.length
  return name
}

const comparisons: ReadonlySet<string> = new Set<CompareOp>(['eq', 'ne', 'lt', 'gt', 'le', 'ge'])

function readOperation(reading: Reading, field: string, start: number): FilterTerm {
  const at = column(start)
  reading.terms.count(at)
  skipBlanks(reading)
  const operator = peekWord(reading).toLowerCase()
  if (operator === 'pr') {
    reading.at += operator.length
    return { kind: 'present', field, at }
  }
  const isPattern = operator === 'co' || operator === 'sw' || operator === 'ew'
  if (!isPattern && !isComparison(operator)) throw unexpected(reading, 'an operator (eq ne co sw ew gt ge lt le pr)')
  reading.at += operator.length
  skipBlanks(reading)
  const valueAt = reading.at
  const value = readValue(reading)
  if (!isPattern) return { kind: 'compare', field, op: operator, value, at }
  if (typeof value !== 'string') throw new FilterError(column(valueAt), `${operator} takes a text in double quotes`)
  return { kind: 'pattern', field, letters: 'by-field', pieces: patternOf(operator, value), at }
}

const looseWord = /[^\s()[\]"]+/y

function readValue(reading: Reading): Scalar | null {
  if (reading.text[reading.at] === '"') return readString(reading)
  if (!reading.looseLiterals) return readBareLiteral(reading)
  const start = reading.at
  looseWord.lastIndex = start
  const word = looseWord.exec(reading.text)?.[0]
  if (word === undefined) throw unexpected(reading, 'a value')
  const literal = takeBareLiteral(reading)
  const end = start + word.length
  if (literal !== undefined && reading.at === end) return literal
  reading.at = end
  return word
}

function patternOf(operator: 'co' | 'sw' | 'ew', value: string): string[] {
  if (value === '') return ['', '']
  if (operator === 'sw') return [value, '']
  return operator === 'ew' ? ['', value] : ['', value, '']
}

function isComparison(word: string): word is CompareOp {
  return comparisons.has(word)
}
