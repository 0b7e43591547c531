import { FilterError, quote } from './filter-error.ts'
import { requireSize, rqlLimits, TermCounter, type RqlLimits } from './filter-limits.ts'
import {
  patternPieces,
  together,
  type CompareOp,
  type FilterNode,
  type FilterTerm,
  type Scalar,
} from './filter-tree.ts'
import { readJson, type Json, type JsonObject } from './read-json.ts'

/**
 * Reads RQL, the JSON filters of Atlan's clients.
 *
 * An empty object or `$and` holds for all rows, an empty `$or` for none; a field with an empty object is refused,
 * since it would silently mean "everybody". Empty texts and nulls inside `$in` match nothing.
 *
 * @throws FilterError
 * @source contract/rest-api.md 4.2
 */
export function parseRql(text: string, limits: RqlLimits = rqlLimits): FilterNode {
  requireSize(text, limits)
  // A level of $and is an array and an object; a few more are read, so that the refusal can name the path.
  const filter = readJson(text, 2 * limits.depthMax + 8)
  if (!(filter instanceof Map)) throw new FilterError('column 1', 'a filter is a JSON object')
  return readConditions({ limits, terms: new TermCounter(limits) }, filter, { path: '', depth: 0 })
}

interface Reading {
  readonly limits: RqlLimits
  readonly terms: TermCounter
}

interface Place {
  readonly path: string
  readonly depth: number
}

type ReadElement = (reading: Reading, element: JsonObject, place: Place) => FilterNode

function readConditions(reading: Reading, object: JsonObject, place: Place): FilterNode {
  const nodes = Array.from(object, ([key, value]) => {
    const here = inside(place, key)
    if (isGroup(key)) return readGroup(reading, key, value, here, readConditions)
    if (key.startsWith('$')) throw new FilterError(here.path, misplaced(key))
    return readField(reading, key, value, here)
  })
  return joined(reading, '$and', nodes, place)
}

function readField(reading: Reading, field: string, value: Json, place: Place): FilterNode {
  if (value instanceof Map) return readOperators(reading, field, value, place)
  if (Array.isArray(value)) throw new FilterError(place.path, `${quote(field)} has a list without $in`)
  return compare(reading, field, 'eq', value, place)
}

function readOperators(reading: Reading, field: string, object: JsonObject, place: Place): FilterNode {
  if (object.size === 0) throw new FilterError(place.path, `${quote(field)} has no operator`)
  const nodes = Array.from(object, ([operator, operand]) => {
    const here = inside(place, operator)
    if (!isGroup(operator)) return readTerm(reading, { field, operator, operand }, here)
    return readGroup(reading, operator, operand, here, (_, element, at) => readOperators(reading, field, element, at))
  })
  return joined(reading, '$and', nodes, place)
}

function readGroup(reading: Reading, key: Group, value: Json, place: Place, readElement: ReadElement): FilterNode {
  const { depthMax } = reading.limits
  if (place.depth === depthMax) throw new FilterError(place.path, `the filter is nested deeper than ${depthMax}`)
  if (!Array.isArray(value)) throw new FilterError(place.path, `${key} takes a list of objects`)
  const nodes = value.map((element, index) => {
    const here = { path: `${place.path}[${index}]`, depth: place.depth + 1 }
    if (!(element instanceof Map)) throw new FilterError(here.path, `${key} takes a list of objects`)
    return readElement(reading, element, here)
  })
  return joined(reading, key, nodes, place)
}

interface Operation {
  readonly field: string
  readonly operator: string
  readonly operand: Json
}

const comparisons = new Map<string, CompareOp>([
  ['$eq', 'eq'],
  ['$neq', 'ne'],
  ['$lt', 'lt'],
  ['$gt', 'gt'],
  ['$lte', 'le'],
  ['$gte', 'ge'],
])

function readTerm(reading: Reading, { field, operator, operand }: Operation, place: Place): FilterTerm {
  const op = comparisons.get(operator)
  if (op !== undefined) return compare(reading, field, op, operand, place)
  const at = place.path
  if (operator === '$in') {
    reading.terms.count(at)
    return { kind: 'in', field, values: readList(reading, operand, at), at }
  }
  if (operator !== '$like' && operator !== '$ilike') throw new FilterError(at, `unknown operator ${quote(operator)}`)
  if (typeof operand !== 'string') throw new FilterError(at, `${operator} takes a text`)
  reading.terms.count(at)
  return {
    kind: 'pattern',
    field,
    letters: operator === '$like' ? 'exact' : 'any-case',
    pieces: patternPieces(operand),
    at,
  }
}

function compare(reading: Reading, field: string, op: CompareOp, value: Json, { path }: Place): FilterTerm {
  if (value === null) throw new FilterError(path, `null is no value to compare ${quote(field)} with`)
  if (typeof value === 'object')
    throw new FilterError(path, `${quote(field)} is compared with one text, number or boolean`)
  reading.terms.count(path)
  return { kind: 'compare', field, op, value, at: path }
}

function readList({ limits }: Reading, operand: Json, at: string): Scalar[] {
  if (operand === null) return []
  if (!Array.isArray(operand)) throw new FilterError(at, '$in takes a list')
  if (operand.length > limits.inValuesMax) {
    throw new FilterError(at, `$in has ${operand.length} values; the limit is ${limits.inValuesMax}`)
  }
  return operand.flatMap((value, index) => {
    if (value === null || value === '') return []
    if (typeof value === 'object')
      throw new FilterError(`${at}[${index}]`, '$in takes a list of texts, numbers or booleans')
    return [value]
  })
}

type Group = '$and' | '$or'

function isGroup(key: string): key is Group {
  return key === '$and' || key === '$or'
}

function joined(reading: Reading, key: Group, nodes: FilterNode[], { path }: Place): FilterNode {
  if (nodes.length === 0) reading.terms.count(path)
  return together(key === '$and' ? 'and' : 'or', nodes, path)
}

function misplaced(key: string): string {
  const known = comparisons.has(key) || key === '$in' || key === '$like' || key === '$ilike'
  return known ? `${key} stands where a field, $and or $or should be` : `unknown operator ${quote(key)}`
}

const plainKey = /^[\w$.:-]{1,40}$/

function inside({ path, depth }: Place, key: string): Place {
  const name = plainKey.test(key) ? key : quote(key)
  return { path: path === '' ? name : `${path}.${name}`, depth }
}
