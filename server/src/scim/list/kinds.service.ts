import { sql, type RawBuilder, type SqlBool } from 'kysely'
import { readCounter } from '../../db/counters.ts'
import { dialectOf, type DialectName } from '../../db/db.ts'
import { valueTypeOf, type DerivedField, type Field, type FieldMap } from '../../filter/field.ts'
import { groupFields } from '../groups/group-fields.ts'
import { subAttribute } from '../schemas/attribute.ts'
import { findAttribute, pathOf, type Found, type ResourceType } from '../schemas/registry.ts'
import { invalidPath } from '../scim-error.ts'
import type { ScimSession } from '../scim-session.ts'
import { keyOf } from '../users/plural-fields.ts'
import { userFields } from '../users/user-fields.ts'
import type { ListRequest } from './list-request.ts'
import type { ListedKind, SortKey } from './select-page.ts'
import { countVisible } from './visible.queries.ts'

/** Users as lists see them. @throws ScimError invalidPath for a sort that means nothing */
export function userKind(session: ScimSession, { sortBy }: Pick<ListRequest, 'sortBy'>): ListedKind {
  const { ctx, types, rules } = session
  return {
    kind: 0,
    table: 'users',
    joins: sql``,
    scope: scopeOf('users', ctx.tenantId, rules.visible),
    fields: userFields(ctx.tenantId, ctx.now, types.user),
    sortKey: sortBy === undefined ? undefined : userSort(sortBy, types.user, dialectOf(ctx.db)),
  }
}

/** Groups as lists see them. @throws ScimError invalidPath */
export function groupKind(session: ScimSession, { sortBy }: Pick<ListRequest, 'sortBy'>): ListedKind {
  const { ctx, types, rules } = session
  return {
    kind: 1,
    table: 'groups',
    joins: sql``,
    scope: scopeOf('groups', ctx.tenantId, rules.visible),
    fields: groupFields(ctx.tenantId, ctx.now, types.group),
    sortKey: sortBy === undefined ? undefined : groupSort(sortBy, types.group),
  }
}

function scopeOf(table: 'users' | 'groups', tenantId: string, visible: 'all' | 'managed'): RawBuilder<SqlBool> {
  const own = sql<SqlBool>`${sql.ref(`${table}.tenant_id`)} = ${tenantId}`
  return visible === 'all' ? own : sql<SqlBool>`${own} and ${sql.ref(`${table}.source`)} = 'scim'`
}

export function totalOf(session: ScimSession, table: 'users' | 'groups'): Promise<number> {
  const { ctx, rules } = session
  return rules.visible === 'all' ? readCounter(ctx.db, ctx.tenantId, table) : countVisible(ctx.db, ctx.tenantId, table)
}

function userSort(sortBy: string, type: ResourceType, dialect: DialectName): SortKey | undefined {
  const found = sortTarget(sortBy, type)
  if (found === undefined) return undefined
  const own = userColumns[pathOf(found)]
  if (own !== undefined) return own
  if (found.attribute.name === 'groups' || found.sub?.name === 'displayName')
    throw invalidPath('Users cannot be sorted by what stands in other records.')
  return { expression: firstValue(found, dialect), mayMiss: true }
}

const column = (name: string, mayMiss = false): SortKey => ({ expression: sql.ref(name), mayMiss })

const userColumns: Readonly<Record<string, SortKey>> = {
  id: column('users.id'),
  userName: column('users.username_key'),
  'name.givenName': column('users.first_name_key', true),
  'name.familyName': column('users.last_name_key', true),
  title: column('users.title_key', true),
  active: column('users.enabled'),
  'meta.created': column('users.created_at'),
  'meta.lastModified': column('users.modified_at'),
  'meta.location': column('users.id'),
  'emails.value': {
    // The primary address is the user's own; only people without one have none.
    expression: sql`case when users.email = '' then '' else users.email_key end`,
    mayMiss: true,
  },
  externalId: { expression: beside('external_id'), mayMiss: true },
  displayName: { expression: beside('display_key'), mayMiss: true },
}

