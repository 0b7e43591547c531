import type { ReadCtx } from '../../access/ctx.ts'
import { enterpriseUrn } from '../schemas/enterprise.ts'
import type { ScimSession } from '../scim-session.ts'
import { childOf, textOf, type ScimObject } from '../scim-value.ts'
import { selectGroupsOf, selectStored } from './scim-users.queries.ts'
import { labelOf, toUserResource, type StoredUser } from './user-resource.ts'

interface Wanted {
  readonly base: ScimSession['base']
  /** Groups are read only where they are shown. */
  readonly withGroups?: boolean
}

/** Users as resources, with groups and managers: two statements for the whole page. */
export async function fillLinks(
  ctx: ReadCtx,
  stored: readonly StoredUser[],
  { base, withGroups = true }: Wanted,
): Promise<ScimObject[]> {
  const ids = stored.map(({ user }) => user.id)
  const groups = Map.groupBy(
    withGroups ? await selectGroupsOf(ctx.db, ctx.tenantId, ids, ctx.now) : [],
    ({ userId }) => userId,
  )
  const managerIds = [...new Set(stored.map(managerIdOf).filter((id) => id !== ''))]
  const managers = new Map(
    (await selectStored(ctx.db, ctx.tenantId, managerIds)).map((manager) => [manager.user.id, labelOf(manager)]),
  )
  return stored.map((one) =>
    toUserResource(one, { groups: groups.get(one.user.id) ?? [], managerName: managers.get(managerIdOf(one)) }, base),
  )
}

function managerIdOf({ document }: StoredUser): string {
  const enterprise = childOf(document, enterpriseUrn)
  return enterprise === undefined ? '' : textOf(childOf(enterprise, 'manager'), 'value')
}
