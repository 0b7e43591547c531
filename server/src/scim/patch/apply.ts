import { elementsMax, withoutDoubles, ownMembers, readValue, type Reading } from '../read-value.ts'
import { readExternalId } from '../read-resource.ts'
import type { Attribute } from '../schemas/attribute.ts'
import { findAttribute, schemaByUrn, type ResourceType } from '../schemas/registry.ts'
import { invalidPath, invalidValue, noTarget, notMutable } from '../scim-error.ts'
import { copyOf, elementsOf, emptyObject, isObject, isSame, type ScimObject, type ScimValue } from '../scim-value.ts'
import { readPath, type Selector, type Target } from './path.ts'
import type { Operation } from './read-operations.ts'

/** What an operation is applied with. */
export interface Patching {
  readonly type: ResourceType
  readonly reading: Reading
}

/**
 * Applies operations in order, each to the result of the one before. The resource given is not changed;
 * one operation that cannot be applied leaves nothing applied.
 *
 * @throws ScimError invalidPath · invalidValue · mutability · noTarget
 * @source RFC 7644 section 3.5.2; contract/scim.md 157–166, 170; K1–K6, K12
 */
export function applyOperations(
  resource: ScimObject,
  operations: readonly Operation[],
  patching: Patching,
): ScimObject {
  const result = copyOf(resource)
  for (const operation of operations) applyOperation(result, operation, patching)
  return result
}

export function applyOperation(resource: ScimObject, operation: Operation, patching: Patching): void {
  if (operation.path === undefined) applyMembers(resource, operation, patching)
  else applyAt(resource, { ...operation, path: operation.path }, patching)
}

type AimedOperation = Operation & { readonly path: string }

/** Without a path the value names attributes itself; dotted and URN-colon keys are paths (K3). */
function applyMembers(resource: ScimObject, { op, value }: Operation, patching: Patching): void {
  if (!isObject(value)) throw invalidValue('Without a path the value takes an object of attributes.')
  let known = 0
  const members = ownMembers(value, 'value')
  for (const [name, member] of members) {
    const lower = name.toLowerCase()
    if (lower === 'schemas') continue
    if (lower === 'id') {
      // Okta sends the id along (K12).
      if (member !== resource['id']) throw notMutable('id cannot change.')
      known += 1
      continue
    }
    if (lower === 'meta') {
      patching.reading.notes.push({ attribute: 'meta', note: 'read-only; it was ignored' })
      continue
    }
    if (isUnderUrn(name, patching.type)) {
      applyUnderUrn(resource, op, name, member, patching)
      known += 1
      continue
    }
    if (findAttribute(patching.type, beforeBracket(name)) === undefined) {
      patching.reading.notes.push({ attribute: name.slice(0, 100), note: 'no such attribute; it was ignored' })
      continue
    }
    known += 1
    applyAt(resource, { op, path: name, value: member ?? null }, patching)
  }
  if (known === 0 && members.length > 0) throw invalidPath('The value names no attribute of this resource.')
}

/** `emails[type eq "work"].value` as a key is a path as well. */
function beforeBracket(name: string): string {
  const open = name.indexOf('[')
  return open < 0 ? name : name.slice(0, open)
}

function isUnderUrn(name: string, type: ResourceType): boolean {
  return schemaByUrn(type, name) !== undefined
}

function applyUnderUrn(
  resource: ScimObject,
  op: Operation['op'],
  urn: string,
  value: unknown,
  patching: Patching,
): void {
  const schema = schemaByUrn(patching.type, urn)
  if (schema === undefined) throw invalidPath('The path names no schema of this resource.')
  if (value === null || op === 'remove') {
    if (schema !== patching.type.schema) delete resource[schema.id]
    return
  }
  if (!isObject(value)) throw invalidValue(`${schema.name} takes an object.`)
  for (const [name, member] of ownMembers(value, schema.name))
    applyAt(resource, { op, path: `${schema.id}:${name}`, value: member ?? null }, patching)
}

function applyAt(resource: ScimObject, operation: AimedOperation, patching: Patching): void {
  const target = readPath(operation.path, patching.type)
  if (target === 'extension') {
    applyUnderUrn(resource, operation.op, operation.path, operation.value, patching)
    return
  }
  const { extension, attribute } = target.found
  if (attribute.mutability === 'readOnly' || target.sub?.mutability === 'readOnly')
    throw notMutable(`${attribute.name} is read-only.`)
  if (attribute.name === 'externalId' && extension === undefined) {
    applyExternalId(resource, operation, patching)
    return
  }
  const container = extension === undefined ? resource : extensionOf(resource, extension)
  if (operation.op === 'remove' || clears(operation, patching)) remove(container, target, operation, patching)
  else write(container, target, operation, patching)
  if (extension !== undefined && Object.keys(container).length === 0) delete resource[extension]
}

