import { sql, type RawBuilder, type SqlBool } from 'kysely'
import type { DialectName } from '../../db/db.ts'
import { toKey } from '../../db/normal-key.ts'
import { searchedTable } from '../../db/searched-table.ts'
import type { DerivedField, Field, FieldMap } from '../../filter/field.ts'
import {
  constantField,
  idOfReference,
  listedText,
  locationField,
  matches,
  versionField,
} from '../list/derived-fields.ts'
import type { Attribute } from '../schemas/attribute.ts'
import { enterpriseUrn } from '../schemas/enterprise.ts'
import { findAttribute, pathOf, type Found, type ResourceType } from '../schemas/registry.ts'
import { userUrn } from '../schemas/user.ts'
import { groupsField } from './held-groups-field.ts'
import { pluralField } from './plural-fields.ts'

/**
 * What SCIM clients may filter users by: every attribute of the schemas that is ever returned, each compiled to a look-up.
 * Conditions are uncorrelated lists of ids where they can be, so that an index drives them.
 *
 * @source contract/scim.md 5.10, 9.2
 */
export function userFields(tenantId: string, now: Date, type: ResourceType): FieldMap {
  return {
    names: [...type.schema.attributes.map(({ name }) => name), 'id', 'externalId', 'meta.lastModified'],
    find: (name) => {
      const found = findAttribute(type, name)
      if (found === undefined || found === 'extension' || isHidden(found)) return undefined
      return fieldOf(tenantId, now, found)
    },
  }
}

/** Filters must not tell what reading does not (item 105). */
function isHidden({ attribute, sub }: Found): boolean {
  return [attribute, sub].some(
    (one) => one !== undefined && (one.returned === 'never' || one.mutability === 'writeOnly'),
  )
}

function fieldOf(tenantId: string, now: Date, found: Found): Field | undefined {
  const path = pathOf(found)
  if (found.attribute.name === 'manager' && found.sub !== undefined) return managerField(tenantId, found, found.sub)
  const own = ownField(tenantId, path)
  if (own !== undefined) return own
  const { attribute } = found
  if (attribute.name === 'groups') return groupsField(tenantId, now, found)
  if (attribute.name === 'emails') return pluralField(found, (dialect) => emailSources(tenantId, dialect))
  if (attribute.multiValued) return pluralField(found, () => [valueSource(tenantId, nameOf(found))])
  if (attribute.type === 'complex' && found.sub === undefined) {
    // `manager eq "id"` means its value (K11).
    const value = attribute.subAttributes?.find((sub) => sub.name === 'value')
    return value === undefined ? complexField(tenantId, found) : singleField(tenantId, `${nameOf(found)}.value`, value)
  }
  return singleField(tenantId, path, found.sub ?? attribute)
}

/** A manager is known by id, also inside a reference; the name is another record's, by which nothing is found. */
function managerField(tenantId: string, found: Found, sub: Attribute): DerivedField {
  const field = singleField(tenantId, `${nameOf(found)}.value`, { caseExact: true })
  if (sub.name === '$ref') return { ...field, normalise: idOfReference }
  return sub.name === 'value' ? field : { ...field, operations: [] }
}

function nameOf({ extension, attribute }: Found): string {
  return extension === undefined ? attribute.name : `${extension}:${attribute.name}`
}

function valueSource(tenantId: string, attribute: string): RawBuilder<unknown> {
  return sql`select v.user_id, v.value_key, v.type_key, v.is_primary, v.keys from scim_values v
    where v.tenant_id = ${tenantId} and v.attribute = ${attribute}`
}

/** People whom SCIM gave no addresses show the one of the directory, for work and primary. */
function emailSources(tenantId: string, dialect: DialectName): RawBuilder<unknown>[] {
  const users = sql.raw(searchedTable(dialect, 'users', 'u'))
  const ofTheDirectory = sql`select u.id as user_id, u.email_key as value_key, 'work' as type_key, 1 as is_primary, '{}' as keys
    from ${users} where u.tenant_id = ${tenantId} and u.email <> '' and not exists (select 1 from scim_users s
      where s.tenant_id = u.tenant_id and s.user_id = u.id and s.has_emails = 1)`
  return [valueSource(tenantId, 'emails'), ofTheDirectory]
}

