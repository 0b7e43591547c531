import { sql, type Expression, type RawBuilder, type SqlBool } from 'kysely'
import { holdsAt } from '../../bounds/bounds-sql.ts'
import { toKey } from '../../db/normal-key.ts'
import type { DerivedField, Field, FieldMap } from '../../filter/field.ts'
import { filterToSql, valueTermToSql } from '../../filter/filter-sql.ts'
import { groupUrn } from '../schemas/group.ts'
import { findAttribute, pathOf, type ResourceType } from '../schemas/registry.ts'
import { constantField, idOfReference, listedText, locationField, versionField } from '../list/derived-fields.ts'

function matches(): never {
  throw new Error('SCIM filters are read by SQL')
}

/** What SCIM clients may filter groups by. contract/scim.md 5.10, K11 */
export function groupFields(tenantId: string, now: Date, type: ResourceType): FieldMap {
  return {
    names: ['displayName', 'id', 'externalId', 'members', 'meta.lastModified'],
    find: (name) => {
      const found = findAttribute(type, name)
      return found === undefined || found === 'extension' ? undefined : fieldOf(tenantId, now, pathOf(found))
    },
  }
}

function fieldOf(tenantId: string, now: Date, path: string): Field | undefined {
  switch (path) {
    case 'id':
      return { type: 'id', column: 'groups.id' }
    case 'displayName':
      return {
        type: 'text',
        column: 'groups.alias',
        key: { column: 'groups.alias_key', normalise: toKey },
        caseInsensitive: true,
        emptyIsNull: true,
        trigram: true,
      }
    case 'externalId':
      return listedText(
        'groups.id',
        { caseExact: true },
        (condition) =>
          sql`select s.group_id from scim_groups s where s.tenant_id = ${tenantId} and s.external_id <> '' and ${condition}`,
        's.external_id',
      )
    case 'meta.created':
      return { type: 'time', column: 'groups.created_at' }
    case 'meta.lastModified':
      return { type: 'time', column: 'groups.modified_at' }
    case 'meta.resourceType':
      return constantField('Group')
    case 'meta.version':
      return versionField(['groups.version', 'groups.members_version'])
    case 'meta.location':
      return locationField('groups.id', '/Groups/')
    case 'schemas':
      return { ...constantField(groupUrn.toLowerCase()), normalise: toKey, caseInsensitive: true, emptyIsNull: true }
    case 'members':
    case 'members.value':
    case 'members.$ref':
    case 'members.type':
    case 'members.display':
      return membersField(tenantId, now, path.split('.')[1] ?? 'value')
    default:
      return undefined
  }
}

/** People and groups in groups: never the list itself, only whether a row is there (9.3). */
function membersField(tenantId: string, now: Date, sub: string): DerivedField {
  const source = (): RawBuilder<unknown> => sql`
    select m.group_id, m.user_id as value_key, 'user' as type_key, case when m.display <> '' then m.display
      else coalesce(nullif(s.display_name, ''), nullif(trim(u.first_name || ' ' || u.last_name), ''), u.username) end as display
    from group_members m join users u on u.tenant_id = m.tenant_id and u.id = m.user_id
    left join scim_users s on s.tenant_id = m.tenant_id and s.user_id = m.user_id where m.tenant_id = ${tenantId} and ${holdsAt('m', now)}
    union all
    select l.group_id, l.member_id, 'group', coalesce(nullif(l.display, ''), g.alias)
    from scim_subgroups l join groups g on g.tenant_id = l.tenant_id and g.id = l.member_id where l.tenant_id = ${tenantId}`
  const ids = (condition: Expression<SqlBool>) =>
    sql<SqlBool>`groups.id in (select e.group_id from (${source()}) e where ${condition})`
  const field = elements[sub.toLowerCase()]
  return {
    type: 'derived',
    values: sub === 'value' || sub === '$ref' ? 'id' : 'text',
    ...(sub === '$ref' ? { normalise: idOfReference, caseInsensitive: true, emptyIsNull: true } : {}),
    ...(sub === 'type' ? { normalise: toKey, caseInsensitive: true, emptyIsNull: true } : {}),
    ...(sub === 'display' ? { operations: ['eq', 'ne', 'present', 'pattern'] as const } : {}),
    elements: { names: Object.keys(elements), find: (name) => elements[name.toLowerCase()] },
    toSql: (term, dialect) => {
      if (term.kind === 'valuePath') return ids(filterToSql(term.of, dialect))
      if (field === undefined || field.type === 'derived') return sql<SqlBool>`(1 = 0)`
      if (term.kind === 'compare' && (sub === 'value' || sub === '$ref')) {
        const id = String(term.value)
        const holds = sql<SqlBool>`groups.id in (
          select m.group_id from group_members m where m.tenant_id = ${tenantId} and m.user_id = ${id} and ${holdsAt('m', now)}
          union all select l.group_id from scim_subgroups l where l.tenant_id = ${tenantId} and l.member_id = ${id})`
        if (term.op === 'eq') return holds
        if (term.op === 'ne') return sql<SqlBool>`not ${holds}`
      }
      if (term.kind === 'compare' && term.op === 'ne')
        return sql<SqlBool>`not (${ids(valueTermToSql({ ...term, op: 'eq' }, sql.ref(field.column), dialect))})`
      return ids(valueTermToSql(term, sql.ref(field.column), dialect))
    },
    matches,
  }
}

const elements: Readonly<Record<string, Field>> = {
  value: { type: 'id', column: 'e.value_key' },
  $ref: { type: 'id', column: 'e.value_key', normalise: idOfReference },
  type: {
    type: 'text',
    column: 'e.type_key',
    key: { column: 'e.type_key', normalise: toKey },
    caseInsensitive: true,
    emptyIsNull: true,
  },
  display: { type: 'text', column: 'e.display', emptyIsNull: true },
}
