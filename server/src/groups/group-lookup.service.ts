import type { TrxCtx } from '../access/ctx.ts'
import { toKey } from '../db/normal-key.ts'
import { findGroup, findGroupByKey, lockGroups } from './groups.queries.ts'

interface Named {
  readonly id: string
  readonly name: string
}

/**
 * The group meant by a text and, if that is not its internal name, by an id beside it; held until the transaction ends.
 * The text must then be its alias or the id, or there is none. For other features' rules.
 */
export async function holdNamedGroup(
  ctx: TrxCtx,
  { text, id }: { readonly text: string | null; readonly id: string | null },
): Promise<Named | undefined> {
  const byName = text === null ? undefined : await findGroupByKey(ctx.db, ctx.tenantId, toKey(text))
  const byId = byName !== undefined || id === null ? undefined : await findGroup(ctx.db, ctx.tenantId, id)
  const group = byName ?? (text === null || text === byId?.alias || text === byId?.id ? byId : undefined)
  if (group === undefined || !(await lockGroups(ctx.db, ctx.tenantId, [group.id])).has(group.id)) return undefined
  return { id: group.id, name: group.name }
}
