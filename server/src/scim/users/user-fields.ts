import { sql, type Expression, type RawBuilder, type SqlBool } from 'kysely'
import { holdsAt } from '../../bounds/bounds-sql.ts'
import { toKey } from '../../db/normal-key.ts'
import type {
  CheckedTerm,
  CompareTerm,
  DerivedField,
  Field,
  FieldMap,
  Operation,
  ValueTerm,
} from '../../filter/field.ts'
import { filterToSql, valueTermToSql } from '../../filter/filter-sql.ts'
import type { DialectName } from '../../db/db.ts'
import { enterpriseUrn } from '../schemas/enterprise.ts'
import { userUrn } from '../schemas/user.ts'
import { findAttribute, pathOf, type Found, type ResourceType } from '../schemas/registry.ts'
import type { Attribute } from '../schemas/attribute.ts'
import { shortened } from './user-record.ts'

type Condition = RawBuilder<SqlBool>

/** Matches are decided by SQL alone; the second reading in tests is of whole resources. */
function matches(): never {
  throw new Error('SCIM filters are read by SQL')
}

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
  if (attribute.name === 'emails') return pluralField(found, () => emailSources(tenantId))
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

export function idOfReference(text: string): string {
  return text.slice(text.lastIndexOf('/') + 1)
}

