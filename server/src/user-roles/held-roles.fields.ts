import { boundsFields } from '../bounds/bounds-fields.ts'
import { fieldMap } from '../filter/field-map.ts'
import type { ListShape } from '../lists/list-shape.ts'
import type { HeldRolesName } from './held-roles.table.ts'

/** The roles one user holds beside the workspace role: a handful. */
function heldRoleList(table: HeldRolesName): ListShape {
  return {
    rules: {
      sortKeys: ['name', 'validFrom', 'expiresAt'],
      columns: ['roleId', 'name', 'description', 'validFrom', 'expiresAt', 'state', 'givenAt', 'givenBy'],
    },
    fields: fieldMap({
      roleId: { type: 'id', column: `${table}.role_id` },
      name: { type: 'text', column: 'roles.name' },
      ...boundsFields(table),
    }),
    sorts: { name: 'roles.name', validFrom: `${table}.valid_from`, expiresAt: `${table}.expires_at` },
    defaultSort: ['roles.rank'],
  }
}

export const roleGrantList = heldRoleList('role_grants')
export const subRoleList = heldRoleList('user_sub_roles')
