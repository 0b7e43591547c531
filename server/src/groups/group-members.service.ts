import { authorize } from '../access/authorize.ts'
import type { Ctx, ReadCtx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { ApiError, notFound } from '../errors/api-error.ts'
import type { NewEvent } from '../events/event-types.ts'
import { recordEvents } from '../events/record-event.ts'
import { listExistingUserIds, userLinksChanged } from '../users/user-links.service.ts'
import * as queries from './group-members.queries.ts'
import { lockGroups, raiseGroupLinks, selectDefaultGroupIds, selectExistingGroupIds } from './groups.queries.ts'
import type { MembershipSource } from './groups.schema.ts'

export const membersPerCallMax = 1_000

/**
 * Adds users to a group; those already in it stay as they are.
 *
 * @param userIds at most 1,000; one unknown id and nobody is added
 * @returns every requested user, who is a member now, in the order given
 * @throws insufficient_role · group_not_found · user_not_found · invalid_body
 * @source contract/rest-api.md, G7
 */
export async function addMembers(ctx: Ctx, groupId: string, userIds: readonly string[]): Promise<string[]> {
  authorize(ctx, 'groups:write')
  requireFew(userIds)
  const wanted = [...new Set(userIds)]
  await inTransaction(ctx, async (ctx) => {
    await queries.lockUsers(ctx.db, ctx.tenantId, wanted)
    await holdGroups(ctx, [groupId])
    await requireUsers(ctx, wanted)
    const members = await queries.selectMembersAmong(ctx.db, ctx.tenantId, groupId, wanted)
    const missing = wanted.filter((userId) => !members.has(userId))
    await userLinksChanged(ctx, missing)
    await addMemberships(
      ctx,
      missing.map((userId) => ({ groupId, userId })),
      'local',
    )
  })
  return wanted
}

/** Removes users from a group; ids that are no members are passed over. @throws group_not_found */
export async function removeMembers(ctx: Ctx, groupId: string, userIds: readonly string[]): Promise<void> {
  authorize(ctx, 'groups:write')
  requireFew(userIds)
  await inTransaction(ctx, async (ctx) => {
    await queries.lockUsers(ctx.db, ctx.tenantId, userIds)
    await holdGroups(ctx, [groupId])
    const members = await queries.selectMembersAmong(ctx.db, ctx.tenantId, groupId, [...new Set(userIds)])
    await userLinksChanged(ctx, [...members])
    const removed = await queries.deleteMembers(ctx.db, ctx.tenantId, groupId, [...members])
    await accountRemoved(
      ctx,
      removed.map((userId) => ({ groupId, userId })),
    )
  })
}

/**
 * Adds a user to groups; one unknown group and none is joined.
 *
 * @throws insufficient_role · user_not_found · group_not_found
 * @source contract/rest-api.md, U8
 */
export async function addUserToGroups(ctx: Ctx, userId: string, groupIds: readonly string[]): Promise<void> {
  authorize(ctx, 'groups:write')
  requireFew(groupIds)
  const wanted = new Set(groupIds)
  await inTransaction(ctx, async (ctx) => {
    await queries.lockUsers(ctx.db, ctx.tenantId, [userId])
    await requireUsers(ctx, [userId])
    await holdGroups(ctx, [...wanted])
    const missing = wanted.difference(new Set(await queries.selectGroupIdsOf(ctx.db, ctx.tenantId, userId)))
    if (missing.size === 0) return
    await userLinksChanged(ctx, [userId])
    await addMemberships(
      ctx,
      [...missing].map((groupId) => ({ groupId, userId })),
      'local',
    )
  })
}

/** Makes a user's groups exactly these; part of updating a user, whose row is held. @throws group_not_found */
export async function replaceGroupsOfUser(ctx: TrxCtx, userId: string, groupIds: readonly string[]): Promise<void> {
  const current = new Set(await queries.selectGroupIdsOf(ctx.db, ctx.tenantId, userId))
  const wanted = new Set(groupIds)
  const changed = wanted.symmetricDifference(current)
  if (changed.size === 0) return
  await userLinksChanged(ctx, [userId])
  const existing = await lockGroups(ctx.db, ctx.tenantId, [...changed])
  const joined = wanted.difference(current)
  if (!joined.isSubsetOf(existing)) throw notFound('group_not_found')
  await addMemberships(
    ctx,
    [...joined].map((groupId) => ({ groupId, userId })),
    'local',
  )
  const left = await queries.deleteMembershipsOf(ctx.db, ctx.tenantId, userId, [...current.difference(wanted)])
  await accountRemoved(
    ctx,
    left.map((groupId) => ({ groupId, userId })),
  )
}

export function listGroupIdsOfUser(ctx: ReadCtx, userId: string): Promise<string[]> {
  return queries.selectGroupIdsOf(ctx.db, ctx.tenantId, userId)
}

/** Part of deleting a user, whose row is held. */
export async function removeUserFromAllGroups(ctx: TrxCtx, userId: string): Promise<void> {
  await lockGroups(ctx.db, ctx.tenantId, await queries.selectGroupIdsOf(ctx.db, ctx.tenantId, userId))
  const left = await queries.deleteMembershipsOf(ctx.db, ctx.tenantId, userId, 'all')
  await accountRemoved(
    ctx,
    left.map((groupId) => ({ groupId, userId })),
  )
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

/**
 * Adds memberships; answers those that are new. Counters and events follow.
 * The caller holds the users, then the groups, has seen that they exist, and has told the users' links:
 * always in this order, so that nothing is deleted meanwhile and no two transactions wait for each other in a ring.
 */
export async function addMemberships(
  ctx: TrxCtx,
  memberships: readonly (queries.Membership & { readonly display?: string })[],
  source: MembershipSource,
): Promise<queries.Membership[]> {
  if (memberships.length === 0) return []
  const addedAt = ctx.now.getTime()
  const added = await queries.insertMembers(
    ctx.db,
    memberships.map(({ groupId, userId, display = '' }) => ({
      tenant_id: ctx.tenantId,
      group_id: groupId,
      user_id: userId,
      source,
      added_at: addedAt,
      display,
    })),
  )
  await moveCounts(ctx, added, 1)
  await recordEvents(
    ctx,
    added.map(({ groupId, userId }): NewEvent => ({
      type: 'group.member_added',
      subjectId: groupId,
      objectId: userId,
      data: {},
      personal: {},
    })),
  )
  return added
}

export async function accountRemoved(ctx: TrxCtx, removed: readonly queries.Membership[]): Promise<void> {
  await moveCounts(ctx, removed, -1)
  await recordEvents(
    ctx,
    removed.map(({ groupId, userId }): NewEvent => ({
      type: 'group.member_removed',
      subjectId: groupId,
      objectId: userId,
      data: {},
      personal: {},
    })),
  )
}

/** One update per group concerned, in id order, like the locks. */
async function moveCounts(ctx: TrxCtx, memberships: readonly queries.Membership[], sign: 1 | -1): Promise<void> {
  const byGroup = Map.groupBy(memberships, (membership) => membership.groupId)
  for (const [groupId, members] of [...byGroup].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    await queries.addToMemberCount(ctx.db, ctx.tenantId, groupId, {
      by: sign * members.length,
      now: ctx.now.getTime(),
    })
  }
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

function requireFew(ids: readonly string[]): void {
  if (ids.length > membersPerCallMax) {
    throw new ApiError('invalid_body', {
      detail: `The call names ${ids.length} ids; send at most ${membersPerCallMax} at once.`,
    })
  }
}