function applyExternalId(resource: ScimObject, { op, value }: AimedOperation, { reading }: Patching): void {
  const externalId = op === 'remove' ? undefined : readExternalId(value, reading)
  if (externalId === undefined) delete resource['externalId']
  else resource['externalId'] = externalId
}

function extensionOf(resource: ScimObject, urn: string): ScimObject {
  const present = resource[urn]
  if (isObject(present)) return present
  const made = emptyObject()
  resource[urn] = made
  return made
}

/** A replace by null clears, and by "" where the rules say so (item 156, C13). */
function clears({ op, value }: AimedOperation, { reading }: Patching): boolean {
  if (isNothing(value)) return op === 'replace'
  return op === 'replace' && value === '' && reading.rules.emptyStringUnassigns
}

function remove(
  container: ScimObject,
  { found: { attribute }, selects, sub }: Target,
  { op, value }: AimedOperation,
  patching: Patching,
): void {
  const { name } = attribute
  if (sub === undefined && selects === undefined) {
    if (attribute.required) throw notMutable(`${name} is required and cannot be removed.`)
    if (op === 'remove' && attribute.multiValued && value !== undefined && value !== null)
      removeListed(container, attribute, value, patching)
    else delete container[name]
    return
  }
  if (!attribute.multiValued) {
    const object = container[name]
    if (isObject(object) && sub !== undefined) delete object[sub.name]
    if (isObject(object) && Object.keys(object).length === 0) delete container[name]
    return
  }
  const kept = elementsOf(container[name]).flatMap((element) => {
    if (selects !== undefined && !selects.matches(element)) return [element]
    if (sub === undefined) return []
    const { [sub.name]: _removed, ...rest } = element
    return Object.keys(rest).length === 0 ? [] : [Object.assign(emptyObject(), rest)]
  })
  setList(container, name, kept)
}

/** A remove with a list takes away only what it lists (K6). */
function removeListed(container: ScimObject, attribute: Attribute, value: unknown, { reading }: Patching): void {
  const listed = elementsOf(readValue(attribute, value, attribute.name, { ...reading, isPatch: true }))
  setList(
    container,
    attribute.name,
    elementsOf(container[attribute.name]).filter((element) => !listed.some((one) => isMeant(one, element))),
  )
}

/** An element is named by its value; one that has none, such as an address, by everything that was sent of it. */
function isMeant(named: ScimObject, element: ScimObject): boolean {
  const by = named['value'] === undefined ? Object.keys(named) : ['value']
  return by.length > 0 && by.every((name) => isSame(named[name], element[name]))
}

function write(container: ScimObject, target: Target, operation: AimedOperation, patching: Patching): void {
  const { attribute } = target.found
  if (target.selects !== undefined) writeSelected(container, target, target.selects, operation, patching)
  else if (attribute.multiValued && target.sub !== undefined)
    writeEveryElement(container, attribute, target.sub, operation, patching)
  else if (attribute.multiValued) writeList(container, attribute, operation, patching)
  else writeSingle(container, target, operation, patching)
}

function writeSingle(
  container: ScimObject,
  { found: { attribute }, sub }: Target,
  { op, value }: AimedOperation,
  { reading }: Patching,
): void {
  const { name } = attribute
  if (sub !== undefined) {
    const read = readValue(sub, value, `${name}.${sub.name}`, reading)
    // Nothing that is added changes nothing.
    if (read === undefined && op === 'add') return
    const present = container[name]
    const object = isObject(present) ? present : emptyObject()
    if (read === undefined) delete object[sub.name]
    else object[sub.name] = read
    if (Object.keys(object).length > 0) container[name] = object
    return
  }
  const read = readValue(attribute, value, name, reading)
  if (read === undefined) {
    if (op === 'add') return
    if (attribute.required) throw invalidValue(`${name} is required.`)
    delete container[name]
    return
  }
  const present = container[name]
  // Sub-attributes that are not named stay (items 163, 166).
  container[name] = isObject(read) && isObject(present) ? Object.assign(present, read) : read
}

