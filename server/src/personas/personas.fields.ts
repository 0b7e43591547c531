import { toKey } from '../db/normal-key.ts'
import { fieldMap } from '../filter/field-map.ts'
import type { ListShape } from '../lists/list-shape.ts'

export const personaList: ListShape = {
  rules: {
    sortKeys: ['createdAt', 'createdBy', 'updatedAt', 'updatedBy', 'name'],
    columns: [
      'id',
      'name',
      'displayName',
      'description',
      'qualifiedName',
      'createdAt',
      'createdBy',
      'updatedAt',
      'updatedBy',
      'type',
      'level',
      'metadataPolicies',
      'dataPolicies',
      'glossaryPolicies',
      'users',
      'groups',
      'version',
      'enabled',
      'readme',
      'resources',
      'attributes',
    ],
  },
  fields: fieldMap({
    id: { type: 'id', column: 'personas.id' },
    name: { type: 'text', column: 'personas.name', key: { column: 'personas.name_key', normalise: toKey } },
    displayName: { type: 'text', column: 'personas.display_name' },
    qualifiedName: { type: 'id', column: 'personas.qualified_name' },
    enabled: { type: 'boolean', column: 'personas.is_enabled' },
    createdAt: { type: 'time', column: 'personas.created_at' },
    createdBy: { type: 'text', column: 'personas.created_by' },
    updatedAt: { type: 'time', column: 'personas.updated_at' },
    updatedBy: { type: 'text', column: 'personas.updated_by' },
  }),
  sorts: {
    createdAt: 'personas.created_at',
    createdBy: 'personas.created_by',
    updatedAt: 'personas.updated_at',
    updatedBy: 'personas.updated_by',
    name: 'personas.name',
  },
  defaultSort: ['personas.name'],
}
