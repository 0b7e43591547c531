import { ownMembers, passOver, readValue, type Reading } from './read-value.ts'
import type { Schema } from './schemas/attribute.ts'
import { named, schemaByUrn, type ResourceType } from './schemas/registry.ts'
import { invalidSyntax, invalidValue } from './scim-error.ts'
import { emptyObject, isObject, type ScimObject } from './scim-value.ts'

const externalIdMax = 1_000

/**
 * Reads the body of a POST or PUT: everything the client may set, in the schema's spelling; what is read-only is left out.
 *
 * @throws ScimError invalidSyntax · invalidValue
 * @source contract/scim.md 17–24, 78, 80, K9, K10; profiles C5
 */
export function readResource(body: unknown, type: ResourceType, reading: Reading): ScimObject {
  if (!isObject(body)) throw invalidSyntax('The body takes a JSON object.')
  const members = ownMembers(body, '')
  const declared = readSchemas(members, type, reading)
  const resource = emptyObject()
  for (const [name, value] of members) {
    const lower = name.toLowerCase()
    if (lower === 'id') requireText(value, reading)
    if (lower === 'schemas' || lower === 'id' || lower === 'meta') continue
    if (lower === 'externalid') {
      const externalId = readExternalId(value, reading)
      if (externalId !== undefined) resource['externalId'] = externalId
      continue
    }
    if (lower.startsWith('urn:')) {
      const schema = schemaByUrn(type, name)
      if (schema === undefined) passOver(name, reading)
      else readUnderUrn(resource, schema, value, { type, declared, reading })
      continue
    }
    readInto(resource, type.schema, name, value, reading)
  }
  return resource
}

/** An id in a body means nothing, but has to be one where the rules are strict (C10). */
function requireText(id: unknown, { rules }: Reading): void {
  if (rules.unknownInput === 'refuse' && id !== null && typeof id !== 'string') throw invalidValue('id takes a text.')
}

function readInto(target: ScimObject, schema: Schema, name: string, value: unknown, reading: Reading): void {
  const attribute = named(schema.attributes, name)
  if (attribute === undefined) {
    if (name.toLowerCase() === 'password')
      reading.notes.push({ attribute: 'password', note: 'passwords are off; it was dropped unread' })
    else passOver(name, reading)
    return
  }
  if (attribute.mutability === 'readOnly') return
  const read = readValue(attribute, value, attribute.name, reading)
  if (read !== undefined) target[attribute.name] = read
}

interface UnderUrn {
  readonly type: ResourceType
  readonly declared: ReadonlySet<string>
  readonly reading: Reading
}

function readUnderUrn(
  resource: ScimObject,
  schema: Schema,
  value: unknown,
  { type, declared, reading }: UnderUrn,
): void {
  if (value === null || (Array.isArray(value) && value.length === 0)) return
  if (!isObject(value)) throw invalidValue(`${schema.name} takes an object.`)
  if (!declared.has(schema.id) && !reading.rules.addMissingUrn)
    throw invalidSyntax(`schemas does not name ${schema.id}, of which there is data.`)
  const target = schema === type.schema ? resource : emptyObject()
  for (const [name, member] of ownMembers(value, schema.name)) readInto(target, schema, name, member, reading)
  if (target !== resource && Object.keys(target).length > 0) resource[schema.id] = target
}

/** The schemas a body names; unknown ones are a mistake only where the rules are strict (item 17). */
function readSchemas(
  members: readonly [string, unknown][],
  type: ResourceType,
  { rules, notes }: Reading,
): Set<string> {
  const [, sent] = members.find(([name]) => name.toLowerCase() === 'schemas') ?? []
  if (!Array.isArray(sent) || sent.length === 0 || !sent.every((urn) => typeof urn === 'string'))
    throw invalidSyntax(`schemas takes a list that names at least ${type.schema.id}.`)
  if (new Set(sent.map((urn) => urn.toLowerCase())).size !== sent.length)
    throw invalidSyntax('schemas names a URN twice.')
  const declared = new Set<string>()
  for (const urn of sent) {
    const schema = schemaByUrn(type, urn)
    if (schema !== undefined) declared.add(schema.id)
    else if (rules.unknownInput === 'refuse') throw invalidValue('schemas names a URN that no schema here has.')
    else notes.push({ attribute: 'schemas', note: 'an unknown schema URN was ignored' })
  }
  if (rules.unknownInput === 'refuse' && !declared.has(type.schema.id))
    throw invalidSyntax(`schemas does not name ${type.schema.id}.`)
  return declared
}

export function readExternalId(value: unknown, { rules }: Reading): string | undefined {
  if (value === null || value === undefined) return undefined
  if (typeof value !== 'string') throw invalidValue('externalId takes a text.')
  if (value === '' && rules.emptyStringUnassigns) return undefined
  const length = [...value].length
  if (length < 1 || length > externalIdMax || !value.isWellFormed())
    throw invalidValue(`externalId takes 1 to ${externalIdMax} characters.`)
  return value
}
