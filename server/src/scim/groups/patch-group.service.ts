import { readPath, type Selector } from '../patch/path.ts'
import { applyOperation } from '../patch/apply.ts'
import { readOperations, type Operation } from '../patch/read-operations.ts'
import { ownMembers, readValue, type Reading } from '../read-value.ts'
import { named } from '../schemas/registry.ts'
import type { Preconditions } from '../preconditions.ts'
import { invalidPath, invalidValue, notMutable } from '../scim-error.ts'
import { readingOf, requireWriteAccess, type ScimSession } from '../scim-session.ts'
import { copyOf, elementsOf, isObject, type ScimObject } from '../scim-value.ts'
import { addGroupMembers, removeGroupMembers, replaceGroupMembers } from './scim-members.service.ts'
import type { Member, StoredGroup } from './group-resource.ts'
import { memberEntry } from './group-resource.ts'
import { toReference, type MemberReference } from './member-references.ts'
import { readMembers } from './scim-groups.queries.ts'
import { changeGroup, requireGroupRules, writeGroup, type HeldGroup } from './scim-groups.service.ts'

/** An operation on members: rows are touched, the list itself is never loaded. */
type MemberStep =
  | { readonly kind: 'add' | 'replace'; readonly members: readonly MemberReference[] }
  | { readonly kind: 'remove'; readonly ids: readonly string[] }
  | { readonly kind: 'removeAll' }
  | { readonly kind: 'removeMatching'; readonly selector: Selector }

type Step = { readonly kind: 'own'; readonly operation: Operation } | MemberStep

/**
 * Applies a PATCH to a group. Each membership named is one row; the others are neither read nor written.
 *
 * @throws ScimError 400 · 404 · 409 · 412
 * @source contract/scim.md 5.17; K6, K7, K12, K14, K16, K20
 */
export async function patchScimGroup(
  session: ScimSession,
  id: string,
  body: unknown,
  preconditions: Preconditions,
): Promise<StoredGroup> {
  requireWriteAccess(session)
  const steps = together(readOperations(body, session.rules).flatMap((operation) => toSteps(operation, session)))
  const named = new Set(
    steps.flatMap((step) => ('members' in step ? step.members.map(({ id }) => id) : 'ids' in step ? step.ids : [])),
  )
  const concerned = steps.some(concernsAll)
    ? async (present: () => Promise<ReadonlySet<string>>) => named.union(await present())
    : async () => named
  return changeGroup(session, id, { preconditions, concerned }, async (held) => {
    const next = copyOf(held.resource)
    for (const step of steps) {
      if (step.kind === 'own')
        applyOperation(next, step.operation, { type: session.types.group, reading: readingOf(session, true) })
      else await applyToMembers(session, held, step)
    }
    requireGroupRules(next)
    await writeGroup(session, held, next)
  })
}

/** Whether whoever is in the group may have to leave it. */
function concernsAll({ kind }: Step): boolean {
  return kind === 'replace' || kind === 'removeAll' || kind === 'removeMatching'
}

/** Okta sends 256 memberships as so many operations: neighbours of one kind are one step, of a few statements. */
function together(steps: readonly Step[]): Step[] {
  const joined: Step[] = []
  for (const step of steps) {
    const last = joined.at(-1)
    if (step.kind === 'add' && last?.kind === 'add')
      joined[joined.length - 1] = { kind: 'add', members: [...last.members, ...step.members] }
    else if (step.kind === 'remove' && last?.kind === 'remove')
      joined[joined.length - 1] = { kind: 'remove', ids: [...last.ids, ...step.ids] }
    else joined.push(step)
  }
  return joined
}

async function applyToMembers(
  session: ScimSession,
  { ctx, stored: { group } }: HeldGroup,
  step: MemberStep,
): Promise<void> {
  switch (step.kind) {
    case 'add':
      return addGroupMembers(ctx, session, group.id, step.members)
    case 'replace':
      return replaceGroupMembers(ctx, session, group.id, step.members)
    case 'remove':
      return removeGroupMembers(ctx, session, group.id, step.ids)
    case 'removeAll':
      return replaceGroupMembers(ctx, session, group.id, [])
    case 'removeMatching': {
      const ids: string[] = []
      for await (const batch of readMembers(ctx.db, ctx.tenantId, [group.id], ctx.now))
        for (const { member } of batch) if (step.selector.matches(asElement(member, session))) ids.push(member.id)
      return removeGroupMembers(ctx, session, group.id, ids)
    }
  }
}

function asElement(member: Member, { base }: ScimSession): ScimObject {
  return memberEntry(member, base)
}

/** Splits what concerns members from the rest; a value without path may hold both (Okta). */
function toSteps(operation: Operation, session: ScimSession): Step[] {
  const { op, path, value } = operation
  if (path !== undefined) {
    const target = isMembersPath(path) ? readPath(path, session.types.group) : undefined
    if (target === undefined || target === 'extension') return [{ kind: 'own', operation }]
    if (target.sub !== undefined) throw notMutable('A membership does not change; remove it and add another.')
    if (target.selects === undefined) return [memberStep(op, value, readingOf(session, true), session)]
    if (op !== 'remove') throw invalidPath('Members are added with the path members, without a filter.')
    const id = target.selects.asked
    // By far the most frequent form: one member by its id.
    if (id !== undefined && Object.keys(id).length === 1 && typeof id['value'] === 'string')
      return [{ kind: 'remove', ids: [id['value']] }]
    return [{ kind: 'removeMatching', selector: target.selects }]
  }
  if (!isObject(value)) throw invalidValue('Without a path the value takes an object of attributes.')
  const members = ownMembers(value, 'value')
  const listed = members.find(([name]) => isMembersPath(name))
  if (listed === undefined) return [{ kind: 'own', operation }]
  const rest = members.filter(([name]) => !isMembersPath(name))
  const step = memberStep(op, listed[1], readingOf(session, true), session)
  return rest.length === 0
    ? [step]
    : [{ kind: 'own', operation: { ...operation, value: Object.fromEntries(rest) } }, step]
}

/** `members`, `members[…]`, and either under the URN of the schema. */
function isMembersPath(path: string): boolean {
  return /^(?:urn:[\w.:-]+:)?members(?:\[|\.|$)/i.test(path.trim())
}

function memberStep(op: Operation['op'], value: unknown, reading: Reading, { types }: ScimSession): MemberStep {
  const attribute = named(types.group.schema.attributes, 'members')
  if (attribute === undefined) throw new Error('groups have members')
  const isNothing = value === undefined || value === null
  if (op === 'remove' && isNothing) return { kind: 'removeAll' }
  const references = elementsOf(readValue(attribute, value, 'members', reading)).map(toReference)
  if (op === 'remove') return { kind: 'remove', ids: references.map(({ id }) => id) }
  return { kind: op, members: references }
}