function nameOf({ extension, attribute }: Found): string {
  return extension === undefined ? attribute.name : `${extension}:${attribute.name}`
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

interface TextRules {
  readonly caseExact: boolean
}

/** Text values found through a list of users: what is absent satisfies no comparison but `ne`. */
export function listedText(
  rowId: string,
  { caseExact }: TextRules,
  ids: (condition: Expression<SqlBool>) => Condition,
  operand: string,
): DerivedField {
  return {
    type: 'derived',
    values: 'text',
    normalise: caseExact ? shortened : (text) => shortened(toKey(text)),
    caseInsensitive: true,
    emptyIsNull: true,
    toSql: (term, dialect) => {
      if (term.kind === 'valuePath') throw new Error('a text has no elements')
      const value = sql.ref(operand)
      if (isNot(term))
        return sql<SqlBool>`${sql.ref(rowId)} not in (${ids(valueTermToSql({ ...term, op: 'eq' }, value, dialect))})`
      return sql<SqlBool>`${sql.ref(rowId)} in (${ids(valueTermToSql(term, value, dialect))})`
    },
    matches,
  }
}

function isNot(term: CheckedTerm): term is CompareTerm {
  return term.kind === 'compare' && term.op === 'ne'
}

function besideField(tenantId: string, column: string, caseExact: boolean): DerivedField {
  return listedText(
    'users.id',
    { caseExact },
    (condition) =>
      sql`select s.user_id from scim_users s where s.tenant_id = ${tenantId} and s.${sql.ref(column)} <> '' and ${condition}`,
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

/** Lists of elements, asked one by one so that each uses its own index: (user_id, value_key, type_key, is_primary, keys). */
type Source = () => readonly RawBuilder<unknown>[]

function valueSource(tenantId: string, attribute: string): RawBuilder<unknown> {
  return sql`select v.user_id, v.value_key, v.type_key, v.is_primary, v.keys from scim_values v
    where v.tenant_id = ${tenantId} and v.attribute = ${attribute}`
}

/** People whom SCIM gave no addresses show the one of the directory, for work and primary. */
function emailSources(tenantId: string): RawBuilder<unknown>[] {
  const ofTheDirectory = sql`select u.id as user_id, u.email_key as value_key, 'work' as type_key, 1 as is_primary, '{}' as keys
    from users u where u.tenant_id = ${tenantId} and u.email <> '' and not exists (select 1 from scim_users s
      where s.tenant_id = u.tenant_id and s.user_id = u.id and s.has_emails = 1)`
  return [valueSource(tenantId, 'emails'), ofTheDirectory]
}

/**
 * A multi-valued attribute: without a sub-attribute its value is meant, `[…]` is about one and the same element
 * (items 97, 98). `ne` holds where an element differs, or there is none.
 */
function pluralField({ attribute, sub }: Found, source: Source): DerivedField {
  const elements = elementFields(attribute)
  const among = (condition: Expression<SqlBool>) =>
    sql.join(
      source().map((elements) => sql`select e.user_id from (${elements}) e where ${condition}`),
      sql` union all `,
    )
  const ids = (condition: Expression<SqlBool>) => sql<SqlBool>`users.id in (${among(condition)})`
  const none = () => sql<SqlBool>`users.id not in (${among(sql<SqlBool>`1 = 1`)})`
  const asked = sub ?? attribute.subAttributes?.find(({ name }) => name === 'value')
  const field = asked === undefined ? undefined : elements.find(asked.name)
  return {
    type: 'derived',
    values: asked?.type === 'boolean' ? 'boolean' : 'text',
    ...(asked?.type === 'boolean' ? { takesText: true } : {}),
    ...(asked === undefined ? { operations: ['present', 'valuePath'] as const } : {}),
    ...(asked?.type === 'binary' ? { operations: sub === undefined ? [...binary, 'valuePath'] : binary } : {}),
    ...normaliserOf(asked),
    elements,
    toSql: (term, dialect) => {
      if (term.kind === 'valuePath') return ids(filterToSql(term.of, dialect))
      if (term.kind === 'present' && sub === undefined) return sql<SqlBool>`not (${none()})`
      if (field === undefined) return sql<SqlBool>`(1 = 0)`
      const condition = elementCondition(field, term, dialect)
      return isNot(term) ? sql<SqlBool>`(${ids(condition)} or ${none()})` : ids(condition)
    },
    matches,
  }
}

/** Bytes have no order and no parts (item 95). */
const binary: readonly Operation[] = ['eq', 'ne', 'present']

function normaliserOf(
  asked: Attribute | undefined,
): Pick<DerivedField, 'normalise' | 'caseInsensitive' | 'emptyIsNull'> {
  if (asked === undefined || asked.type === 'boolean') return {}
  return {
    normalise: asked.caseExact ? shortened : (text) => shortened(toKey(text)),
    caseInsensitive: true,
    emptyIsNull: true,
  }
}

function elementCondition(field: Field, term: ValueTerm, dialect: DialectName): Expression<SqlBool> {
  if (field.type === 'derived') return field.toSql(term, dialect)
  return valueTermToSql(term, sql.ref(field.column), dialect)
}

/** What may stand inside brackets. */
function elementFields({ subAttributes = [] }: Attribute): FieldMap {
  const byName = new Map(subAttributes.map((sub) => [sub.name.toLowerCase(), elementField(sub)]))
  return { names: subAttributes.map(({ name }) => name), find: (name) => byName.get(name.toLowerCase()) }
}

function elementField(sub: Attribute): Field {
  if (sub.name === 'primary') return { type: 'boolean', column: 'e.is_primary', takesText: true }
  const normalise = (text: string) => shortened(sub.caseExact ? text : toKey(text))
  const column = sub.name === 'type' ? 'e.type_key' : 'e.value_key'
  if (sub.name === 'type' || sub.name === 'value')
    return {
      type: 'text',
      column,
      key: { column, normalise },
      caseInsensitive: true,
      emptyIsNull: true,
      ...(sub.type === 'binary' ? { operations: binary } : {}),
    }
  return {
    type: 'derived',
    values: 'text',
    normalise,
    caseInsensitive: true,
    emptyIsNull: true,
    toSql: (term, dialect) => {
      if (term.kind === 'valuePath') throw new Error('a sub-attribute has no elements')
      return valueTermToSql(term, keyOf('e.keys', sub.name, dialect), dialect)
    },
    matches,
  }
}

/** Names come from the schemas: they need no escaping inside the path. */
export function keyOf(column: string, name: string, dialect: DialectName): RawBuilder<unknown> {
  return dialect === 'postgres'
    ? sql`coalesce(${sql.ref(column)}::json ->> ${sql.lit(name)}, '')`
    : sql`coalesce(json_extract(${sql.ref(column)}, ${sql.lit(`$."${name}"`)}), '')`
}

function groupsField(tenantId: string, now: Date, { sub }: Found): DerivedField {
  const source = () => sql`with recursive held (user_id, group_id, depth) as (
      select m.user_id, m.group_id, 0 from group_members m where m.tenant_id = ${tenantId} and ${holdsAt('m', now)}
      union select held.user_id, s.group_id, held.depth + 1 from held
        cross join scim_subgroups s where s.tenant_id = ${tenantId} and s.member_id = held.group_id and held.depth < 16)
    select held.user_id, held.group_id as value_key, case when held.depth = 0 then 'direct' else 'indirect' end as type_key,
      0 as is_primary, g.alias_key as display_key from held cross join groups g where g.tenant_id = ${tenantId} and g.id = held.group_id`
  const elements: FieldMap = {
    names: Object.keys(groupElements),
    find: (name) => groupElements[name.toLowerCase()],
  }
  const field = groupElements[(sub?.name ?? 'value').toLowerCase()]
  const ids = (condition: Expression<SqlBool>) =>
    sql<SqlBool>`users.id in (select e.user_id from (${source()}) e where ${condition})`
  return {
    type: 'derived',
    values: 'text',
    ...(sub?.name === '$ref' ? { normalise: idOfReference, caseInsensitive: true, emptyIsNull: true } : {}),
    ...(sub?.name === 'display' || sub?.name === 'type'
      ? { normalise: toKey, caseInsensitive: true, emptyIsNull: true }
      : {}),
    elements,
    toSql: (term, dialect) => {
      if (term.kind === 'valuePath') return ids(filterToSql(term.of, dialect))
      if (field === undefined) return sql<SqlBool>`(1 = 0)`
      // By far the most frequent question, answered from the index of memberships.
      if (
        term.kind === 'compare' &&
        term.op === 'eq' &&
        (sub === undefined || sub.name === 'value' || sub.name === '$ref')
      )
        return memberOf(tenantId, now, String(term.value))
      return isNot(term)
        ? sql<SqlBool>`not (${ids(elementCondition(field, { ...term, op: 'eq' }, dialect))})`
        : ids(elementCondition(field, term, dialect))
    },
    matches,
  }
}

const groupElements: Readonly<Record<string, Field>> = {
  value: { type: 'id', column: 'e.value_key' },
  $ref: { type: 'id', column: 'e.value_key', normalise: idOfReference },
  display: {
    type: 'text',
    column: 'e.display_key',
    key: { column: 'e.display_key', normalise: toKey },
    caseInsensitive: true,
    emptyIsNull: true,
  },
  type: {
    type: 'text',
    column: 'e.type_key',
    key: { column: 'e.type_key', normalise: toKey },
    caseInsensitive: true,
    emptyIsNull: true,
  },
}

/** Members of a group and of the groups in it. */
function memberOf(tenantId: string, now: Date, groupId: string): Condition {
  return sql<SqlBool>`users.id in (with recursive below (group_id, depth) as (
      select g.id, 0 from groups g where g.tenant_id = ${tenantId} and g.id = ${groupId}
      union select s.member_id, below.depth + 1 from below
        cross join scim_subgroups s where s.tenant_id = ${tenantId} and s.group_id = below.group_id and below.depth < 16)
    select m.user_id from below cross join group_members m where m.tenant_id = ${tenantId} and m.group_id = below.group_id
      and ${holdsAt('m', now)})`
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

/** The same value for every resource of a type. */
export function constantField(value: string): DerivedField {
  return {
    type: 'derived',
    values: 'text',
    toSql: (term, dialect) => {
      if (term.kind === 'valuePath') throw new Error('a text has no elements')
      return valueTermToSql(term, sql.lit(value), dialect)
    },
    matches,
  }
}

/** `W/"7"`, or `W/"7.2"` of two columns: only equality means something. */
export function versionField(columns: readonly string[]): DerivedField {
  return {
    type: 'derived',
    values: 'text',
    operations: ['eq', 'ne', 'present'],
    toSql: (term) => {
      if (term.kind !== 'compare') return sql<SqlBool>`(1 = 1)`
      const numbers = /^(?:W\/)?"(\d{1,15}(?:\.\d{1,15})*)"$/.exec(String(term.value))?.[1]?.split('.') ?? []
      const parts = columns.map((column, index) => sql`${sql.ref(column)} = ${Number(numbers[index] ?? -1)}`)
      const holds = numbers.length === columns.length ? sql`(${sql.join(parts, sql` and `)})` : sql`(1 = 0)`
      return term.op === 'eq' ? sql<SqlBool>`${holds}` : sql<SqlBool>`not ${holds}`
    },
    matches,
  }
}

/** An address is known by the id at its end, under whichever of the three bases (item 66). */
export function locationField(column: string, endpoint: string): DerivedField {
  return {
    type: 'derived',
    values: 'text',
    operations: ['eq', 'ne', 'present'],
    toSql: (term) => {
      if (term.kind !== 'compare') return sql<SqlBool>`(1 = 1)`
      const text = String(term.value)
      const id = text.slice(text.toLowerCase().lastIndexOf(endpoint.toLowerCase()) + endpoint.length)
      const isRef = text.toLowerCase().includes(endpoint.toLowerCase())
      return sql<SqlBool>`${sql.ref(column)} ${term.op === 'eq' ? sql`=` : sql`<>`} ${isRef ? id : ''}`
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
