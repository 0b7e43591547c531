import type { ReadCtx } from '../access/ctx.ts'
import type { GroupRow } from './group-row-rules.ts'
import { toTaggedGroups } from './groups.queries.ts'
import type { TaggedGroup } from './groups.schema.ts'

/** Rows that another feature has read, as groups of this instant. The caller has authorized reading them. */
export function asTaggedGroups(ctx: ReadCtx, rows: readonly GroupRow[]): Promise<TaggedGroup[]> {
  return toTaggedGroups(ctx.db, ctx.tenantId, rows, ctx.now)
}
