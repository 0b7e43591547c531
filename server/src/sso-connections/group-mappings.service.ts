import type { ReadCtx, TrxCtx } from '../access/ctx.ts'
import { addToCounter } from '../db/counters.ts'
import { recordEvents } from '../events/record-event.ts'
import { deleteMappersOfGroup, selectMappers } from './sso-mappers.queries.ts'
import type { AttributeMapping, GroupMapping } from './sso-mappers.schema.ts'

/** Of all of a tenant's connections together: lists of them come in one piece. */
export const mappersMax = 1_000

/**
 * Which values of which attributes mean membership in which groups, in the order in which they were made;
 * for signing in, without a check of its own. Values are compared exactly.
 *
 * @source contract/rest-api.md, 8.4
 */
export async function listGroupMappings(ctx: ReadCtx, alias: string): Promise<GroupMapping[]> {
  const mappers = await selectMappers(ctx.db, ctx.tenantId, { alias, max: mappersMax })
  return mappers.flatMap(({ id, rule }) => {
    if (rule.kind !== 'group') return []
    const { group, attributeName, attributeValue } = rule
    return [{ id, group, attributeName, attributeValue }]
  })
}

/** Which attribute of the IdP fills which attribute of a user at the first sign-in; for signing in. */
export async function listAttributeMappings(ctx: ReadCtx, alias: string): Promise<AttributeMapping[]> {
  const mappers = await selectMappers(ctx.db, ctx.tenantId, { alias, max: mappersMax })
  return mappers.flatMap(({ rule }) =>
    rule.kind === 'user_attribute' ? [{ userAttribute: rule.userAttribute, attributeName: rule.attributeName }] : [],
  )
}

/** Part of deleting a group: what would lead into it goes with it. */
export async function deleteMappingsOfGroup(ctx: TrxCtx, groupId: string): Promise<void> {
  const deleted = await deleteMappersOfGroup(ctx.db, ctx.tenantId, groupId)
  await addToCounter(ctx.db, ctx.tenantId, 'sso_mappers', -deleted.length)
  await recordEvents(
    ctx,
    deleted.map(({ id, alias }) => ({
      type: 'sso_mapper.deleted',
      subjectId: id,
      objectId: alias,
      data: { kind: 'group' },
      personal: {},
    })),
  )
}