function beside(name: string): RawBuilder<unknown> {
  return sql`coalesce((select s.${sql.ref(name)} from scim_users s where s.tenant_id = users.tenant_id and s.user_id = users.id), '')`
}

/** By the primary value, else the first (item 112). */
function firstValue(found: Found, dialect: DialectName): RawBuilder<unknown> {
  const { attribute, sub } = found
  const path = pathOf(attribute.multiValued ? { ...found, sub: undefined } : found)
  return sql`coalesce((select ${partOf(attribute.multiValued ? sub : undefined, dialect)} from scim_values v
    where v.tenant_id = users.tenant_id and v.user_id = users.id and v.attribute = ${path}
    order by v.is_primary desc, v.ordinal limit 1), '')`
}

function partOf(sub: Found['sub'], dialect: DialectName): RawBuilder<unknown> {
  if (sub === undefined || sub.name === 'value') return sql`v.value_key`
  if (sub.name === 'type') return sql`v.type_key`
  if (sub.name === 'primary') return sql`case when v.is_primary = 1 then 'true' else 'false' end`
  return keyOf('v.keys', sub.name, dialect)
}

const groupColumns: Readonly<Record<string, SortKey>> = {
  id: column('groups.id'),
  displayName: column('groups.alias_key'),
  'meta.created': column('groups.created_at'),
  'meta.lastModified': column('groups.modified_at'),
  'meta.location': column('groups.id'),
  externalId: {
    expression: sql`coalesce((select s.external_id from scim_groups s where s.tenant_id = groups.tenant_id and s.group_id = groups.id), '')`,
    mayMiss: true,
  },
}

function groupSort(sortBy: string, type: ResourceType): SortKey | undefined {
  const found = sortTarget(sortBy, type)
  if (found === undefined) return undefined
  const own = groupColumns[pathOf(found)]
  if (own === undefined) throw invalidPath('Groups cannot be sorted by this attribute.')
  return own
}

/**
 * What to sort by; undefined when the type lacks the attribute.
 *
 * @throws ScimError invalidPath for a complex attribute without a value (item 115)
 */
function sortTarget(sortBy: string, type: ResourceType): Found | undefined {
  const found = findAttribute(type, sortBy)
  if (found === undefined) return undefined
  if (found === 'extension') throw invalidPath('sortBy names a whole extension; name one attribute of it.')
  const hidden = [found.attribute, found.sub].some((one) => one?.returned === 'never')
  if (hidden) throw invalidPath('This attribute cannot be sorted by.')
  if (found.attribute.type !== 'complex' || found.sub !== undefined) return found
  const value = subAttribute(found.attribute, 'value')
  if (value === undefined) throw invalidPath('sortBy names a complex attribute; name one of its sub-attributes.')
  return { ...found, sub: value }
}

/** At the root an attribute that a type lacks counts as "no value"; one that no type has is a mistake (items 88, 103). */
export function withAbsent(fields: FieldMap, others: readonly FieldMap[]): FieldMap {
  return {
    names: fields.names,
    find: (name) => {
      const own = fields.find(name)
      if (own !== undefined) return own
      const other = others.map((one) => one.find(name)).find((field) => field !== undefined)
      return other === undefined ? undefined : absentLike(other)
    },
  }
}

/** Takes the same questions as the field it stands for, and has no value to any of them. */
function absentLike(other: Field): DerivedField {
  const elements = other.type === 'derived' ? other.elements : undefined
  return {
    type: 'derived',
    values: valueTypeOf(other),
    takesText: true,
    ...(other.operations === undefined ? {} : { operations: other.operations }),
    ...(elements === undefined ? {} : { elements: withAbsent({ names: [], find: () => undefined }, [elements]) }),
    toSql: (term) => (term.kind === 'compare' && term.op === 'ne' ? sql<SqlBool>`(1 = 1)` : sql<SqlBool>`(1 = 0)`),
    matches: (term) => term.kind === 'compare' && term.op === 'ne',
  }
}
