import { boundsFields } from '../bounds/bounds-fields.ts'
import { toKey } from '../db/normal-key.ts'
import { fieldMap } from '../filter/field-map.ts'
import type { ListShape } from '../lists/list-shape.ts'

/** Memberships of one group with their bounds, in whatever state. */
export const boundMemberList: ListShape = {
  rules: {
    sortKeys: ['username'],
    columns: ['userId', 'username', 'validFrom', 'expiresAt', 'state', 'addedAt'],
  },
  fields: fieldMap({
    userId: { type: 'id', column: 'group_members.user_id' },
    username: {
      type: 'text',
      column: 'users.username',
      key: { column: 'users.username_key', normalise: toKey },
    },
    /** The partial index holds those that are. */
    timeBound: { type: 'boolean', column: 'group_members.is_timed' },
    ...boundsFields('group_members'),
  }),
  sorts: { username: 'users.username' },
  defaultSort: ['users.username'],
}
