import type { TrxCtx } from '../../access/ctx.ts'
import { addProvisionedMembers, removeProvisionedMembers } from '../../groups/group-provisioning.service.ts'
import { holdScimSettings } from '../../scim-tokens/scim-settings.service.ts'
import { listExistingUserIds } from '../../users/user-links.service.ts'
import { invalidValue } from '../scim-error.ts'
import type { ScimSession } from '../scim-session.ts'
import type { MemberReference } from './member-references.ts'
import * as queries from './scim-groups.queries.ts'

const nestingMax = 16
const subgroupsMax = 10_000

/**
 * Adds members, people and groups; those already in the group stay as they are. A constant number of statements.
 *
 * @throws ScimError invalidValue: somebody does not exist, nested groups are off, or a circle would close
 * @source contract/scim.md 75, 76; K7; profiles C4
 */
export async function addGroupMembers(
  ctx: TrxCtx,
  session: ScimSession,
  groupId: string,
  wanted: readonly MemberReference[],
): Promise<void> {
  if (wanted.length === 0) return
  const { people, groups, missing } = await sortOut(ctx, wanted)
  if (missing.length > 0) await passOverMissing(session, groupId, missing)
  if (groups.length > 0) await requireNestable(ctx, session, groupId, groups)
  await addProvisionedMembers(
    ctx,
    groupId,
    people.map(({ id, display }) => ({ userId: id, display })),
  )
  const added = await queries.insertSubgroups(ctx.db, ctx.tenantId, groupId, groups)
  if (added > 0) await queries.raiseMembersVersion(ctx.db, ctx.tenantId, groupId, ctx.now.getTime())
  noteChange(session, groupId, 'add', wanted.length - missing.length)
}

/** Removes members; ids that are none are passed over. */
export async function removeGroupMembers(
  ctx: TrxCtx,
  session: ScimSession,
  groupId: string,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return
  await removeProvisionedMembers(ctx, groupId, ids)
  const removed = await queries.deleteSubgroups(ctx.db, ctx.tenantId, groupId, ids)
  if (removed > 0) await queries.raiseMembersVersion(ctx.db, ctx.tenantId, groupId, ctx.now.getTime())
  noteChange(session, groupId, 'remove', ids.length)
}

/** Makes the members exactly these; only the difference is written (K26). */
export async function replaceGroupMembers(
  ctx: TrxCtx,
  session: ScimSession,
  groupId: string,
  wanted: readonly MemberReference[],
): Promise<void> {
  const present = await queries.selectMemberIds(ctx.db, ctx.tenantId, groupId)
  const ids = new Set(wanted.map(({ id }) => id))
  const isPresent = (id: string) => present.users.has(id) || present.groups.has(id)
  const gone = [...present.users, ...present.groups].filter((id) => !ids.has(id))
  await removeGroupMembers(ctx, session, groupId, gone)
  await addGroupMembers(
    ctx,
    session,
    groupId,
    wanted.filter(({ id }) => !isPresent(id)),
  )
}

interface SortedOut {
  readonly people: readonly MemberReference[]
  readonly groups: readonly MemberReference[]
  readonly missing: readonly string[]
}

/** Ids are unique over people and groups, so the type need not be said. */
async function sortOut(ctx: TrxCtx, wanted: readonly MemberReference[]): Promise<SortedOut> {
  const unique = [...new Map(wanted.map((member) => [member.id, member])).values()]
  const users = await listExistingUserIds(
    ctx,
    unique.map(({ id }) => id),
  )
  const others = unique.filter(({ id }) => !users.has(id))
  const groups = await queries.selectExistingGroups(
    ctx.db,
    ctx.tenantId,
    others.map(({ id }) => id),
  )
  return {
    people: unique.filter(({ id }) => users.has(id)),
    groups: others.filter(({ id }) => groups.has(id)),
    missing: others.filter(({ id }) => !groups.has(id)).map(({ id }) => id),
  }
}

/** A member that is ignored would be lost without a word; so it is refused, or told where the tenant wants it ignored (C4). */
async function passOverMissing(
  { rules, trace }: ScimSession,
  groupId: string,
  missing: readonly string[],
): Promise<void> {
  for (const id of missing)
    trace.add({
      subjectKind: 'group',
      subjectId: groupId,
      outcome: rules.danglingMembers === 'ignore' ? 'skipped' : 'refused',
      operation: 'add',
      attribute: 'members',
      note: `no user or group has the id ${id.slice(0, 100)}`,
    })
  if (rules.danglingMembers === 'ignore') return
  throw invalidValue(`${missing.length} of the members do not exist; none was added.`)
}

async function requireNestable(
  ctx: TrxCtx,
  { rules }: ScimSession,
  groupId: string,
  groups: readonly MemberReference[],
): Promise<void> {
  if (!rules.nestedGroups) throw invalidValue('Groups cannot be members of groups here.')
  // Two at once that see no circle could close one together.
  await holdScimSettings(ctx)
  const ids = groups.map(({ id }) => id)
  if (ids.length > subgroupsMax) throw invalidValue(`A group takes ${subgroupsMax} groups at a time.`)
  if (ids.includes(groupId) || (await queries.wouldBeCircle(ctx.db, ctx.tenantId, groupId, ids)))
    throw invalidValue('A group cannot be in itself, not even through other groups.')
  if ((await queries.nestingDepth(ctx.db, ctx.tenantId, groupId, ids)) > nestingMax)
    throw invalidValue(`Groups are nested at most ${nestingMax} deep.`)
}

function noteChange({ trace }: ScimSession, groupId: string, operation: string, count: number): void {
  trace.add({
    subjectKind: 'group',
    subjectId: groupId,
    outcome: 'changed',
    operation,
    attribute: 'members',
    note: `${count} named`,
  })
}
