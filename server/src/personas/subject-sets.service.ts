import type { ReadCtx, TrxCtx } from '../access/ctx.ts'
import { notFound } from '../errors/api-error.ts'
import type { NewEvent } from '../events/event-types.ts'
import { recordEvents } from '../events/record-event.ts'
import {
  groupLinksChanged,
  holdUsersAndGroups,
  listExistingGroupIds,
  listGroupIdsOfUser,
} from '../groups/group-members.service.ts'
import { catalogueChanged } from '../tenants/tenants.service.ts'
import { listExistingUserIds, userLinksChanged } from '../users/user-links.service.ts'
import * as queries from './subject-sets.queries.ts'
import type { OwnerKind, Subject } from './subject-sets.queries.ts'

export type { OwnerKind, Subject }

export interface SubjectIds {
  readonly userIds: readonly string[]
  readonly groupIds: readonly string[]
}

/** Subjects of personas or purposes, users and groups apart. */
export async function listSubjects(
  ctx: ReadCtx,
  kind: OwnerKind,
  ownerIds: readonly string[],
): Promise<(ownerId: string) => SubjectIds> {
  const subjects = await queries.selectSubjects(ctx.db, ctx.tenantId, kind, ownerIds)
  return (ownerId) => {
    const own = subjects.get(ownerId) ?? []
    return { userIds: idsOf(own, 'user').toSorted(), groupIds: idsOf(own, 'group').toSorted() }
  }
}

/**
 * Makes the subjects of one persona or purpose exactly these.
 * Users are held before groups, and both before their owner, as in every other change: nobody waits in a ring.
 *
 * @param holdOwner holds the persona or purpose, or refuses
 * @throws user_not_found · group_not_found; then nothing changes
 */
export async function replaceSubjects(
  ctx: TrxCtx,
  kind: OwnerKind,
  ownerId: string,
  wanted: SubjectIds,
  holdOwner: () => Promise<void>,
): Promise<void> {
  const before = (await listSubjects(ctx, kind, [ownerId]))(ownerId)
  const held = new Set([...before.userIds, ...before.groupIds, ...wanted.userIds, ...wanted.groupIds])
  await holdUsersAndGroups(ctx, [...before.userIds, ...wanted.userIds], [...before.groupIds, ...wanted.groupIds])
  await holdOwner()
  const change = await findDifference(ctx, kind, ownerId, wanted)
  const changed = [...change.added, ...change.removed]
  const known = changed.filter(({ id }) => held.has(id))
  await userLinksChanged(ctx, idsOf(known, 'user'))
  await groupLinksChanged(ctx, idsOf(known, 'group'))
  // Subjects have no foreign key: they are looked for once they are held, so that none is deleted in between.
  const userIds = new Set(wanted.userIds)
  const groupIds = new Set(wanted.groupIds)
  if ((await listExistingUserIds(ctx, [...userIds])).size !== userIds.size) throw notFound('user_not_found')
  if ((await listExistingGroupIds(ctx, [...groupIds])).size !== groupIds.size) throw notFound('group_not_found')
  await applyDifference(ctx, kind, ownerId, change)
  // A group may have any number of members, whose records all show this. Whoever came since the first look and leaves again
  // is not held, and to hold them now could end in a ring.
  if (known.length < changed.length || idsOf(changed, 'group').length > 0) await catalogueChanged(ctx)
}

/**
 * Makes what a user holds directly exactly these; what comes through groups stays with the groups.
 *
 * @throws persona_not_found · purpose_not_found
 */
