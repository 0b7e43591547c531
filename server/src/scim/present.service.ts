import { Readable } from 'node:stream'
import { memberEntry, toGroupResource, type StoredGroup } from './groups/group-resource.ts'
import { readMembers } from './groups/scim-groups.queries.ts'
import { readStoredGroups } from './groups/stored-groups.service.ts'
import type { PageRow } from './list/select-page.ts'
import { elementProjector, isWanted, project, type Projection } from './projection.ts'
import type { Attribute } from './schemas/attribute.ts'
import { named } from './schemas/registry.ts'
import type { ScimSession } from './scim-session.ts'
import type { ScimObject } from './scim-value.ts'
import { selectStored } from './users/scim-users.queries.ts'
import { fillLinks } from './users/user-links.service.ts'

/** From here on a list of members is written out in steps instead of being made whole. */
const streamedMembersMin = 2_000

export function presentUser(
  resource: ScimObject,
  { types }: ScimSession,
  projection: Projection,
  sent?: ReadonlySet<string>,
): ScimObject {
  return project(resource, types.user, projection, sent)
}

/** Users of a page, in its order: two statements more at most, whatever their number. */
export async function loadUsers(
  session: ScimSession,
  rows: readonly PageRow[],
  projection: Projection,
): Promise<ScimObject[]> {
  const { ctx, types, base } = session
  const stored = await selectStored(
    ctx.db,
    ctx.tenantId,
    rows.map(({ id }) => id),
  )
  const byId = new Map(stored.map((one) => [one.user.id, one]))
  const ordered = rows.map(({ id }) => byId.get(id)).filter((one) => one !== undefined)
  const groups = named(types.user.schema.attributes, 'groups')
  const withGroups = groups !== undefined && isWanted(projection, groups)
  return (await fillLinks(ctx, ordered, { base, withGroups })).map((resource) =>
    presentUser(resource, session, projection),
  )
}

function membersAttribute({ types }: ScimSession): Attribute {
  const attribute = named(types.group.schema.attributes, 'members')
  if (attribute === undefined) throw new Error('groups have members')
  return attribute
}

function showsMembers(session: ScimSession, projection: Projection, sent: ReadonlySet<string>): boolean {
  const attribute = membersAttribute(session)
  return (
    isWanted(projection, attribute) ||
    (projection.mode !== 'only' && attribute.returned === 'request' && sent.has('members'))
  )
}

/** Groups of a page; members are read only where they are shown. */
export async function loadGroups(
  session: ScimSession,
  rows: readonly PageRow[],
  projection: Projection,
): Promise<ScimObject[]> {
  const { ctx } = session
  const stored = await readStoredGroups(
    ctx,
    rows.map(({ id }) => id),
  )
  const byId = new Map(stored.map((one) => [one.group.id, one]))
  const ordered = rows.map(({ id }) => byId.get(id)).filter((one) => one !== undefined)
  const members = await membersOf(session, ordered, projection)
  return ordered.map((one) => withMembers(session, one, members.get(one.group.id), projection))
}

async function membersOf(
  session: ScimSession,
  groups: readonly StoredGroup[],
  projection: Projection,
): Promise<Map<string, ScimObject[]>> {
  const found = new Map<string, ScimObject[]>()
  if (!showsMembers(session, projection, new Set())) return found
  const { ctx, base } = session
  const shape = elementProjector(projection, membersAttribute(session))
  for await (const batch of readMembers(
    ctx.db,
    ctx.tenantId,
    groups.map(({ group }) => group.id),
    ctx.now,
  )) {
    for (const { groupId, member } of batch) {
      const list = found.get(groupId) ?? []
      list.push(shape(memberEntry(member, base)))
      found.set(groupId, list)
    }
  }
  return found
}

function withMembers(
  { types, base }: ScimSession,
  stored: StoredGroup,
  members: readonly ScimObject[] | undefined,
  projection: Projection,
): ScimObject {
  const shown = project(toGroupResource(stored, base), types.group, projection)
  if (members !== undefined && members.length > 0) shown['members'] = members
  return shown
}

/** One group as JSON: text, or a stream where the list of members is long. */
export async function presentGroup(
  session: ScimSession,
  stored: StoredGroup,
  projection: Projection,
  sent: ReadonlySet<string> = new Set(),
): Promise<string | Readable> {
  const shown = project(toGroupResource(stored, session.base), session.types.group, projection)
  if (!showsMembers(session, projection, sent)) return JSON.stringify(shown)
  const pieces = groupPieces(session, stored, shown, projection)
  if (stored.group.memberCount >= streamedMembersMin) return Readable.from(pieces, { objectMode: false })
  let text = ''
  for await (const piece of pieces) text += piece
  return text
}

async function* groupPieces(
  session: ScimSession,
  { group }: StoredGroup,
  shown: ScimObject,
  projection: Projection,
): AsyncGenerator<string> {
  const { ctx, base } = session
  const shape = elementProjector(projection, membersAttribute(session))
  yield JSON.stringify(shown).slice(0, -1)
  let isFirst = true
  for await (const batch of readMembers(ctx.db, ctx.tenantId, [group.id], ctx.now)) {
    if (batch.length === 0) continue
    const entries = batch.map(({ member }) => JSON.stringify(shape(memberEntry(member, base)))).join(',')
    yield `${isFirst ? ',"members":[' : ','}${entries}`
    isFirst = false
  }
  yield isFirst ? '}' : ']}'
}
