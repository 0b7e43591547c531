import { authorize } from '../../access/authorize.ts'
import type { TrxCtx } from '../../access/ctx.ts'
import { inTransaction } from '../../access/in-transaction.ts'
import { toKey } from '../../db/normal-key.ts'
import {
  holdGroup,
  holdUsers,
  provisionGroup,
  renameProvisionedGroup,
  touchGroup,
} from '../../groups/group-provisioning.service.ts'
import { deleteHeldGroup } from '../../groups/groups.service.ts'
import { requireVersionMatch, type Preconditions } from '../preconditions.ts'
import { readResource } from '../read-resource.ts'
import { invalidValue, noResource, notUnique, ScimError } from '../scim-error.ts'
import { readingOf, requireWriteAccess, type ScimSession } from '../scim-session.ts'
import { elementsOf, isSame, textOf, type ScimObject } from '../scim-value.ts'
import { addGroupMembers, replaceGroupMembers } from './scim-members.service.ts'
import { groupVersion, toGroupResource, type StoredGroup } from './group-resource.ts'
import { toReference } from './member-references.ts'
import { hasAlias, saveScimGroup, selectMemberIds } from './scim-groups.queries.ts'
import { readStoredGroups } from './stored-groups.service.ts'

const displayNameMax = 1_000
const controls = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/u

/** A group without its members, which are read apart. @throws ScimError 404 */
export async function getScimGroup(session: ScimSession, id: string): Promise<StoredGroup> {
  const { ctx } = session
  authorize(ctx, 'groups:read')
  const [stored] = await readStoredGroups(ctx, [id])
  if (stored === undefined || !isVisibleGroup(session, stored)) throw noResource()
  return stored
}

function isVisibleGroup({ rules }: ScimSession, { group }: StoredGroup): boolean {
  return rules.visible === 'all' || group.source === 'scim'
}

/**
 * Creates a group with its members.
 *
 * @throws ScimError 400 · 403 · 409 uniqueness
 * @source contract/scim.md 4.3, 79–84
 */
export async function createScimGroup(session: ScimSession, body: unknown): Promise<StoredGroup> {
  requireWriteAccess(session)
  const resource = readResource(body, session.types.group, readingOf(session))
  requireGroupRules(resource)
  const id = await inTransaction(session.ctx, async (ctx) => {
    const displayName = textOf(resource, 'displayName')
    await requireFreeName(ctx, session, displayName, '')
    const references = elementsOf(resource['members']).map(toReference)
    await holdUsers(
      ctx,
      references.map(({ id }) => id),
    )
    const group = await provisionGroup(ctx, displayName)
    await saveScimGroup(ctx.db, ctx.tenantId, group.id, textOf(resource, 'externalId'))
    session.trace.add({
      subjectKind: 'group',
      subjectId: group.id,
      externalId: textOf(resource, 'externalId'),
      outcome: 'changed',
      operation: 'create',
      after: displayName,
    })
    await addGroupMembers(ctx, session, group.id, references)
    return group.id
  })
  return getScimGroup(session, id)
}

/** @throws ScimError invalidValue */
export function requireGroupRules(resource: ScimObject): void {
  const displayName = textOf(resource, 'displayName')
  if (displayName.trim() === '') throw invalidValue('displayName is required.')
  if ([...displayName].length > displayNameMax)
    throw invalidValue(`displayName has at most ${displayNameMax} characters.`)
  if (controls.test(displayName) || !displayName.isWellFormed())
    throw invalidValue('displayName has control characters.')
}

async function requireFreeName(
  ctx: TrxCtx,
  { rules }: ScimSession,
  displayName: string,
  exceptId: string,
): Promise<void> {
  if (!rules.uniqueGroupNames) return
  if (await hasAlias(ctx.db, ctx.tenantId, toKey(displayName), exceptId))
    throw notUnique('Another group has this displayName; upper and lower case count as the same.')
}

/** A group that is held, as it is now, with what is to become of it. */
export interface HeldGroup {
  readonly ctx: TrxCtx
  readonly stored: StoredGroup
  /** Without members. */
  readonly resource: ScimObject
}

/** Of a group's members of the moment: whom a change may concern. */
type Concerned = (present: () => Promise<ReadonlySet<string>>) => Promise<ReadonlySet<string>>

/** Between reading the members and holding the group somebody joined or left whom the change concerns, and who is not held. */
class MembersMoved extends Error {}

const attemptsMax = 5

/**
 * Reads, changes and writes one group under a lock, so that no change made at the same time is lost (item 169).
 *
 * @param concerned people the change may concern; they are held before the group, as everywhere, so that nobody waits in a ring
 * @throws ScimError 404 · 412
 */
