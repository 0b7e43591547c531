import type { TrxCtx } from '../access/ctx.ts'
import { always, boundsData, boundsState, isTimeBound, type Bounds } from '../bounds/bounds.ts'
import { fromCountedBounds } from '../bounds/bounds-sql.ts'
import type { NewEvent } from '../events/event-types.ts'
import { recordEvents } from '../events/record-event.ts'
import { userLinksChanged } from '../users/user-links.service.ts'
import * as queries from './group-members.queries.ts'
import type { BoundMembership, Membership } from './group-members.queries.ts'
import type { MembershipSource } from './groups.schema.ts'

/** A membership as it is to be, and the bounds it had; null when there was none. */
export interface MembershipChange extends BoundMembership {
  readonly before: Bounds | null
}

/** What an identity provider calls the member; absent: the member's own name. */
type NamedMembership = Membership & { readonly display?: string }

/**
 * Adds memberships for good; answers those that are new. Counters and events follow.
 * The caller holds the users, then the groups, has seen that they exist, and has told the users' links:
 * always in this order, so that nothing is deleted meanwhile and no two transactions wait for each other in a ring.
 */
export function addMemberships(
  ctx: TrxCtx,
  memberships: readonly NamedMembership[],
  source: MembershipSource,
): Promise<readonly Membership[]> {
  return insert(
    ctx,
    memberships.map((membership) => ({ ...membership, bounds: always })),
    source,
  )
}

/** Writes memberships that differ from what there is; the caller has done what adding them asks for. */
export async function changeMemberships(
  ctx: TrxCtx,
  changes: readonly MembershipChange[],
  source: MembershipSource,
): Promise<void> {
  const existing = changes.filter(({ before }) => before !== null)
  await insert(
    ctx,
    changes.filter(({ before }) => before === null),
    source,
  )
  await queries.updateBounds(ctx.db, ctx.tenantId, existing)
  await moveCounts(ctx, [
    ...existing.map(({ groupId, before }) => ({ groupId, bounds: before ?? always, sign: -1 as const })),
    ...existing.map(({ groupId, bounds }) => ({ groupId, bounds, sign: 1 as const })),
  ])
  const now = ctx.now.getTime()
  await recordEvents(
    ctx,
    existing.map((change) => {
      const isBack = change.before !== null && boundsState(change.before, now) === 'expired'
      return event(isBack ? 'group.member_added' : 'group.member_changed', change)
    }),
  )
}

/** Tells the users' documents; those of time-bound memberships ask the clock from now on. */
export async function memberLinksChanged(ctx: TrxCtx, memberships: readonly BoundMembership[]): Promise<void> {
  const timed = new Set(memberships.filter(({ bounds }) => isTimeBound(bounds)).map(({ userId }) => userId))
  const others = new Set(memberships.map(({ userId }) => userId)).difference(timed)
  await userLinksChanged(ctx, [...others])
  await userLinksChanged(ctx, [...timed], 'time-bound')
}

/** Counters and events of memberships that were deleted. */
export async function accountRemoved(ctx: TrxCtx, removed: readonly BoundMembership[]): Promise<void> {
  await moveCounts(
    ctx,
    removed.map(({ groupId, bounds }) => ({ groupId, bounds, sign: -1 })),
  )
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

async function insert(
  ctx: TrxCtx,
  memberships: readonly (BoundMembership & NamedMembership)[],
  source: MembershipSource,
): Promise<readonly Membership[]> {
  if (memberships.length === 0) return []
  const addedAt = ctx.now.getTime()
  const added = await queries.insertMembers(
    ctx.db,
    memberships.map(({ groupId, userId, bounds, display = '' }) => ({
      tenant_id: ctx.tenantId,
      group_id: groupId,
      user_id: userId,
      source,
      added_at: addedAt,
      display,
      ...fromCountedBounds(bounds),
    })),
  )
  await moveCounts(
    ctx,
    added.map(({ groupId, bounds }) => ({ groupId, bounds, sign: 1 })),
  )
  await recordEvents(
    ctx,
    added.map((membership) => event('group.member_added', membership)),
  )
  return added
}

function event(type: 'group.member_added' | 'group.member_changed', membership: BoundMembership): NewEvent {
  const { groupId, userId, bounds } = membership
  return { type, subjectId: groupId, objectId: userId, data: boundsData(bounds), personal: {} }
}

interface Move {
  readonly groupId: string
  readonly bounds: Bounds
  readonly sign: 1 | -1
}

/** One update per group concerned, in id order, like the locks. */
async function moveCounts(ctx: TrxCtx, moves: readonly Move[]): Promise<void> {
  const byGroup = Map.groupBy(moves, ({ groupId }) => groupId)
  for (const [groupId, ofGroup] of [...byGroup].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const sum = (isTimed: boolean) =>
      ofGroup.reduce((total, { bounds, sign }) => total + (isTimeBound(bounds) === isTimed ? sign : 0), 0)
    const by = { always: sum(false), timed: sum(true), now: ctx.now.getTime() }
    await queries.addToMemberCounts(ctx.db, ctx.tenantId, groupId, by)
  }
}