/** Columns of the user's own row. */
function ownField(tenantId: string, path: string): Field | undefined {
  switch (path) {
    case 'id':
      return { type: 'id', column: 'users.id' }
    case 'userName':
      return keyed('users.username', 'users.username_key')
    case 'name.givenName':
      return keyed('users.first_name', 'users.first_name_key')
    case 'name.familyName':
      return keyed('users.last_name', 'users.last_name_key')
    case 'title':
      return keyed('users.title_key', 'users.title_key')
    case 'active':
      return activeField(tenantId)
    case 'meta.created':
      return { type: 'time', column: 'users.created_at' }
    case 'meta.lastModified':
      return { type: 'time', column: 'users.modified_at' }
    case 'meta.resourceType':
      return constantField('User')
    case 'meta.version':
      return versionField(['users.version'])
    case 'meta.location':
      return locationField('users.id', '/Users/')
    case 'schemas':
      return schemasField(tenantId)
    case 'externalId':
      return besideField(tenantId, 'external_id', true)
    case 'displayName':
      return besideField(tenantId, 'display_key', false)
    default:
      return undefined
  }
}

function keyed(column: string, key: string): Field {
  return {
    type: 'text',
    column,
    key: { column: key, normalise: toKey },
    caseInsensitive: true,
    emptyIsNull: true,
    trigram: key !== 'users.title_key',
  }
}

function besideField(tenantId: string, column: string, caseExact: boolean): DerivedField {
  return listedText(
    'users.id',
    { caseExact },
    (condition, dialect) =>
      sql`select s.user_id from ${sql.raw(searchedTable(dialect, 'scim_users', 's'))} where s.tenant_id = ${tenantId} and s.${sql.ref(column)} <> '' and ${condition}`,
    `s.${column}`,
  )
}

function singleField(tenantId: string, path: string, attribute: Pick<Attribute, 'caseExact'>): DerivedField {
  return listedText(
    'users.id',
    attribute,
    (condition) =>
      sql`select v.user_id from scim_values v where v.tenant_id = ${tenantId} and v.attribute = ${path} and ${condition}`,
    'v.value_key',
  )
}

/** Only presence can be asked of a complex attribute without a value of its own. */
function complexField(tenantId: string, found: Found): DerivedField {
  const prefix = `${nameOf(found)}.`
  const ofColumns = found.attribute.name === 'name' ? sql`users.first_name <> '' or users.last_name <> '' or` : sql``
  return {
    type: 'derived',
    values: 'text',
    operations: ['present'],
    toSql: () =>
      sql<SqlBool>`(${ofColumns} users.id in (select v.user_id from scim_values v
        where v.tenant_id = ${tenantId} and v.attribute >= ${prefix} and v.attribute < ${`${prefix}\u{10ffff}`}))`,
    matches,
  }
}

/** `active` may be unassigned, and is then neither. */
function activeField(tenantId: string): DerivedField {
  const unset = () => sql`select s.user_id from scim_users s where s.tenant_id = ${tenantId} and s.is_active_unset = 1`
  return {
    type: 'derived',
    values: 'boolean',
    takesText: true,
    toSql: (term) => {
      if (term.kind === 'present') return sql<SqlBool>`users.id not in (${unset()})`
      if (term.kind !== 'compare') throw new Error('a boolean is compared')
      const { op, value } = term
      if (value === 1) return op === 'eq' ? sql<SqlBool>`users.enabled = 1` : sql<SqlBool>`users.enabled = 0`
      const isOff = sql<SqlBool>`(users.enabled = 0 and users.id not in (${unset()}))`
      return op === 'eq' ? isOff : sql<SqlBool>`not ${isOff}`
    },
    matches,
  }
}

function schemasField(tenantId: string): DerivedField {
  const having = sql`select v.user_id from scim_values v where v.tenant_id = ${tenantId} and v.attribute = 'schemas'`
  return {
    type: 'derived',
    values: 'text',
    operations: ['eq', 'ne', 'present'],
    normalise: (text) => text.toLowerCase(),
    caseInsensitive: true,
    emptyIsNull: true,
    toSql: (term) => {
      if (term.kind !== 'compare') return sql<SqlBool>`(1 = 1)`
      const urn = String(term.value)
      const holds =
        urn === userUrn.toLowerCase()
          ? sql<SqlBool>`(1 = 1)`
          : urn === enterpriseUrn.toLowerCase()
            ? sql<SqlBool>`users.id in (${having})`
            : sql<SqlBool>`(1 = 0)`
      return term.op === 'eq' ? holds : sql<SqlBool>`not ${holds}`
    },
    matches,
  }
}
