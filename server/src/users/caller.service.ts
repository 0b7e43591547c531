import type { Actor } from '../access/actor.ts'
import { authorize } from '../access/authorize.ts'
import type { Ctx } from '../access/ctx.ts'
import { readRoles } from '../roles/roles.service.ts'
import type { Role } from '../roles/roles.schema.ts'
import { selectGroupNames } from './caller.queries.ts'
import type { UserView } from './users.schema.ts'
import { getUserView } from './users.service.ts'

/** Who calls; `user` is null for programs, which are actors of their own. */
export interface CallerView {
  readonly actor: Actor
  readonly user: UserView | null
  readonly role: Role | null
  readonly tokenRole: Role | null
  readonly groups: readonly { readonly id: string; readonly name: string }[]
}

/** @source contract/rest-api.md, U9 and U12 */
export async function getCaller(ctx: Ctx): Promise<CallerView> {
  authorize(ctx, 'self:read')
  const { actor } = ctx
  const roles = await readRoles(ctx)
  const user = actor.kind === 'user' ? await getUserView(ctx, actor.id) : null
  return {
    actor,
    user,
    role: actor.role === null ? null : (roles.byName(actor.role) ?? null),
    tokenRole: actor.kind === 'api_token' ? (roles.byName('$api-token-default-access') ?? null) : null,
    groups: user === null ? [] : await selectGroupNames(ctx.db, ctx.tenantId, user.groupIds),
  }
}
