import { authorize } from '../access/authorize.ts'
import type { Ctx, ReadCtx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { always, boundsState, hasSameBounds, requireBounds, type Bounds } from '../bounds/bounds.ts'
import { ApiError, notFound } from '../errors/api-error.ts'
import type { Page } from '../lists/envelope.ts'
import type { ListQuery } from '../lists/list-query.ts'
import { listExistingUserIds, userLinksChanged } from '../users/user-links.service.ts'
import { selectBoundMemberPage } from './bound-members-page.queries.ts'
import * as queries from './group-members.queries.ts'
import { lockGroups, raiseGroupLinks, selectDefaultGroupIds, selectExistingGroupIds } from './groups.queries.ts'
import type { BoundMember, BoundMemberView } from './groups.schema.ts'
import { accountRemoved, addMemberships, changeMemberships, memberLinksChanged } from './membership-writes.service.ts'

/**
 * Adds users to a group for good; those in it for good already stay as they are.
 *
 * @param userIds at most `membersPerCallMax`; one unknown id and nobody is added
 * @returns every requested user, who is a member now, in the order given
 * @throws insufficient_role · group_not_found · user_not_found · invalid_body
 * @source contract/rest-api.md, G7
 */
export async function addMembers(ctx: Ctx, groupId: string, userIds: readonly string[]): Promise<string[]> {
  authorize(ctx, 'groups:write')
  requireFew(ctx, userIds)
  const wanted = [...new Set(userIds)]
  await setMembers(
    ctx,
    groupId,
    wanted.map((userId) => ({ userId, bounds: always })),
  )
  return wanted
}

/**
 * Adds users to a group, each within bounds of time; those in it with other bounds get these.
 *
 * @param members at most 1,000; one unknown id and nothing changes
 * @throws insufficient_role · group_not_found · user_not_found · invalid_body
 */
export async function setMembers(ctx: Ctx, groupId: string, members: readonly BoundMember[]): Promise<void> {
  authorize(ctx, 'groups:write')
  requireFew(ctx, members)
  for (const { bounds } of members) requireBounds(bounds, ctx.now)
  const wanted = new Map(members.map(({ userId, bounds }) => [userId, bounds]))
  if (wanted.size < members.length) {
    throw new ApiError('invalid_body', { detail: 'The call names somebody twice; send each user once.' })
  }
  await inTransaction(ctx, async (ctx) => {
    const userIds = [...wanted.keys()]
    await queries.lockUsers(ctx.db, ctx.tenantId, userIds)
    await holdGroups(ctx, [groupId])
    await requireUsers(ctx, userIds)
    const known = await queries.selectMembersAmong(ctx.db, ctx.tenantId, groupId, userIds)
    await applyBounds(
      ctx,
      [...wanted].map(([userId, bounds]) => ({ groupId, userId, bounds })),
      ({ userId }) => known.get(userId),
    )
  })
}

/** Memberships with their bounds, in whatever state. @throws insufficient_role · group_not_found · invalid_filter */
export async function listBoundMembers(ctx: Ctx, groupId: string, query: ListQuery): Promise<Page<BoundMemberView>> {
  authorize(ctx, 'groups:write')
  const existing = await selectExistingGroupIds(ctx.db, ctx.tenantId, [groupId])
  if (!existing.has(groupId)) throw notFound('group_not_found')
  return selectBoundMemberPage(ctx.db, ctx.tenantId, { groupId, query, now: ctx.now })
}

/** Writes those memberships that are not so already; users and groups are held. */
async function applyBounds(
  ctx: TrxCtx,
  wanted: readonly queries.BoundMembership[],
  find: (membership: queries.BoundMembership) => Bounds | undefined,
): Promise<void> {
  const changes = wanted
    .map((membership) => ({ ...membership, before: find(membership) ?? null }))
    .filter(({ bounds, before }) => before === null || !hasSameBounds(bounds, before))
  await memberLinksChanged(ctx, changes)
  await changeMemberships(ctx, changes, 'local')
}

/** Removes users from a group, those who are yet to come included; ids that are no members are passed over. @throws group_not_found */
export async function removeMembers(ctx: Ctx, groupId: string, userIds: readonly string[]): Promise<void> {
  authorize(ctx, 'groups:write')
  requireFew(ctx, userIds)
  await inTransaction(ctx, async (ctx) => {
    await queries.lockUsers(ctx.db, ctx.tenantId, userIds)
    await holdGroups(ctx, [groupId])
    const members = await queries.selectMembersAmong(ctx.db, ctx.tenantId, groupId, [...new Set(userIds)])
    await userLinksChanged(ctx, [...members.keys()])
    await accountRemoved(ctx, await queries.deleteMembers(ctx.db, ctx.tenantId, groupId, [...members.keys()]))
  })
}

/**
 * Adds a user to groups for good; one unknown group and none is joined.
 *
 * @throws insufficient_role · user_not_found · group_not_found
 * @source contract/rest-api.md, U8
 */
export async function addUserToGroups(ctx: Ctx, userId: string, groupIds: readonly string[]): Promise<void> {
  authorize(ctx, 'groups:write')
  requireFew(ctx, groupIds)
  const wanted = new Set(groupIds)
  await inTransaction(ctx, async (ctx) => {
    await queries.lockUsers(ctx.db, ctx.tenantId, [userId])
    await requireUsers(ctx, [userId])
    await holdGroups(ctx, [...wanted])
    const known = await readMemberships(ctx, userId)
    await applyBounds(
      ctx,
      [...wanted].map((groupId) => ({ groupId, userId, bounds: always })),
      ({ groupId }) => known.get(groupId),
    )
  })
}

/**
 * Makes the groups a user is in now exactly these; part of updating a user, whose row is held.
 * Who is in a group within bounds keeps them, and who is yet to come stays so: records do not show it.
 *
 * @throws group_not_found
 */
export async function replaceGroupsOfUser(ctx: TrxCtx, userId: string, groupIds: readonly string[]): Promise<void> {
  const known = await readMemberships(ctx, userId)
  const current = new Set(presentIn(known, ctx.now))
  const wanted = new Set(groupIds)
  const changed = wanted.symmetricDifference(current)
  if (changed.size === 0) return
  await userLinksChanged(ctx, [userId])
  const existing = await lockGroups(ctx.db, ctx.tenantId, [...changed])
  const joined = wanted.difference(current)
  if (!joined.isSubsetOf(existing)) throw notFound('group_not_found')
  const changes = [...joined].map((groupId) => ({
    groupId,
    userId,
    bounds: always,
    before: known.get(groupId) ?? null,
  }))
  await changeMemberships(ctx, changes, 'local')
  const left = [...current.difference(wanted)]
  await accountRemoved(ctx, await queries.deleteMembershipsOf(ctx.db, ctx.tenantId, userId, left))
}

/** The groups a user is in at this instant. */
export async function listGroupIdsOfUser(ctx: ReadCtx, userId: string): Promise<string[]> {
  return presentIn(await readMemberships(ctx, userId), ctx.now)
}

type BoundsByGroup = ReadonlyMap<string, Bounds>

async function readMemberships(ctx: ReadCtx, userId: string): Promise<BoundsByGroup> {
  const memberships = await queries.selectMembershipsOf(ctx.db, ctx.tenantId, userId)
  return new Map(memberships.map(({ groupId, bounds }) => [groupId, bounds]))
}

function presentIn(memberships: BoundsByGroup, now: Date): string[] {
  return [...memberships]
    .filter(([, bounds]) => boundsState(bounds, now.getTime()) === 'active')
    .map(([groupId]) => groupId)
}

/** Part of deleting a user, whose row is held. */
export async function removeUserFromAllGroups(ctx: TrxCtx, userId: string): Promise<void> {
  await lockGroups(ctx.db, ctx.tenantId, [...(await readMemberships(ctx, userId)).keys()])
  await accountRemoved(ctx, await queries.deleteMembershipsOf(ctx.db, ctx.tenantId, userId, 'all'))
}

/** Puts new users into every default group, and each into the groups named for them. */
export async function joinFirstGroups(
  ctx: TrxCtx,
  users: readonly { readonly id: string; readonly groupIds: readonly string[] }[],
): Promise<void> {
  const defaults = await selectDefaultGroupIds(ctx.db, ctx.tenantId)
  const wanted = new Set([...defaults, ...users.flatMap((user) => user.groupIds)])
  // One that was deleted since it was looked up is left out.
  const existing = await lockGroups(ctx.db, ctx.tenantId, [...wanted])
  const memberships = users.flatMap((user) =>
    [...new Set([...defaults, ...user.groupIds]).intersection(existing)].map((groupId) => ({
      groupId,
      userId: user.id,
    })),
  )
  await addMemberships(ctx, memberships, 'local')
}

/** Of these ids, those that are groups. */
export function listExistingGroupIds(ctx: TrxCtx, ids: readonly string[]): Promise<Set<string>> {
  return selectExistingGroupIds(ctx.db, ctx.tenantId, ids)
}

/** Holds users, then groups, until the transaction ends: in this order everywhere, so that nobody waits in a ring. */
export async function holdUsersAndGroups(
  ctx: TrxCtx,
  userIds: readonly string[],
  groupIds: readonly string[],
): Promise<void> {
  await queries.lockUsers(ctx.db, ctx.tenantId, userIds)
  await lockGroups(ctx.db, ctx.tenantId, groupIds)
}

/** Personas or purposes of these groups changed; the groups are held until the transaction ends. */
export async function groupLinksChanged(ctx: TrxCtx, ids: readonly string[]): Promise<void> {
  await lockGroups(ctx.db, ctx.tenantId, ids)
  await raiseGroupLinks(ctx.db, ctx.tenantId, ids)
}

/** @throws group_not_found */
async function holdGroups(ctx: TrxCtx, groupIds: readonly string[]): Promise<void> {
  const existing = await lockGroups(ctx.db, ctx.tenantId, groupIds)
  if (existing.size !== groupIds.length) throw notFound('group_not_found')
}

async function requireUsers(ctx: TrxCtx, userIds: readonly string[]): Promise<void> {
  const existing = await listExistingUserIds(ctx, userIds)
  if (existing.size !== userIds.length) throw notFound('user_not_found')
}

function requireFew({ limits: { membersPerCallMax } }: Ctx, ids: readonly unknown[]): void {
  if (ids.length > membersPerCallMax) {
    throw new ApiError('invalid_body', {
      detail: `The call names ${ids.length} ids; send at most ${membersPerCallMax} at once.`,
    })
  }
}
