import { boundsFields } from '../bounds/bounds-fields.ts'
import { fieldMap } from '../filter/field-map.ts'
import type { ListShape } from '../lists/list-shape.ts'

export const decentralizedRoleList: ListShape = {
  rules: {
    sortKeys: ['level', 'givenAt', 'expiresAt'],
    columns: [
      'id',
      'roleId',
      'roleName',
      'level',
      'privilege',
      'objectId',
      'validFrom',
      'expiresAt',
      'state',
      'givenAt',
      'givenBy',
    ],
  },
  fields: fieldMap({
    id: { type: 'id', column: 'decentralized_roles.id' },
    roleId: { type: 'id', column: 'decentralized_roles.role_id' },
    level: { type: 'text', column: 'decentralized_roles.level' },
    privilege: { type: 'text', column: 'decentralized_roles.privilege' },
    objectId: { type: 'text', column: 'decentralized_roles.object_id' },
    givenAt: { type: 'time', column: 'decentralized_roles.given_at' },
    ...boundsFields('decentralized_roles'),
  }),
  sorts: {
    level: 'decentralized_roles.level',
    givenAt: 'decentralized_roles.given_at',
    expiresAt: 'decentralized_roles.expires_at',
  },
  defaultSort: ['decentralized_roles.level'],
}
