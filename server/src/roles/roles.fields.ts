import { toKey } from '../db/normal-key.ts'
import { fieldMap } from '../filter/field-map.ts'
import type { ListShape } from '../lists/list-shape.ts'

const columns = ['id', 'name', 'description', 'clientRole', 'level', 'memberCount', 'userCount']

export const roleList: ListShape = {
  rules: { sortKeys: ['name', 'description', 'memberCount'], columns },
  fields: fieldMap(
    {
      id: { type: 'id', column: 'roles.id' },
      // Role names and descriptions are ASCII and few: SQL's own lower case is not needed, the name is its own key.
      name: { type: 'text', column: 'roles.name', key: { column: 'roles.name', normalise: toKey } },
      description: { type: 'text', column: 'roles.description' },
      level: { type: 'text', column: 'roles.level' },
      memberCount: { type: 'number', column: 'roles.member_count' },
    },
    { aliases: { userCount: 'memberCount' } },
  ),
  sorts: { name: 'roles.name', description: 'roles.description', memberCount: 'roles.member_count' },
  defaultSort: ['roles.rank', 'roles.name'],
}
