import type { ReadCtx, TrxCtx } from '../access/ctx.ts'
import { notFound } from '../errors/api-error.ts'
import type { NewEvent } from '../events/event-types.ts'
import { recordEvents } from '../events/record-event.ts'
import { groupLinksChanged, listExistingGroupIds } from '../groups/group-members.service.ts'
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
export async function listSubjects(ctx: ReadCtx, kind: OwnerKind, ownerIds: readonly string[]): Promise<(ownerId: string) => SubjectIds> {
  const subjects = await queries.selectSubjects(ctx.db, ctx.tenantId, kind, ownerIds)
  return (ownerId) => {
    const own = subjects.get(ownerId) ?? []
    const ids = (wanted: Subject['kind']) => own.filter((subject) => subject.kind === wanted).map((subject) => subject.id)
    return { userIds: ids('user'), groupIds: ids('group') }
  }
}

/**
 * Makes the subjects of one persona or purpose exactly these.
 *
 * @throws user_not_found · group_not_found; then nothing changes
 */
export async function replaceSubjects(ctx: TrxCtx, kind: OwnerKind, ownerId: string, wanted: SubjectIds): Promise<void> {
  const userIds = new Set(wanted.userIds)
  const groupIds = new Set(wanted.groupIds)
  const current = (await listSubjects(ctx, kind, [ownerId]))(ownerId)
  const users = difference('user', current.userIds, userIds)
  const groups = difference('group', current.groupIds, groupIds)
  const change = { added: [...users.added, ...groups.added], removed: [...users.removed, ...groups.removed] }
  // Subjects have no foreign key: they are held first, and looked for only then, so that none is deleted in between.
  await subjectsChanged(ctx, [...change.added, ...change.removed])
  if ((await listExistingUserIds(ctx, [...userIds])).size !== userIds.size) throw notFound('user_not_found')
  if ((await listExistingGroupIds(ctx, [...groupIds])).size !== groupIds.size) throw notFound('group_not_found')
  await applyDifference(ctx, kind, ownerId, change)
}

/**
 * Makes what a user holds directly exactly these; what comes through groups stays with the groups.
 *
 * @throws persona_not_found · purpose_not_found
 */
export async function replaceOwnersOfUser(ctx: TrxCtx, kind: OwnerKind, userId: string, ownerIds: readonly string[]): Promise<void> {
  const existing = await queries.selectExistingOwners(ctx.db, ctx.tenantId, kind, [...new Set(ownerIds)])
  if (existing.size !== new Set(ownerIds).size) throw notFound(`${kind}_not_found` as const)
  const subject: Subject = { kind: 'user', id: userId }
  const direct = new Set(await queries.selectOwnersOfSubject(ctx.db, ctx.tenantId, kind, subject))
  const inherited = new Set(await queries.selectOwnersThroughGroups(ctx.db, ctx.tenantId, kind, userId))
  const wanted = new Set(ownerIds.filter((id) => direct.has(id) || !inherited.has(id)))
  if (wanted.symmetricDifference(direct).size > 0) await userLinksChanged(ctx, [userId])
  for (const ownerId of wanted.difference(direct)) await applyDifference(ctx, kind, ownerId, { added: [subject], removed: [] })
  for (const ownerId of direct.difference(wanted)) await applyDifference(ctx, kind, ownerId, { added: [], removed: [subject] })
}

/** What a user's record shows: held directly, or through a group. */
export async function listOwnersOfUser(ctx: ReadCtx, kind: OwnerKind, userId: string): Promise<string[]> {
  const direct = await queries.selectOwnersOfSubject(ctx.db, ctx.tenantId, kind, { kind: 'user', id: userId })
  const inherited = await queries.selectOwnersThroughGroups(ctx.db, ctx.tenantId, kind, userId)
  return [...new Set([...direct, ...inherited])]
}

/** Part of deleting a user or a group. */
export async function removeSubjectEverywhere(ctx: TrxCtx, kind: OwnerKind, subject: Subject): Promise<void> {
  const owners = await queries.deleteSubjectEverywhere(ctx.db, ctx.tenantId, kind, subject)
  await queries.raiseOwnerLinks(ctx.db, ctx.tenantId, kind, owners)
  await recordEvents(ctx, owners.map((ownerId) => event(kind, 'removed', ownerId, subject)))
}

interface Difference {
  readonly added: readonly Subject[]
  readonly removed: readonly Subject[]
}

function difference(kind: Subject['kind'], current: readonly string[], wanted: ReadonlySet<string>): Difference {
  const now = new Set(current)
  return {
    added: [...wanted.difference(now)].map((id) => ({ kind, id })),
    removed: [...now.difference(wanted)].map((id) => ({ kind, id })),
  }
}

async function applyDifference(ctx: TrxCtx, kind: OwnerKind, ownerId: string, { added, removed }: Difference): Promise<void> {
  if (added.length + removed.length === 0) return
  await queries.insertSubjects(ctx.db, ctx.tenantId, kind, ownerId, added)
  await queries.deleteSubjects(ctx.db, ctx.tenantId, kind, ownerId, removed)
  await queries.raiseOwnerLinks(ctx.db, ctx.tenantId, kind, [ownerId])
  await recordEvents(ctx, [
    ...added.map((subject) => event(kind, 'added', ownerId, subject)),
    ...removed.map((subject) => event(kind, 'removed', ownerId, subject)),
  ])
}

/** Records of these show something else now; users and groups are held until the transaction ends. */
async function subjectsChanged(ctx: TrxCtx, changed: readonly Subject[]): Promise<void> {
  const ids = (kind: Subject['kind']) => changed.filter((subject) => subject.kind === kind).map((subject) => subject.id)
  const groupIds = ids('group')
  await groupLinksChanged(ctx, groupIds)
  await userLinksChanged(ctx, ids('user'))
  // A group may have any number of members, whose records all show this.
  if (groupIds.length > 0) await catalogueChanged(ctx)
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
