import { toKey } from '../db/normal-key.ts'
import { fieldMap } from '../filter/field-map.ts'
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
      userCount: { type: 'number', column: 'groups.member_count' },
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
