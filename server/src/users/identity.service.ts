import { authorize } from '../access/authorize.ts'
import type { Ctx } from '../access/ctx.ts'
import { ApiError } from '../errors/api-error.ts'
import { fieldMap } from '../filter/field-map.ts'
import { readFilter } from '../lists/read-filter.ts'
import { selectGroupIdentities, selectUserIdentities } from './identity.queries.ts'
import type { GroupIdentity, UserIdentity } from './identity.schema.ts'

const userFields = fieldMap({ id: { type: 'id', column: 'users.id', operations: ['eq', 'in'] } })
const groupFields = fieldMap({ id: { type: 'id', column: 'groups.id', operations: ['eq', 'in'] } })

/**
 * Up to 500 users by id, all in one answer.
 *
 * @throws insufficient_role · invalid_filter
 * @source contract/rest-api.md, U13
 */
export function listUserIdentities(ctx: Ctx, filter: string | null, withGroups: boolean): Promise<UserIdentity[]> {
  authorize(ctx, 'users:read')
  return selectUserIdentities(ctx.db, ctx.tenantId, requireFilter(filter, userFields), withGroups)
}

/** The same for groups. @source contract/rest-api.md, U14 */
export function listGroupIdentities(ctx: Ctx, filter: string | null): Promise<GroupIdentity[]> {
  authorize(ctx, 'groups:read')
  return selectGroupIdentities(ctx.db, ctx.tenantId, requireFilter(filter, groupFields))
}

/** Without ids the answer would be the whole directory. */
function requireFilter(text: string | null, fields: typeof userFields) {
  const filter = readFilter(text, fields)
  if (filter === null) {
    throw new ApiError('invalid_filter', { detail: 'filter is missing; send {"id":{"$in":["<id>", …]}} with up to 500 ids.' })
  }
  return filter
}
