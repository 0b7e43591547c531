import type { ReadCtx } from '../../access/ctx.ts'
import { asTaggedGroups } from '../../groups/group-rows.service.ts'
import type { StoredGroup } from './group-resource.ts'
import { selectStoredGroupRows } from './scim-groups.queries.ts'

/** Those of these ids that are groups, with their number of members at this instant, in no particular order. */
export async function readStoredGroups(ctx: ReadCtx, ids: readonly string[]): Promise<StoredGroup[]> {
  const rows = await selectStoredGroupRows(ctx.db, ctx.tenantId, ids)
  const externalIds = new Map(rows.map((row) => [row.id, row.external_id]))
  const groups = await asTaggedGroups(ctx, rows)
  return groups.map((group) => ({ group, externalId: externalIds.get(group.id) ?? '' }))
}