export async function changeGroup(
  session: ScimSession,
  id: string,
  how: { readonly preconditions: Preconditions; readonly concerned: Concerned },
  change: (held: HeldGroup) => Promise<void>,
): Promise<StoredGroup> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await changeOnce(session, id, how, change)
      return await getScimGroup(session, id)
    } catch (error) {
      if (!(error instanceof MembersMoved)) throw error
      if (attempt === attemptsMax)
        throw new ScimError(503, 'The members change too fast; try again.', { headers: { 'retry-after': '1' } })
    }
  }
}

async function changeOnce(
  session: ScimSession,
  id: string,
  { preconditions, concerned }: { readonly preconditions: Preconditions; readonly concerned: Concerned },
  change: (held: HeldGroup) => Promise<void>,
): Promise<void> {
  await inTransaction(session.ctx, async (ctx) => {
    const present = async () => (await selectMemberIds(ctx.db, ctx.tenantId, id)).users
    const people = await concerned(present)
    await holdUsers(ctx, [...people])
    if ((await holdGroup(ctx, id)) === undefined) throw noResource()
    if (!(await concerned(present)).isSubsetOf(people)) throw new MembersMoved('members moved')
    const [stored] = await readStoredGroups(ctx, [id])
    if (stored === undefined || !isVisibleGroup(session, stored)) throw noResource()
    requireVersionMatch(preconditions, groupVersion(stored.group))
    await change({ ctx, stored, resource: toGroupResource(stored, session.base) })
  })
}

/**
 * Replaces a group: `members` and `externalId` stay when they are left out; of members only the difference is written.
 *
 * @source contract/scim.md 145–151, K26
 */
export async function replaceScimGroup(
  session: ScimSession,
  id: string,
  body: unknown,
  preconditions: Preconditions,
): Promise<StoredGroup> {
  requireWriteAccess(session)
  const next = readResource(body, session.types.group, readingOf(session))
  requireGroupRules(next)
  const isEmptied = hasMembersKey(body) && next['members'] === undefined
  const references = elementsOf(next['members']).map(toReference)
  const isWhole = references.length > 0 || isEmptied
  const wanted = new Set(references.map((reference) => reference.id))
  const concerned: Concerned = async (present) =>
    isWhole ? wanted.symmetricDifference(await present()) : new Set<string>()
  return changeGroup(session, id, { preconditions, concerned }, async (held) => {
    if (next['externalId'] === undefined && held.resource['externalId'] !== undefined)
      next['externalId'] = held.resource['externalId']
    await writeGroup(session, held, next)
    if (isWhole) await replaceGroupMembers(held.ctx, session, id, references)
  })
}

/** `members: []` empties a group; silence about it does not (item 146). */
function hasMembersKey(body: unknown): boolean {
  return typeof body === 'object' && body !== null && Object.keys(body).some((name) => name.toLowerCase() === 'members')
}

/** Own fields; a change that changes nothing raises no version (item 54). */
export async function writeGroup(
  session: ScimSession,
  { ctx, stored, resource }: HeldGroup,
  next: ScimObject,
): Promise<void> {
  const { group, externalId } = stored
  const displayName = textOf(next, 'displayName')
  const nextExternalId = textOf(next, 'externalId')
  const renames = !isSame(resource['displayName'], next['displayName'])
  if (renames) {
    await requireFreeName(ctx, session, displayName, group.id)
    await renameProvisionedGroup(ctx, group, displayName)
    session.trace.add({
      subjectKind: 'group',
      subjectId: group.id,
      externalId,
      outcome: 'changed',
      operation: 'update',
      attribute: 'displayName',
      before: textOf(resource, 'displayName'),
      after: displayName,
    })
  }
  if (nextExternalId === externalId) return
  await saveScimGroup(ctx.db, ctx.tenantId, group.id, nextExternalId)
  if (!renames) await touchGroup(ctx, group.id)
  session.trace.add({
    subjectKind: 'group',
    subjectId: group.id,
    externalId: nextExternalId,
    outcome: 'changed',
    operation: 'update',
    attribute: 'externalId',
    before: externalId,
    after: nextExternalId,
  })
}

/** @throws ScimError 404 · 412 */
export async function deleteScimGroup(session: ScimSession, id: string, preconditions: Preconditions): Promise<void> {
  requireWriteAccess(session)
  await inTransaction(session.ctx, async (ctx) => {
    if ((await holdGroup(ctx, id)) === undefined) throw noResource()
    const [stored] = await readStoredGroups(ctx, [id])
    if (stored === undefined || !isVisibleGroup(session, stored)) throw noResource()
    requireVersionMatch(preconditions, groupVersion(stored.group))
    await deleteHeldGroup(ctx, stored.group)
    session.trace.add({
      subjectKind: 'group',
      subjectId: id,
      externalId: stored.externalId,
      outcome: 'changed',
      operation: 'delete',
      before: textOf(toGroupResource(stored, session.base), 'displayName'),
    })
  })
}