export async function replaceOwnersOfUser(
  ctx: TrxCtx,
  kind: OwnerKind,
  userId: string,
  ownerIds: readonly string[],
): Promise<void> {
  const existing = await queries.selectExistingOwners(ctx.db, ctx.tenantId, kind, [...new Set(ownerIds)])
  if (existing.size !== new Set(ownerIds).size) throw notFound(`${kind}_not_found` as const)
  const subject: Subject = { kind: 'user', id: userId }
  const direct = new Set(await queries.selectOwnersOfSubject(ctx.db, ctx.tenantId, kind, subject))
  const inherited = new Set(await listOwnersThroughGroups(ctx, kind, userId))
  const wanted = new Set(ownerIds.filter((id) => direct.has(id) || !inherited.has(id)))
  const changed = wanted.symmetricDifference(direct)
  if (changed.size > 0) await userLinksChanged(ctx, [userId])
  for (const ownerId of [...changed].toSorted()) {
    await applyDifference(
      ctx,
      kind,
      ownerId,
      wanted.has(ownerId) ? { added: [subject], removed: [] } : { added: [], removed: [subject] },
    )
  }
}

/** What a user's record shows: held directly, or through a group. */
export async function listOwnersOfUser(ctx: ReadCtx, kind: OwnerKind, userId: string): Promise<string[]> {
  const direct = await queries.selectOwnersOfSubject(ctx.db, ctx.tenantId, kind, { kind: 'user', id: userId })
  const inherited = await listOwnersThroughGroups(ctx, kind, userId)
  return [...new Set([...direct, ...inherited])]
}

async function listOwnersThroughGroups(ctx: ReadCtx, kind: OwnerKind, userId: string): Promise<string[]> {
  return queries.selectOwnersOfGroups(ctx.db, ctx.tenantId, kind, await listGroupIdsOfUser(ctx, userId))
}

/** Part of deleting a user or a group. */
export async function removeSubjectEverywhere(ctx: TrxCtx, kind: OwnerKind, subject: Subject): Promise<void> {
  const owners = await queries.deleteSubjectEverywhere(ctx.db, ctx.tenantId, kind, subject)
  await queries.raiseOwnerLinks(ctx.db, ctx.tenantId, kind, owners)
  await recordEvents(
    ctx,
    owners.map((ownerId) => event(kind, 'removed', ownerId, subject)),
  )
}

interface Difference {
  readonly added: readonly Subject[]
  readonly removed: readonly Subject[]
}

async function findDifference(ctx: TrxCtx, kind: OwnerKind, ownerId: string, wanted: SubjectIds): Promise<Difference> {
  const current = (await listSubjects(ctx, kind, [ownerId]))(ownerId)
  const users = difference('user', current.userIds, new Set(wanted.userIds))
  const groups = difference('group', current.groupIds, new Set(wanted.groupIds))
  return { added: [...users.added, ...groups.added], removed: [...users.removed, ...groups.removed] }
}

function difference(kind: Subject['kind'], current: readonly string[], wanted: ReadonlySet<string>): Difference {
  const now = new Set(current)
  return {
    added: [...wanted.difference(now)].map((id) => ({ kind, id })),
    removed: [...now.difference(wanted)].map((id) => ({ kind, id })),
  }
}

function idsOf(subjects: readonly Subject[], kind: Subject['kind']): string[] {
  return subjects.filter((subject) => subject.kind === kind).map((subject) => subject.id)
}

async function applyDifference(
  ctx: TrxCtx,
  kind: OwnerKind,
  ownerId: string,
  { added, removed }: Difference,
): Promise<void> {
  if (added.length + removed.length === 0) return
  await queries.insertSubjects(ctx.db, ctx.tenantId, kind, ownerId, added)
  await queries.deleteSubjects(ctx.db, ctx.tenantId, kind, ownerId, removed)
  await queries.raiseOwnerLinks(ctx.db, ctx.tenantId, kind, [ownerId])
  await recordEvents(ctx, [
    ...added.map((subject) => event(kind, 'added', ownerId, subject)),
    ...removed.map((subject) => event(kind, 'removed', ownerId, subject)),
  ])
}

function event(kind: OwnerKind, change: 'added' | 'removed', ownerId: string, subject: Subject): NewEvent {
  return {
    type: `${kind}.subject_${change}`,
    subjectId: ownerId,
    objectId: subject.id,
    data: { subjectKind: subject.kind },
    personal: {},
  }
}
