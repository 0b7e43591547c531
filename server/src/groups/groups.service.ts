import { v7 as uuid } from 'uuid'
import { authorize } from '../access/authorize.ts'
import type { Ctx, ReadCtx, TrxCtx } from '../access/ctx.ts'
import { inTransaction } from '../access/in-transaction.ts'
import { requireVersion, tagOf } from '../access/version-check.ts'
import { addToCounter } from '../db/counters.ts'
import { toKey } from '../db/normal-key.ts'
import { violatesUnique } from '../db/dialects/violations.ts'
import { ApiError, notFound } from '../errors/api-error.ts'
import { recordEvent } from '../events/record-event.ts'
import type { Page, WalkedPage } from '../lists/envelope.ts'
import type { ListQuery } from '../lists/list-query.ts'
import { removeGroupFromPersonas } from '../personas/persona-subjects.service.ts'
import { removeGroupFromPurposes } from '../purposes/purpose-subjects.service.ts'
import { deleteMappingsOfGroup } from '../sso-connections/group-mappings.service.ts'
import { getCursorKey } from '../tenants/tenant-keys.service.ts'
import { catalogueChanged } from '../tenants/tenants.service.ts'
import { requireCleanAttributes, type Attributes } from '../text/clean-text.ts'
import { listExistingUserIds, userLinksChanged } from '../users/user-links.service.ts'
import type { NamedLink } from '../users/users.schema.ts'
import { deleteAllMembers } from './group-members.queries.ts'
import { groupNameFromAlias, requireAlias, requireGroupName } from './group-rules.ts'
import { selectGroupPage, selectGroupWalk } from './groups-page.queries.ts'
import * as queries from './groups.queries.ts'
import type { CreatedGroup, Group, GroupChange, NewGroup, TaggedGroup } from './groups.schema.ts'
import { addMemberships } from './membership-writes.service.ts'

/** @throws insufficient_role · invalid_filter */
export function listGroups(ctx: Ctx, query: ListQuery): Promise<Page<Group>> {
  authorize(ctx, 'groups:read')
  return selectGroupPage(ctx.db, ctx.tenantId, { query, whose: 'all', now: ctx.now })
}

/**
 * All groups, page by page behind a cursor: each that is there throughout comes exactly once.
 *
 * @throws insufficient_role · invalid_filter · invalid_cursor
 */
export async function walkGroups(ctx: Ctx, query: ListQuery): Promise<WalkedPage<Group>> {
  authorize(ctx, 'groups:read')
  const seal = { key: await getCursorKey(ctx), tenantId: ctx.tenantId, list: 'groups' }
  return selectGroupWalk(ctx.db, ctx.tenantId, { query, now: ctx.now, seal })
}

/**
 * The groups one user is in now; everybody may see their own.
 *
 * @throws user_not_found
 * @source contract/rest-api.md, U7
 */
export async function listGroupsOfUser(ctx: Ctx, userId: string, query: ListQuery): Promise<Page<Group>> {
  authorize(ctx, 'self:read')
  const isOther = ctx.actor.userId !== userId
  if (isOther && !ctx.actor.permissions.has('groups:read')) throw notFound('user_not_found')
  if (!(await listExistingUserIds(ctx, [userId])).has(userId)) throw notFound('user_not_found')
  return selectGroupPage(ctx.db, ctx.tenantId, { query, whose: { userId }, now: ctx.now })
}

/** @throws group_not_found */
export async function getGroup(ctx: ReadCtx, groupId: string): Promise<TaggedGroup> {
  authorize(ctx, 'groups:read')
  return requireGroup(ctx, groupId)
}

/** Personas and purposes attached to these groups. */
export async function listLinksOfGroups(
  ctx: ReadCtx,
  groupIds: readonly string[],
): Promise<(groupId: string) => { personas: NamedLink[]; purposes: NamedLink[] }> {
  const personas = await queries.selectGroupLinks(ctx.db, ctx.tenantId, groupIds, 'persona')
  const purposes = await queries.selectGroupLinks(ctx.db, ctx.tenantId, groupIds, 'purpose')
  return (groupId) => ({ personas: personas.get(groupId) ?? [], purposes: purposes.get(groupId) ?? [] })
}

/**
 * Creates a group with its first members; an unknown member is reported and does not stop the group.
 *
 * @throws insufficient_role · invalid_body · group_exists
 * @source contract/rest-api.md, G2
 */
export async function createGroup(ctx: Ctx, input: NewGroup): Promise<CreatedGroup> {
  authorize(ctx, 'groups:write')
  const { membersPerCallMax } = ctx.limits
  if (input.memberIds.length > membersPerCallMax) {
    throw new ApiError('invalid_body', {
      detail: `users names ${input.memberIds.length} people; send at most ${membersPerCallMax}, and the others by POST /groups/{id}/members.`,
    })
  }
  const name = input.name === null ? groupNameFromAlias(input.alias ?? '') : requireGroupName(input.name)
  const alias = requireAlias(input.alias ?? name, ctx.limits)
  const attributes = requireCleanAttributes(withoutEmpty(input.attributes), ctx.limits)
  return inTransaction(ctx, async (ctx) => {
    const wanted = [...new Set(input.memberIds)]
    // Holds those who exist, so that nobody is deleted before they are members.
    await userLinksChanged(ctx, wanted)
    const existing = await listExistingUserIds(ctx, wanted)
    const group = newGroup(ctx, { name, alias, attributes, isDefault: input.isDefault })
    await insert(ctx, group)
    await addToCounter(ctx.db, ctx.tenantId, 'groups', 1)
    await recordEvent(ctx, { type: 'group.created', subjectId: group.id, data: { name }, personal: {} })
    await addMemberships(
      ctx,
      [...existing].map((userId) => ({ groupId: group.id, userId })),
      'local',
    )
    return { group, members: wanted.map((userId) => ({ userId, exists: existing.has(userId) })) }
  })
}

