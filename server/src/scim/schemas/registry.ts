import { attribute, subAttribute, type Attribute, type Schema } from './attribute.ts'
import { enterpriseSchema, enterpriseUrn } from './enterprise.ts'
import { groupSchema } from './group.ts'
import { password, userSchema } from './user.ts'
import { resourceTypeSchema, schemaSchema, serviceProviderConfigSchema } from './service-schemas.ts'

export type ResourceTypeName = 'User' | 'Group'

/** One kind of resource, with everything that may stand in it. The one source of validation, projection, filters, PATCH and /Schemas. */
export interface ResourceType {
  readonly name: ResourceTypeName
  readonly endpoint: '/Users' | '/Groups'
  readonly description: string
  readonly schema: Schema
  readonly extensions: readonly Schema[]
}

/** An attribute found by its name: which schema it stands in, and its sub-attribute if one was named. */
export interface Found {
  /** Undefined: a common attribute or one of the base schema; those stand at the top. */
  readonly extension: string | undefined
  readonly attribute: Attribute
  readonly sub: Attribute | undefined
}

/** Common attributes belong to every resource and to no schema (43§3.1). */
export const commonAttributes: readonly Attribute[] = [
  attribute('schemas', 'The schemas of the resource.', {
    type: 'reference',
    multiValued: true,
    mutability: 'readOnly',
    returned: 'always',
    caseExact: true,
  }),
  attribute('id', 'The id, made here.', {
    caseExact: true,
    mutability: 'readOnly',
    returned: 'always',
    uniqueness: 'server',
  }),
  attribute('externalId', 'The id the client knows the resource by.', { caseExact: true }),
  attribute('meta', 'What the service knows about the resource.', {
    type: 'complex',
    mutability: 'readOnly',
    subAttributes: [
      attribute('resourceType', 'The kind of resource.', { caseExact: true, mutability: 'readOnly' }),
      attribute('created', 'When it was made.', { type: 'dateTime', mutability: 'readOnly' }),
      attribute('lastModified', 'When it last changed.', { type: 'dateTime', mutability: 'readOnly' }),
      attribute('location', 'Where it is found.', { type: 'reference', caseExact: true, mutability: 'readOnly' }),
      attribute('version', 'Its version, as in ETag.', { caseExact: true, mutability: 'readOnly' }),
    ],
  }),
]

const userType: ResourceType = {
  name: 'User',
  endpoint: '/Users',
  description: 'People of this workspace.',
  schema: userSchema,
  extensions: [enterpriseSchema],
}

const userTypeWithPassword: ResourceType = {
  ...userType,
  schema: { ...userSchema, attributes: [...userSchema.attributes, password] },
}

const groupType: ResourceType = {
  name: 'Group',
  endpoint: '/Groups',
  description: 'Sets of people.',
  schema: groupSchema,
  extensions: [],
}

const groupTypeOnRequest: ResourceType = {
  ...groupType,
  schema: {
    ...groupSchema,
    attributes: groupSchema.attributes.map((one) =>
      one.name === 'members' ? { ...one, returned: 'request' as const } : one,
    ),
  },
}

/** The resource types as a tenant's rules have them. */
export function resourceTypes(rules: {
  readonly passwords: boolean
  readonly groupMembersReturned: 'default' | 'request'
}): { readonly user: ResourceType; readonly group: ResourceType } {
  return {
    user: rules.passwords ? userTypeWithPassword : userType,
    group: rules.groupMembersReturned === 'request' ? groupTypeOnRequest : groupType,
  }
}

/** Schemas that are published beside those of the resource types. */
export const serviceSchemas: readonly Schema[] = [serviceProviderConfigSchema, resourceTypeSchema, schemaSchema]

/** Names under which clients misspell an extension (K9, 7.4). */
const misspelt: Readonly<Record<string, string>> = {
  'urn:ietf:params:scim:schemas:extension:enterprise:2.0user': enterpriseUrn,
  'urn:scim:schemas:core:1.0': userSchema.id,
  'urn:scim:schemas:extension:enterprise:1.0': enterpriseUrn,
}

/** The schema of a resource type that a URN means; undefined for one nobody knows. */
export function schemaByUrn(type: ResourceType, urn: string): Schema | undefined {
  const lower = urn.toLowerCase()
  const wanted = (Object.hasOwn(misspelt, lower) ? misspelt[lower] : undefined)?.toLowerCase() ?? lower
  return [type.schema, ...type.extensions].find((schema) => schema.id.toLowerCase() === wanted)
}

const reserved = new Set(['__proto__', 'constructor', 'prototype'])

/** Names through which text could reach the inside of an object (item 171). */
export function isReserved(name: string): boolean {
  return reserved.has(name)
}

/** No name of an attribute is longer with its URN; what is, is not looked through. */
const pathMax = 500

/**
 * Finds what a name means: `userName`, `name.givenName`, `urn:…:User:name.givenName`, `urn:…:enterprise:2.0:User:manager.value`,
 * or a whole extension by its URN. In any case.
 */
export function findAttribute(type: ResourceType, path: string): Found | 'extension' | undefined {
  if (path.length > pathMax) return undefined
  const { schema, local } = splitUrn(type, path)
  if (schema !== undefined && local === '') return schema === type.schema ? undefined : 'extension'
  const [name = '', sub, ...more] = local.split('.')
  if (more.length > 0 || isReserved(name)) return undefined
  const home = schema ?? homeOf(type, name)
  const found =
    home === undefined ? undefined : named(home === type.schema ? topAttributes(type) : home.attributes, name)
  if (home === undefined || found === undefined) return undefined
  const part = sub === undefined ? undefined : subAttribute(found, sub)
  if (sub !== undefined && part === undefined) return undefined
  return { extension: home === type.schema ? undefined : home.id, attribute: found, sub: part }
}

function topAttributes(type: ResourceType): readonly Attribute[] {
  return [...commonAttributes, ...type.schema.attributes]
}

export function named(attributes: readonly Attribute[], name: string): Attribute | undefined {
  const wanted = name.toLowerCase()
  return attributes.find((candidate) => candidate.name.toLowerCase() === wanted)
}

/** Without a URN the base schema comes first; Entra also names the manager of the extension so. */
function homeOf(type: ResourceType, name: string): Schema | undefined {
  if (named(topAttributes(type), name) !== undefined) return type.schema
  return type.extensions.find((extension) => named(extension.attributes, name) !== undefined)
}

/** Cuts a URN off the front of a path; the longest one that is known counts, since URNs hold dots and colons themselves. */
function splitUrn(type: ResourceType, path: string): { schema: Schema | undefined; local: string } {
  if (!path.toLowerCase().startsWith('urn:')) return { schema: undefined, local: path }
  const whole = schemaByUrn(type, path)
  if (whole !== undefined) return { schema: whole, local: '' }
  for (let at = path.lastIndexOf(':'); at > 0; at = path.lastIndexOf(':', at - 1)) {
    const schema = schemaByUrn(type, path.slice(0, at))
    if (schema !== undefined) return { schema, local: path.slice(at + 1) }
  }
  return { schema: undefined, local: path }
}

/** The canonical spelling of what was found, for filters and messages. */
export function pathOf({ extension, attribute: { name }, sub }: Found): string {
  const local = sub === undefined ? name : `${name}.${sub.name}`
  return extension === undefined ? local : `${extension}:${local}`
}
