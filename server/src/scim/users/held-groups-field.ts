import { sql, type Expression, type SqlBool } from 'kysely'
import { holdsAt } from '../../bounds/bounds-sql.ts'
import { toKey } from '../../db/normal-key.ts'
import type { DerivedField, Field, FieldMap } from '../../filter/field.ts'
import { filterToSql } from '../../filter/filter-sql.ts'
import { idOfReference, isNot, matches, type Condition } from '../list/derived-fields.ts'
import type { Found } from '../schemas/registry.ts'
import { elementCondition } from './plural-fields.ts'

/** The groups somebody is in, directly or through others; read from the memberships that hold at this moment. */
export function groupsField(tenantId: string, now: Date, { sub }: Found): DerivedField {
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
