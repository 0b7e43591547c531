import { v7 as uuid } from 'uuid'
import { authorize } from '../access/authorize.ts'
import type { Ctx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { boundsData, boundsState, hasSameBounds, requireBounds } from '../bounds/bounds.ts'
import { ApiError } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import type { Page } from '../lists/envelope.ts'
import type { ListQuery } from '../lists/list-query.ts'
import { readRoles, type RoleBook } from '../roles/roles.service.ts'
import { requireCleanName } from '../text/clean-text.ts'
import { authorizeReadingRolesOf } from '../user-roles/held-roles.service.ts'
import { holdUser, noteRolesChanged } from '../users/user-roles.service.ts'
import * as queries from './decentralized-roles.queries.ts'
import type { DecentralizedRole, NewDecentralizedRole } from './decentralized-roles.schema.ts'

/** A user's record shows all of them: more is a mistake of some program. */
const heldMax = 1_000

/** Decentralized roles of a user, in whatever state. @throws insufficient_role · user_not_found · invalid_filter */
export async function listDecentralizedRoles(
  ctx: Ctx,
  userId: string,
  query: ListQuery,
): Promise<Page<DecentralizedRole>> {
  await authorizeReadingRolesOf(ctx, userId)
  const page = await queries.selectDecentralizedRolePage(ctx.db, ctx.tenantId, { userId, query, now: ctx.now })
  const roles = await readRoles(ctx)
  return { ...page, items: page.items.map((role) => ({ ...role, roleName: nameIn(roles, role.roleId) })) }
}

/**
 * Gives a user a role on one thing. The same role on the same thing again changes privilege and bounds.
 *
 * @throws insufficient_role · user_not_found · role_not_found · invalid_body
 */
export async function assignDecentralizedRole(
  ctx: Ctx,
  userId: string,
  input: NewDecentralizedRole,
): Promise<DecentralizedRole> {
  authorize(ctx, 'users:write')
  const wanted = requireClean(ctx, input)
  requireBounds(wanted.bounds, ctx.now)
  return inTransaction(ctx, async (ctx) => {
    const role = (await readRoles(ctx)).requireRoleById(wanted.roleId)
    await holdUser(ctx, userId)
    const before = await queries.findByKey(ctx.db, ctx.tenantId, userId, wanted)
    if (before !== undefined && before.privilege === wanted.privilege && hasSameBounds(before.bounds, wanted.bounds))
      return { ...before, roleName: role.name }
    if (before === undefined) await requireFew(ctx, userId)
    const now = ctx.now.getTime()
    const given = { ...wanted, id: before?.id ?? uuid(), givenAt: now, givenBy: ctx.actor.name }
    await queries.upsertDecentralizedRole(ctx.db, ctx.tenantId, userId, given)
    await noteRolesChanged(ctx, userId, given.bounds)
    const isChange = before !== undefined && boundsState(before.bounds, now) !== 'expired'
    await recordEvent(ctx, {
      type: isChange ? 'user.decentralized_role_changed' : 'user.decentralized_role_assigned',
      subjectId: userId,
      data: { ...dataOf(given, role.name), ...boundsData(given.bounds) },
      personal: {},
    })
    return { ...given, roleName: role.name }
  })
}

/** Takes a decentralized role away; repeating changes nothing. @throws insufficient_role · user_not_found */
export async function unassignDecentralizedRole(ctx: Ctx, userId: string, id: string): Promise<void> {
  authorize(ctx, 'users:write')
  await inTransaction(ctx, async (ctx) => {
    await holdUser(ctx, userId)
    const removed = await queries.deleteDecentralizedRole(ctx.db, ctx.tenantId, userId, id)
    if (removed === undefined) return
    await noteRolesChanged(ctx, userId)
    await recordEvent(ctx, {
      type: 'user.decentralized_role_unassigned',
      subjectId: userId,
      data: dataOf(removed, nameIn(await readRoles(ctx), removed.roleId)),
      personal: {},
    })
  })
}

function requireClean({ limits }: Ctx, input: NewDecentralizedRole): NewDecentralizedRole {
  const clean = (name: 'level' | 'privilege' | 'objectId') => requireCleanName(input[name].trim(), name, limits)
  const wanted = { ...input, level: clean('level'), privilege: clean('privilege'), objectId: clean('objectId') }
  if (wanted.level === '' || wanted.privilege === '') {
    throw new ApiError('invalid_body', {
      detail: 'level and privilege must not be empty; say what the role is held on and what it allows there.',
    })
  }
  return wanted
}

async function requireFew(ctx: TrxCtx, userId: string): Promise<void> {
  if ((await queries.countDecentralizedRoles(ctx.db, ctx.tenantId, userId)) < heldMax) return
  throw new ApiError('invalid_body', {
    detail: `The user holds ${heldMax} decentralized roles, which is the most there can be; take some away first.`,
  })
}

function dataOf(role: Omit<DecentralizedRole, 'roleName'>, name: string) {
  const { level, privilege, objectId } = role
  return { role: name, level, privilege, ...(objectId === '' ? {} : { objectId }) }
}

function nameIn(roles: RoleBook, roleId: string): string {
  return roles.byId(roleId)?.name ?? roleId
}