/**
 * Changes a group; what equals the stored value is no change.
 *
 * @throws insufficient_role · group_not_found · group_name_immutable · invalid_body · version_mismatch
 * @source contract/rest-api.md, G3
 */
export async function updateGroup(
  ctx: Ctx,
  groupId: string,
  change: GroupChange,
  ifMatch?: string,
): Promise<TaggedGroup> {
  authorize(ctx, 'groups:write')
  return inTransaction(ctx, async (ctx) => {
    await queries.lockGroups(ctx.db, ctx.tenantId, [groupId])
    const group = await requireGroup(ctx, groupId)
    requireVersion(ifMatch, groupTag(group))
    if (change.name !== undefined && change.name !== group.name) {
      throw new ApiError('group_name_immutable', {
        detail: 'The internal name of a group cannot change; change its alias, which is what people read.',
      })
    }
    const next = {
      alias: change.alias === undefined ? group.alias : requireAlias(change.alias, ctx.limits),
      attributes: withoutEmpty({ ...group.attributes, ...requireCleanAttributes(change.attributes ?? {}, ctx.limits) }),
      isDefault: change.isDefault ?? group.isDefault,
    }
    const fields = (['alias', 'attributes', 'isDefault'] as const).filter(
      (name) => JSON.stringify(next[name]) !== JSON.stringify(group[name]),
    )
    if (fields.length === 0) return group
    const stamp = { updatedAt: ctx.now.getTime(), updatedBy: ctx.actor.name }
    await queries.updateGroup(ctx.db, ctx.tenantId, groupId, {
      alias: next.alias,
      alias_key: toKey(next.alias),
      attributes: JSON.stringify(next.attributes),
      is_default: next.isDefault ? 1 : 0,
      updated_at: stamp.updatedAt,
      updated_by: stamp.updatedBy,
      modified_at: stamp.updatedAt,
    })
    const pick = (values: typeof next) => Object.fromEntries(fields.map((name) => [name, values[name]]))
    await recordEvent(ctx, {
      type: 'group.updated',
      subjectId: groupId,
      data: { fields },
      personal: { before: pick(group), after: pick(next) },
    })
    return { ...group, ...next, ...stamp, version: group.version + 1 }
  })
}

/** Deletes a group with its memberships, links and SSO mappings; the users stay. @throws insufficient_role · group_not_found */
export async function deleteGroup(ctx: Ctx, groupId: string): Promise<void> {
  authorize(ctx, 'groups:write')
  await inTransaction(ctx, async (ctx) => {
    await queries.lockGroups(ctx.db, ctx.tenantId, [groupId])
    await deleteHeldGroup(ctx, await requireGroup(ctx, groupId))
  })
}

/** The deletion itself, for a group that is held. */
export async function deleteHeldGroup(ctx: TrxCtx, group: Group): Promise<void> {
  const groupId = group.id
  await removeGroupFromPersonas(ctx, groupId)
  await removeGroupFromPurposes(ctx, groupId)
  await deleteMappingsOfGroup(ctx, groupId)
  await deleteAllMembers(ctx.db, ctx.tenantId, groupId)
  await queries.deleteGroup(ctx.db, ctx.tenantId, groupId)
  await addToCounter(ctx.db, ctx.tenantId, 'groups', -1)
  // Every member's record showed the group.
  await catalogueChanged(ctx)
  await recordEvent(ctx, {
    type: 'group.deleted',
    subjectId: groupId,
    data: { name: group.name, members: group.memberCount },
    personal: {},
  })
}

export function groupTag({ version, linksVersion, lastBoundAt }: TaggedGroup): string {
  return lastBoundAt === 0 ? tagOf(version, linksVersion) : tagOf(version, linksVersion, lastBoundAt)
}

async function requireGroup(ctx: ReadCtx, groupId: string): Promise<TaggedGroup> {
  const group = await queries.findGroup(ctx.db, ctx.tenantId, groupId, ctx.now)
  if (group === undefined) throw notFound('group_not_found')
  return group
}

function newGroup(ctx: TrxCtx, fields: Pick<Group, 'name' | 'alias' | 'attributes' | 'isDefault'>): Group {
  return {
    ...fields,
    id: uuid(),
    source: 'local',
    memberCount: 0,
    timedMembers: 0,
    createdAt: ctx.now.getTime(),
    createdBy: ctx.actor.name,
    updatedAt: 0,
    updatedBy: '',
    modifiedAt: ctx.now.getTime(),
    version: 1,
    linksVersion: 1,
    membersVersion: 0,
  }
}

async function insert(ctx: TrxCtx, group: Group): Promise<void> {
  try {
    await queries.insertGroup(ctx.db, {
      tenant_id: ctx.tenantId,
      id: group.id,
      name: group.name,
      name_key: toKey(group.name),
      alias: group.alias,
      alias_key: toKey(group.alias),
      attributes: JSON.stringify(group.attributes),
      is_default: group.isDefault ? 1 : 0,
      source: group.source,
      member_count: 0,
      created_at: group.createdAt,
      created_by: group.createdBy,
      updated_at: 0,
      updated_by: '',
      modified_at: group.modifiedAt,
      version: 1,
      links_version: 1,
    })
  } catch (error) {
    if (!violatesUnique(error, 'groups', 'name_key')) throw error
    throw new ApiError('group_exists', {
      detail: `There is a group with the internal name "${group.name}" already; upper and lower case count as the same.`,
      cause: error,
    })
  }
}

function withoutEmpty(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, values]) => values.length > 0))
}
