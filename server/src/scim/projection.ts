import type { Attribute } from './schemas/attribute.ts'
import { commonAttributes, findAttribute, named, schemaByUrn, type ResourceType } from './schemas/registry.ts'
import { invalidValue } from './scim-error.ts'
import { emptyObject, isObject, type ScimObject, type ScimValue } from './scim-value.ts'

/** Sub-attributes by name, or the whole attribute. */
type Parts = Set<string> | 'all'
/** Attributes by name. */
type Selection = Map<string, Parts>

/** What of a resource is answered. Names of the base schema and common ones stand under ''. */
export interface Projection {
  readonly mode: 'default' | 'only' | 'except'
  readonly bySchema: ReadonlyMap<string, Selection | 'all'>
}

export const wholeResource: Projection = { mode: 'default', bySchema: new Map() }

interface Asked {
  readonly attributes: readonly string[]
  readonly excludedAttributes: readonly string[]
}

/**
 * Reads `attributes` or `excludedAttributes`; names nobody knows are ignored.
 *
 * @throws ScimError invalidValue when both are given, or too many names
 * @source RFC 7644 section 3.4.2.5; contract/scim.md 136–141
 */
export function readProjection({ attributes, excludedAttributes }: Asked, types: readonly ResourceType[]): Projection {
  if (attributes.length > 0 && excludedAttributes.length > 0)
    throw invalidValue('attributes and excludedAttributes cannot be used together; send one of them.')
  if (attributes.length > 0) return { mode: 'only', bySchema: select(attributes, types) }
  if (excludedAttributes.length > 0) return { mode: 'except', bySchema: select(excludedAttributes, types) }
  return wholeResource
}

const namesMax = 1_000

function select(names: readonly string[], types: readonly ResourceType[]): Map<string, Selection | 'all'> {
  if (names.length > namesMax) throw invalidValue(`${names.length} attributes are named; the limit is ${namesMax}.`)
  const bySchema = new Map<string, Selection | 'all'>()
  for (const name of names) {
    // `emails[type eq "work"]` asks for the whole attribute (item 140).
    const path = withoutFilter(name.trim())
    for (const type of types) add(bySchema, path, type)
  }
  return bySchema
}

/** By position: an expression for this takes time that grows with the square of what is sent. */
function withoutFilter(name: string): string {
  const [open, close] = [name.indexOf('['), name.lastIndexOf(']')]
  return open < 0 || close < open ? name : name.slice(0, open) + name.slice(close + 1)
}

function add(bySchema: Map<string, Selection | 'all'>, path: string, type: ResourceType): void {
  const found = findAttribute(type, path)
  if (found === undefined) return
  if (found === 'extension') {
    bySchema.set(schemaByUrn(type, path)?.id ?? path, 'all')
    return
  }
  const key = found.extension ?? ''
  const selection = bySchema.get(key) ?? new Map<string, Parts>()
  bySchema.set(key, selection)
  if (selection === 'all') return
  const parts = selection.get(found.attribute.name)
  if (found.sub === undefined || parts === 'all') selection.set(found.attribute.name, 'all')
  else selection.set(found.attribute.name, new Set([...(parts ?? []), found.sub.name]))
}

/** Whether an attribute of the base schema is answered at all: what is not need not be read. */
export function isWanted(projection: Projection, attribute: Attribute): boolean {
  const parts = partsOf(projection, '', attribute.name)
  if (projection.mode === 'only') return parts !== undefined
  if (attribute.returned === 'request') return false
  return projection.mode === 'default' || parts !== 'all'
}

function partsOf({ bySchema }: Projection, schema: string, name: string): Parts | undefined {
  const selection = bySchema.get(schema)
  return selection === 'all' ? 'all' : selection?.get(name)
}

/** A resource as it is answered. `sent` names what a write set: attributes on request come back then (item 59). */
export function project(
  resource: ScimObject,
  type: ResourceType,
  projection: Projection,
  sent: ReadonlySet<string> = new Set(),
): ScimObject {
  const result = emptyObject()
  const extensions = new Map(type.extensions.map((schema) => [schema.id, schema.attributes]))
  const top = [...commonAttributes, ...type.schema.attributes]
  for (const [name, value] of Object.entries(resource)) {
    const ofExtension = extensions.get(name)
    if (ofExtension !== undefined && isObject(value)) {
      const inner = projectMembers(value, ofExtension, projection, name, sent)
      if (Object.keys(inner).length > 0) result[name] = inner
      continue
    }
    const attribute = named(top, name)
    if (attribute === undefined) continue
    const shown = projectOne(value, attribute, projection, '', sent)
    if (shown !== undefined) result[name] = shown
  }
  return result
}

function projectMembers(
  object: ScimObject,
  attributes: readonly Attribute[],
  projection: Projection,
  schema: string,
  sent: ReadonlySet<string>,
): ScimObject {
  const result = emptyObject()
  for (const [name, value] of Object.entries(object)) {
    const attribute = named(attributes, name)
    const shown = attribute === undefined ? undefined : projectOne(value, attribute, projection, schema, sent)
    if (shown !== undefined) result[name] = shown
  }
  return result
}

function projectOne(
  value: ScimValue,
  attribute: Attribute,
  projection: Projection,
  schema: string,
  sent: ReadonlySet<string>,
): ScimValue | undefined {
  if (attribute.returned === 'never' || attribute.mutability === 'writeOnly') return undefined
  if (attribute.returned === 'always') return value
  const parts = partsOf(projection, schema, attribute.name)
  if (projection.mode === 'only')
    return parts === undefined ? undefined : parts === 'all' ? value : keepParts(value, parts, true)
  if (attribute.returned === 'request' && !sent.has(attribute.name)) return undefined
  if (projection.mode === 'default' || parts === undefined) return value
  return parts === 'all' ? undefined : keepParts(value, parts, false)
}

/** The named sub-attributes alone, or all but them. */
function keepParts(value: ScimValue, parts: ReadonlySet<string>, named: boolean): ScimValue | undefined {
  if (Array.isArray(value)) {
    const elements = value
      .map((element: ScimValue) => keepParts(element, parts, named))
      .filter((one) => one !== undefined)
    return elements.length === 0 ? undefined : elements
  }
  if (!isObject(value)) return named ? undefined : value
  const kept = emptyObject()
  for (const [name, member] of Object.entries(value)) if (parts.has(name) === named) kept[name] = member
  return Object.keys(kept).length === 0 ? undefined : kept
}

/** Shapes the elements of one list attribute, for lists that are written out element by element. */
export function elementProjector(projection: Projection, attribute: Attribute): (element: ScimObject) => ScimObject {
  const parts = partsOf(projection, '', attribute.name)
  if (projection.mode === 'default' || parts === undefined || parts === 'all') return (element) => element
  const isNamed = projection.mode === 'only'
  return (element) => {
    const kept = keepParts(element, parts, isNamed)
    return isObject(kept) ? kept : emptyObject()
  }
}