function writeList(
  container: ScimObject,
  attribute: Attribute,
  { op, value }: AimedOperation,
  { reading }: Patching,
): void {
  const { name } = attribute
  const sent = readValue(attribute, value, name, { ...reading, isPatch: true })
  const added = elementsOf(sent)
  const replaces = op === 'replace' || reading.rules.multiValuedAdd === 'replace'
  // What becomes primary takes that from the others (item 161).
  const takesPrimary = !replaces && added.some(isPrimary)
  const elements = replaces ? [] : elementsOf(container[name]).map((one) => (takesPrimary ? ordinary(one) : one))
  for (const element of added) {
    // The same value of the same type is there already, and learns what is new about it.
    const at = elements.findIndex(
      (one) => isSame(one['value'], element['value']) && isSame(one['type'], element['type']),
    )
    const present = element['value'] === undefined ? undefined : elements[at]
    if (present === undefined) elements.push(element)
    else elements[at] = Object.assign(emptyObject(), present, element)
  }
  setList(container, name, withoutDoubles(elements, name, reading))
}

function ordinary(element: ScimObject): ScimObject {
  const { primary: _taken, ...rest } = element
  return Object.assign(emptyObject(), rest)
}

function writeEveryElement(
  container: ScimObject,
  attribute: Attribute,
  sub: Attribute,
  { op, value }: AimedOperation,
  { reading }: Patching,
): void {
  const read = readValue(sub, value, `${attribute.name}.${sub.name}`, reading)
  if (read === undefined && op === 'add') return
  const present = elementsOf(container[attribute.name])
  const elements = present.length === 0 ? [emptyObject()] : present
  setList(
    container,
    attribute.name,
    elements.map((element) => withMember(element, sub.name, read)),
  )
}

function withMember(element: ScimObject, name: string, value: ScimValue | undefined): ScimObject {
  const { [name]: _previous, ...rest } = element
  return Object.assign(emptyObject(), rest, value === undefined ? {} : { [name]: value })
}

function writeSelected(
  container: ScimObject,
  target: Target,
  selects: Selector,
  operation: AimedOperation,
  patching: Patching,
): void {
  const {
    found: { attribute },
    sub,
  } = target
  const { reading } = patching
  if (operation.op === 'add' && isNothing(operation.value)) return
  const elements = elementsOf(container[attribute.name])
  const change = changeOf(attribute, sub, operation, reading)
  const matching = new Set(elements.filter((element) => selects.matches(element)))
  // What becomes primary takes that from the others (item 161).
  const other = isPrimary(change(emptyObject())) ? ordinary : (element: ScimObject) => element
  const changed = elements.map((element) => (matching.has(element) ? change(element) : other(element)))
  if (matching.size === 0) changed.push(change(made(selects, operation, reading)))
  setList(container, attribute.name, withoutDoubles(changed, attribute.name, reading))
}

function isNothing(value: unknown): boolean {
  return value === null || (Array.isArray(value) && value.length === 0)
}

function isPrimary(element: ScimObject): boolean {
  return element['primary'] === true
}

/** What an operation makes of one element it selects. */
function changeOf(
  attribute: Attribute,
  sub: Attribute | undefined,
  { op, value }: AimedOperation,
  reading: Reading,
): (element: ScimObject) => ScimObject {
  if (sub !== undefined) {
    const read = readValue(sub, value, `${attribute.name}.${sub.name}`, reading)
    return (element) => withMember(element, sub.name, read)
  }
  const [read] = elementsOf(readValue(attribute, [value], attribute.name, reading))
  if (read === undefined) throw invalidValue(`${attribute.name} takes an object here.`)
  return (element) => Object.assign(emptyObject(), op === 'add' ? element : {}, read)
}

/** An element that is not there yet is made from what the filter asks for (item 164, C3, K4). */
function made(selects: Selector, { op }: AimedOperation, { rules }: Reading): ScimObject {
  const mayMake = op === 'add' || rules.createOnNoTarget
  if (!mayMake || selects.asked === undefined) throw noTarget('No value matches the filter in the path.')
  return Object.assign(emptyObject(), selects.asked)
}

function setList(container: ScimObject, name: string, elements: readonly ScimObject[]): void {
  if (elements.length > elementsMax)
    throw invalidValue(`${name} would have ${elements.length} entries; the limit is ${elementsMax}.`)
  if (elements.length === 0) delete container[name]
  else container[name] = elements
}
