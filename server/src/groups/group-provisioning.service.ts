import { v7 as uuid } from 'uuid'
import { authorize } from '../access/authorize.ts'
import type { TrxCtx } from '../access/ctx.ts'
import { addToCounter } from '../db/counters.ts'
import { toKey } from '../db/normal-key.ts'
import { recordEvent } from '../events/record-event.ts'
import { always, hasSameBounds } from '../bounds/bounds.ts'
import { listExistingUserIds } from '../users/user-links.service.ts'
import * as members from './group-members.queries.ts'
import { accountRemoved, addMemberships, changeMemberships, memberLinksChanged } from './membership-writes.service.ts'
import { groupNameFromAlias } from './group-rules.ts'
import * as queries from './groups.queries.ts'
import type { Group, TaggedGroup } from './groups.schema.ts'

/** Somebody an identity provider puts into a group, and what it calls them; empty: their own name. */
export interface ProvisionedMember {
  readonly userId: string
  readonly display: string
}

/**
 * Creates a group that an identity provider owns. Its internal name is made once from the shown one and is free
 * for certain: a number is added where another group has it.
 *
 * @source contract/scim.md 4.3
 */
export async function provisionGroup(ctx: TrxCtx, alias: string): Promise<Group> {
  authorize(ctx, 'groups:write')
  const id = uuid()
  const now = ctx.now.getTime()
  const row = {
    tenant_id: ctx.tenantId,
    id,
    alias,
    alias_key: toKey(alias),
    attributes: '{}',
    is_default: 0,
    source: 'scim',
    member_count: 0,
    created_at: now,
    created_by: ctx.actor.name,
    updated_at: 0,
    updated_by: '',
    modified_at: now,
    version: 1,
    links_version: 1,
  }
  const name = await queries.insertUnderFreeName(ctx.db, row, provisionedName(alias))
  await addToCounter(ctx.db, ctx.tenantId, 'groups', 1)
  await recordEvent(ctx, { type: 'group.created', subjectId: id, data: { name }, personal: {} })
  return requireGroup(ctx, id)
}

/** IdPs name groups with characters only, or at a length, that an internal name cannot have. */
function provisionedName(alias: string): string {
  const usable = alias.replaceAll(/[^\p{L}\p{N}_\s-]/gu, '').trim()
  return groupNameFromAlias(usable === '' ? 'group' : usable.slice(0, 150))
}

/** The shown name of a group that is held; the internal one stays. */
export async function renameProvisionedGroup(ctx: TrxCtx, group: Group, alias: string): Promise<void> {
  authorize(ctx, 'groups:write')
  if (group.alias === alias) return
  const now = ctx.now.getTime()
  await queries.updateGroup(ctx.db, ctx.tenantId, group.id, {
    alias,
    alias_key: toKey(alias),
    updated_at: now,
    updated_by: ctx.actor.name,
    modified_at: now,
  })
  await recordEvent(ctx, {
    type: 'group.updated',
    subjectId: group.id,
    data: { fields: ['alias'] },
    personal: { before: { alias: group.alias }, after: { alias } },
  })
}

/** What SCIM keeps of a group beside it changed. */
export async function touchGroup(ctx: TrxCtx, groupId: string): Promise<void> {
  await queries.updateGroup(ctx.db, ctx.tenantId, groupId, { modified_at: ctx.now.getTime() })
}

/**
 * Adds members to a group for good; those in it for good already stay as they are, those in it for a time are from now on in it for good.
 * A constant number of statements per thousand.
 *
 * @returns ids that are no users, in the order given; those are left out
 */
export async function addProvisionedMembers(
  ctx: TrxCtx,
  groupId: string,
  wanted: readonly ProvisionedMember[],
): Promise<string[]> {
  authorize(ctx, 'groups:write')
  if (wanted.length === 0) return []
  const ids = wanted.map(({ userId }) => userId)
  await members.lockUsersInBatches(ctx.db, ctx.tenantId, ids)
  await queries.lockGroups(ctx.db, ctx.tenantId, [groupId])
  const existing = await listExistingUserIds(ctx, ids)
  const present = await members.selectMembersInBatches(ctx.db, ctx.tenantId, groupId, ids)
  const missing = wanted
    .filter(({ userId }) => existing.has(userId) && !present.has(userId))
    .map(({ userId, display }) => ({ groupId, userId, display, bounds: always }))
  const bound = [...present]
    .filter(([, bounds]) => !hasSameBounds(bounds, always))
    .map(([userId, before]) => ({ groupId, userId, bounds: always, before }))
  await memberLinksChanged(ctx, [...missing, ...bound])
  await addMemberships(ctx, missing, 'scim')
  await changeMemberships(ctx, bound, 'scim')
  return ids.filter((id) => !existing.has(id))
}

/** Removes members from a group, or all of them; ids that are no members are passed over. */
export async function removeProvisionedMembers(
  ctx: TrxCtx,
  groupId: string,
  unwanted: readonly string[],
): Promise<void> {
  authorize(ctx, 'groups:write')
  if (unwanted.length === 0) return
  await members.lockUsersInBatches(ctx.db, ctx.tenantId, unwanted)
  await queries.lockGroups(ctx.db, ctx.tenantId, [groupId])
  const present = await members.selectMembersInBatches(ctx.db, ctx.tenantId, groupId, unwanted)
  await memberLinksChanged(
    ctx,
    [...present].map(([userId, bounds]) => ({ groupId, userId, bounds })),
  )
  await accountRemoved(ctx, await members.deleteMembersInBatches(ctx.db, ctx.tenantId, groupId, [...present.keys()]))
}

/** Holds people who are about to join or leave; always before the group, so that no two transactions wait in a ring. */
export function holdUsers(ctx: TrxCtx, userIds: readonly string[]): Promise<void> {
  return members.lockUsersInBatches(ctx.db, ctx.tenantId, userIds)
}

/** The group, which nobody else changes until the transaction ends. */
export async function holdGroup(ctx: TrxCtx, groupId: string): Promise<TaggedGroup | undefined> {
  await queries.lockGroups(ctx.db, ctx.tenantId, [groupId])
  return queries.findGroup(ctx.db, ctx.tenantId, groupId, ctx.now)
}

async function requireGroup(ctx: TrxCtx, id: string): Promise<Group> {
  const group = await queries.findGroup(ctx.db, ctx.tenantId, id, ctx.now)
  if (group === undefined) throw new Error(`group ${id} was inserted and is not there`)
  return group
}
