import { toKey } from '../../db/normal-key.ts'
import { checkFilter } from '../../filter/check-filter.ts'
import type { CheckedNode, Field, FieldMap, FilterRow } from '../../filter/field.ts'
import { FilterError } from '../../filter/filter-error.ts'
import { filterMatches } from '../../filter/filter-memory.ts'
import { parseScimFilter } from '../../filter/parse-scim-filter.ts'
import type { FilterNode } from '../../filter/filter-tree.ts'
import type { Attribute } from '../schemas/attribute.ts'
import { subAttribute } from '../schemas/attribute.ts'
import { findAttribute, isReserved, type Found, type ResourceType } from '../schemas/registry.ts'
import { invalidPath } from '../scim-error.ts'
import { textOf, type ScimObject } from '../scim-value.ts'

/** Where an operation is aimed. */
export interface Target {
  readonly found: Found
  /** Which elements of a multi-valued attribute; undefined: all of it. */
  readonly selects: Selector | undefined
  /** After `]`, or after the attribute. */
  readonly sub: Attribute | undefined
}

export interface Selector {
  matches(element: ScimObject): boolean
  /** Values its `eq` terms ask for, when they are joined by `and` alone; undefined otherwise (C3, item 164). */
  readonly asked: ScimObject | undefined
}

/**
 * Reads the path of an operation: `attr`, `attr.sub`, `attr[filter]`, `attr[filter].sub`, each with or without URN.
 *
 * @returns 'extension' for the URN of a whole extension
 * @throws ScimError invalidPath
 * @source RFC 7644 section 3.5.2; contract/scim.md 155, 171
 */
export function readPath(path: string, type: ResourceType): Target | 'extension' {
  if (path.length > 2_000) throw invalidPath('The path is too long.')
  if (path.split(/[.:[\]\s"]+/).some(isReserved)) throw invalidPath('The path names something that is not allowed.')
  const open = path.indexOf('[')
  if (open < 0) return plainTarget(path, type)
  const close = closingBracket(path, open)
  const found = findAttribute(type, path.slice(0, open).trim())
  if (found === undefined || found === 'extension' || found.sub !== undefined || !found.attribute.multiValued)
    throw invalidPath('Brackets stand behind a multi-valued attribute.')
  const rest = path.slice(close + 1).trim()
  const sub = rest === '' ? undefined : rest.startsWith('.') ? subAttribute(found.attribute, rest.slice(1)) : undefined
  if (rest !== '' && sub === undefined) throw invalidPath('What stands behind the bracket is no sub-attribute.')
  return { found, sub, selects: selector(path.slice(0, close + 1), found.attribute) }
}

function plainTarget(path: string, type: ResourceType): Target | 'extension' {
  const found = findAttribute(type, path)
  if (found === undefined) throw invalidPath('The path names no attribute of this resource.')
  return found === 'extension' ? found : { found, sub: found.sub, selects: undefined }
}

/** Quoted text may hold brackets of its own. */
function closingBracket(path: string, open: number): number {
  let isQuoted = false
  for (let at = open + 1; at < path.length; at += 1) {
    if (path[at] === '\\' && isQuoted) at += 1
    else if (path[at] === '"') isQuoted = !isQuoted
    else if (path[at] === ']' && !isQuoted) return at
  }
  throw invalidPath('A bracket is not closed.')
}

function selector(text: string, attribute: Attribute): Selector {
  const node = parse(text)
  const fields = memoryFields(attribute)
  const checked = check(node, fields)
  // Folding is what takes time where there are many elements: only what the filter looks at is folded.
  const names = namesIn(node)
  const asked = (attribute.subAttributes ?? []).filter((sub) => names.has(sub.name.toLowerCase()))
  return {
    matches: (element) => filterMatches(checked, toRow(element, asked)),
    asked: equalities(node, attribute),
  }
}

function parse(text: string): FilterNode {
  return inPath(() => {
    const node = parseScimFilter(text)
    if (node.kind !== 'valuePath') throw invalidPath('The path is no path with a filter.')
    return node.of
  })
}

function check(node: FilterNode, fields: FieldMap): CheckedNode {
  return inPath(() => checkFilter(node, fields))
}

/** A mistake in the filter of a path is a mistake in the path. */
function inPath<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof FilterError) throw invalidPath(`The filter in the path cannot be used: ${error.brief}.`)
    throw error
  }
}

/** Elements as rows: folded texts, booleans as 0 and 1. */
function memoryFields({ subAttributes = [] }: Attribute): FieldMap {
  const byName = new Map<string, Field>(
    subAttributes.map((sub): [string, Field] => [
      sub.name.toLowerCase(),
      sub.type === 'boolean'
        ? { type: 'boolean', column: sub.name, takesText: true }
        : {
            type: 'text',
            column: sub.name,
            key: { column: sub.name, normalise: sub.caseExact ? (text) => text : toKey },
            caseInsensitive: true,
            emptyIsNull: true,
          },
    ]),
  )
  return { names: subAttributes.map(({ name }) => name), find: (name) => byName.get(name.toLowerCase()) }
}

/** Names of everything a filter compares, in lower case. */
function namesIn(node: FilterNode): Set<string> {
  switch (node.kind) {
    case 'and':
    case 'or':
      return new Set(node.of.flatMap((part) => [...namesIn(part)]))
    case 'not':
      return namesIn(node.of)
    default:
      return new Set([node.field.toLowerCase()])
  }
}

function toRow(element: ScimObject, subAttributes: readonly Attribute[]): FilterRow {
  const row: Record<string, unknown> = Object.create(null)
  for (const sub of subAttributes) {
    const text = textOf(element, sub.name)
    row[sub.name] = sub.type === 'boolean' ? (element[sub.name] === true ? 1 : 0) : sub.caseExact ? text : toKey(text)
  }
  return row
}

function equalities(node: FilterNode, attribute: Attribute): ScimObject | undefined {
  const asked: ScimObject = Object.create(null)
  const read = (part: FilterNode): boolean => {
    if (part.kind === 'and') return part.of.every(read)
    if (part.kind !== 'compare' || part.op !== 'eq' || part.value === null) return false
    const sub = subAttribute(attribute, part.field)
    if (sub === undefined) return false
    asked[sub.name] = sub.type === 'boolean' ? String(part.value).toLowerCase() === 'true' : String(part.value)
    return true
  }
  return read(node) ? asked : undefined
}
