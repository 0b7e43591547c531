import { toKey } from '../db/normal-key.ts'
import { fieldMap } from '../filter/field-map.ts'
import type { ListShape } from '../lists/list-shape.ts'

export const purposeList: ListShape = {
  rules: {
    sortKeys: ['createdAt', 'createdBy', 'updatedAt', 'updatedBy', 'name'],
    columns: [
      'id',
      'guid',
      'name',
      'displayName',
      'description',
      'qualifiedName',
      'createdAt',
      'createdBy',
      'updatedAt',
      'updatedBy',
      'tags',
      'isActive',
      'version',
      'users',
      'groups',
    ],
  },
  fields: fieldMap({
    id: { type: 'id', column: 'purposes.id' },
    name: { type: 'text', column: 'purposes.name', key: { column: 'purposes.name_key', normalise: toKey } },
    displayName: { type: 'text', column: 'purposes.display_name' },
    qualifiedName: { type: 'id', column: 'purposes.qualified_name' },
    isActive: { type: 'boolean', column: 'purposes.is_active' },
    createdAt: { type: 'time', column: 'purposes.created_at' },
    createdBy: { type: 'text', column: 'purposes.created_by' },
    updatedAt: { type: 'time', column: 'purposes.updated_at' },
    updatedBy: { type: 'text', column: 'purposes.updated_by' },
  }),
  sorts: {
    createdAt: 'purposes.created_at',
    createdBy: 'purposes.created_by',
    updatedAt: 'purposes.updated_at',
    updatedBy: 'purposes.updated_by',
    name: 'purposes.name',
  },
  defaultSort: ['purposes.name'],
}
