import { sql, type SqlBool } from 'kysely'
import { holdsSql } from '../bounds/bounds-sql.ts'
import { toKey } from '../db/normal-key.ts'
import { asValueTerm } from '../filter/computed-field.ts'
import type { DerivedField } from '../filter/field.ts'
import { fieldMap } from '../filter/field-map.ts'
import { valueTermMatches } from '../filter/filter-memory.ts'
import { valueTermToSql } from '../filter/filter-sql.ts'
import { jsonAttribute } from '../lists/json-attribute.ts'
import type { ListShape } from '../lists/list-shape.ts'

const columns = [
  'id',
  'name',
  'alias',
  'path',
  'attributes',
  'roles',
  'decentralizedRoles',
  'personas',
  'purposes',
  'userCount',
  'memberCount',
]

function underAttributes(names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [`attributes.${name}`, name]))
}

/** How many time-bound members the group of the row has at the instant. */
const timedCountSql = `(select count(*) from group_members m where m.tenant_id = groups.tenant_id
  and m.group_id = groups.id and m.is_timed = 1 and ${holdsSql('m')})`
/** How many members the group of the row has at the instant. */
export const presentCountSql = `groups.member_count + case when groups.timed_members > 0 then ${timedCountSql} else 0 end`

/** Two cases, so that groups without time-bound members are found by the index of their counts. */
const userCount: DerivedField = {
  type: 'derived',
  values: 'number',
  toSql: (checked, dialect) => {
    const term = asValueTerm(checked)
    return sql<SqlBool>`(
      (groups.timed_members = 0 and ${valueTermToSql(term, sql.ref('groups.member_count'), dialect)})
      or (groups.timed_members > 0 and ${valueTermToSql(term, sql.raw(presentCountSql), dialect)}))`
  },
  matches: (term, row) => valueTermMatches(asValueTerm(term), Number(row['groups.member_count'])),
}

export const groupList: ListShape = {
  rules: { sortKeys: ['name', 'alias', 'createdAt', 'userCount'], columns },
  fields: fieldMap(
    {
      id: { type: 'id', column: 'groups.id', unique: true },
      name: {
        type: 'text',
        column: 'groups.name',
        key: { column: 'groups.name_key', normalise: toKey },
        trigram: true,
        unique: true,
      },
      alias: {
        type: 'text',
        column: 'groups.alias',
        key: { column: 'groups.alias_key', normalise: toKey },
        trigram: true,
      },
      userCount,
      isDefault: { type: 'boolean', column: 'groups.is_default', takesText: true },
      createdAt: { type: 'time', column: 'groups.created_at' },
      createdBy: { type: 'text', column: 'groups.created_by' },
      updatedAt: { type: 'time', column: 'groups.updated_at', zeroIsNull: true },
      updatedBy: { type: 'text', column: 'groups.updated_by' },
    },
    {
      // The record shows these among the attributes; they are kept in columns.
      aliases: {
        memberCount: 'userCount',
        ...underAttributes(['alias', 'isDefault', 'createdAt', 'createdBy', 'updatedAt', 'updatedBy']),
      },
      resolved: ['attributes.<name>'],
      resolve: (name) => {
        const key = /^attributes\.(.+)$/.exec(name)?.[1]
        return key === undefined ? undefined : jsonAttribute('groups.attributes', key)
      },
    },
  ),
  sorts: {
    name: 'groups.name',
    alias: 'groups.alias',
    createdAt: 'groups.created_at',
    userCount: 'groups.member_count',
  },
  defaultSort: ['groups.name'],
  search: { table: 'groups_search', rows: 'groups.seq' },
}

/** The same where some groups have time-bound members; what it sorts by needs the instant. */
export const timedGroupList: ListShape = { ...groupList, sorts: { ...groupList.sorts, userCount: presentCountSql } }
