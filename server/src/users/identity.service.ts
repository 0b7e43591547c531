import { authorize } from '../access/authorize.ts'
import type { Ctx } from '../access/ctx.ts'
import { ApiError } from '../errors/api-error.ts'
import type { CheckedNode } from '../filter/field.ts'
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
  return selectUserIdentities(ctx.db, ctx.tenantId, requireFilter(ctx, filter, userFields), withGroups ? ctx.now : null)
}

/** The same for groups. @source contract/rest-api.md, U14 */
export function listGroupIdentities(ctx: Ctx, filter: string | null): Promise<GroupIdentity[]> {
  authorize(ctx, 'groups:read')
  return selectGroupIdentities(ctx.db, ctx.tenantId, requireFilter(ctx, filter, groupFields))
}

/** Without ids the answer would be the whole directory, and beyond so many it would not be whole. */
function requireFilter({ limits }: Ctx, text: string | null, fields: typeof userFields): CheckedNode {
  const idsMax = limits.filterValuesMax
  const filter = readFilter(text, fields, limits)
  if (filter === null || countIds(filter) > idsMax) {
    throw new ApiError('invalid_filter', {
      detail: `filter must name the ids to look up: {"id":{"$in":["<id>", …]}} with up to ${idsMax} of them.`,
    })
  }
  return filter
}

/** How many can be found at most. */
function countIds(node: CheckedNode): number {
  switch (node.kind) {
    case 'compare':
      return 1
    case 'in':
      return node.values.length
    case 'or':
      return node.of.reduce((sum, part) => sum + countIds(part), 0)
    case 'and':
      return Math.min(...node.of.map(countIds))
    default:
      return Number.POSITIVE_INFINITY
  }
}
